"""What the runs of `benchmarks.cifar10` come to: one outcome each, and the table over draws."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from benchmarks.measure import Figure
from evaluators import PHOTO_TEMPLATE
from prompt_search.report.result import Result, Row
from prompt_search.report.statistics import Mean, paired_p

__all__ = ["Outcome", "figures", "markdown"]

Value = TypeVar("Value")

SEARCHED_PLACEBO = "placebo: random words, searched"
"""How the row of the placebo begins that was searched for as the winner was."""


@dataclass(frozen=True)
class Outcome:
    """One run. Shares are in percent, differences in points, all on the test split.

    Attributes:
        strategy: what was searched with, as the table calls it.
        shots: images per class to search with, and as many to select with.
        draw: the run's seed.
        top1: the winner's.
        photo: that of "a photo of a {}.".
        placebo: that of random words searched for in the same way, if the run had such a row.
        calls: of the language model.
    """

    strategy: str
    shots: int
    draw: int
    top1: float
    photo: float
    placebo: float | None
    calls: int

    @classmethod
    def of(cls, result: Result, strategy: str, shots: int, draw: int) -> "Outcome":
        """The figures of a finished run."""
        placebo = next((row for row in result.rows if row.name.startswith(SEARCHED_PLACEBO)), None)
        percent = [None if row is None else 100 * row.test.top1 for row in (result.winner, _photo(result), placebo)]
        top1, photo, searched = percent
        assert top1 is not None
        assert photo is not None
        return cls(strategy, shots, draw, top1, photo, searched, result.cost.llm_calls)

    @property
    def gain(self) -> float:
        """Points over "a photo of a {}."."""
        return self.top1 - self.photo

    @property
    def words(self) -> float | None:
        """The words' own share of the gain: points over random words that were searched for in the same way."""
        return None if self.placebo is None else self.top1 - self.placebo


def _photo(result: Result) -> Row:
    """The row of "a photo of a {}.", which may be the winner itself."""
    return next(row for row in result.rows if row.role in ("winner", "baseline") and _is_photo(row))


def _is_photo(row: Row) -> bool:
    prompts = row.candidate.compiled()
    return prompts.shared_only and prompts.templates == (PHOTO_TEMPLATE,)


def markdown(outcomes: Sequence[Outcome], llm: str) -> str:
    """The table: a row of gains for every strategy, one of the words' own share where there is one, one of calls.

    Below it, the first strategy against each other on the same draws.
    """
    shots, strategies = _seen(o.shots for o in outcomes), _seen(o.strategy for o in outcomes)
    photo, draws = Mean.of([o.photo for o in outcomes]), _seen(o.draw for o in outcomes)
    lines = [
        f'Gain in points over "a photo of a {{}}." ({photo.value:.2f} %), mean of {len(draws)} draws ± standard error; '
        f"language model: {llm}.",
        "",
        "| search + select images a class | " + " | ".join(f"{n}+{n}" for n in shots) + " |",
        "|---" * (len(shots) + 1) + "|",
    ]
    for strategy in strategies:
        cells = [[o for o in outcomes if (o.strategy, o.shots) == (strategy, n)] for n in shots]
        lines.append(_line(f"**{strategy}**", [_mean(o.gain for o in cell) for cell in cells]))
        lines.append(_line("the words' own share", [_mean(o.words for o in cell) for cell in cells]))
        lines.append(_line("language model calls", [_calls(cell) for cell in cells]))
    return "\n".join([*lines, "", *_comparisons(outcomes, strategies, shots)]).rstrip()


def _seen(values: Iterable[Value]) -> list[Value]:
    return list(dict.fromkeys(values))


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _mean(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return str(Mean.of(known)) if known else "not measured"


def _calls(cell: Sequence[Outcome]) -> str:
    return f"{Mean.of([o.calls for o in cell]).value:.0f}" if cell else "not measured"


def _comparisons(outcomes: Sequence[Outcome], strategies: Sequence[str], shots: Sequence[int]) -> list[str]:
    """The first strategy minus each other, draw by draw."""
    lines = []
    for n, other in product(shots, strategies[1:]):
        found = {name: {o.draw: o.top1 for o in outcomes if (o.strategy, o.shots) == (name, n)} for name in strategies}
        first, second = found[strategies[0]], found[other]
        differences = [first[draw] - second[draw] for draw in first if draw in second]
        if differences:
            p = paired_p(differences)
            tested = "" if p is None else f", paired t test over {len(differences)} draws: p = {p:.4f}"
            lines.append(f"- {n}+{n}: {strategies[0]} minus {other}: {Mean.of(differences)}{tested}")
    return lines


def figures(outcomes: Sequence[Outcome], llm: str) -> list[Figure]:
    """The table's gains and shares as figures of `python -m benchmarks`."""
    found = []
    for strategy, n in _seen((o.strategy, o.shots) for o in outcomes):
        cell = [o for o in outcomes if (o.strategy, o.shots) == (strategy, n)]
        kinds = {
            'gain over "a photo of a {}."': [o.gain for o in cell],
            "the words' own share": [o.words for o in cell if o.words is not None],
        }
        for kind, values in kinds.items():
            if values:
                mean = Mean.of(values)
                note = f"mean of {mean.n} draws" + ("" if mean.error is None else f", standard error {mean.error:.2f}")
                claim = f"{n} + {n} images a class, all CIFAR-10 test images, mini-clip"
                found.append(Figure(f"cifar10: {strategy}, {llm}, {n}+{n}: {kind}", claim, mean.value, "points",
                                    note=note))  # fmt: skip
    return found
