"""What a run comes to."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from evaluators import PHOTO_TEMPLATE, Candidate, PairwisePrompts, PromptSet, Score
from prompt_search.errors import SettingsError
from prompt_search.installation import install_command
from prompt_search.report.certificate import Certificate
from prompt_search.report.statistics import (
    Luck,
    PairedCounts,
    exact_p,
    holm,
    images_to_show,
    paired_interval,
    shown_p,
    wilson_interval,
)

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = [
    "NO_WORDS",
    "PROBE",
    "RANDOM_WORDS",
    "YOURS",
    "Calibration",
    "Cost",
    "PhaseCost",
    "ReplyCounts",
    "Result",
    "Row",
    "Transfer",
    "compared_with",
]

Role = Literal["winner", "first form", "compiled", "baseline", "placebo", "adapter"]
YOURS = "yours: "
"""How the names of the user's own baselines begin."""

PROBE = "linear probe, from the winner"
"""How the probe that starts from the winner is called."""

NO_WORDS = "placebo: no words, searched"
"""How the selection from templates alone is called: what the images give without a language model."""

RANDOM_WORDS = "placebo: random words, searched"
"""How the placebo is called that tells what the words account for."""

PROVEN = 0.05
"""A difference is said to be proven if the exact test gives less, and its interval does not hold zero."""


class Compared(Protocol):
    """Prompts that the winner may be compared with."""

    @property
    def name(self) -> str:
        """How they are called."""
        ...

    @property
    def role(self) -> Role:
        """Only baselines are what one would use without a search."""
        ...

    @property
    def candidate(self) -> Candidate:
        """The prompts."""
        ...


Rival = TypeVar("Rival", bound=Compared)


def compared_with(rivals: Iterable[Rival]) -> Rival | None:
    """What one would use without a search: the user's own prompts where there are any, else "a photo of a {}."."""
    baselines = [each for each in rivals if each.role == "baseline"]
    own = [each for each in baselines if each.name.startswith(YOURS)]
    plain = [each for each in baselines if each.candidate.compiled().templates == (PHOTO_TEMPLATE,)]
    return next(iter([*own, *plain]), None)


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """What one phase of a run (a strategy) asked of the language model; `usd` is `None` without a known price."""

    phase: str
    llm_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the language model was asked for, replies from the cache included: equal for equal runs.

    What was really paid, retries included, is in the run folder's `ledger.jsonl`.
    """

    phases: tuple[PhaseCost, ...] = ()

    @property
    def llm_calls(self) -> int:
        """Replies."""
        return sum(phase.llm_calls for phase in self.phases)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts."""
        return sum(phase.prompt_tokens for phase in self.phases)

    @property
    def completion_tokens(self) -> int:
        """Tokens of all replies."""
        return sum(phase.completion_tokens for phase in self.phases)

    @property
    def usd(self) -> float | None:
        """Dollars at the list price, or `None` if a phase had no known price."""
        amounts = [phase.usd for phase in self.phases]
        return None if None in amounts else round(sum(amount for amount in amounts if amount is not None), 9)

    def to_json(self) -> dict[str, Any]:
        """Totals and phases as plain JSON values."""
        totals = {name: getattr(self, name) for name in ("llm_calls", "prompt_tokens", "completion_tokens", "usd")}
        return totals | {"phases": [asdict(phase) for phase in self.phases]}


@dataclass(frozen=True, slots=True)
class ReplyCounts:
    """What became of replies.

    Attributes:
        by_schema, by_json_mode, by_text: how the model was held to the form that was asked for, where one was: by the
            schema itself, to any JSON, not at all.
        filtered: withheld by the provider or refused by the model.
        failed: unusable for another reason, e.g. a prompt over the context length.
        shortened: asked with old turns left out, to fit the context.
        usable: what the strategy asked for could be read from them. Those of captions are not judged.
        cut: ended at their cap of tokens with nothing usable in them, and asked for again if the model thinks first.
        empty: ended by themselves without an answer.
        refused: withheld by the provider, or the model said that it will not.
        wrong_form: an answer in which nothing usable was found.
    """

    by_schema: int = 0
    by_json_mode: int = 0
    by_text: int = 0
    filtered: int = 0
    failed: int = 0
    shortened: int = 0
    usable: int = 0
    cut: int = 0
    empty: int = 0
    refused: int = 0
    wrong_form: int = 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """Top-1 on test of one set of templates: on the classes it was found with, and on others; in [0, 1]."""

    name: str
    base: float
    new: float

    @property
    def harmonic_mean(self) -> float:
        """Of the two; 0 if one is.

        >>> Transfer("winner", 0.6, 0.3).harmonic_mean
        0.4
        """
        total = self.base + self.new
        return round(2 * self.base * self.new / total, 6) if total else 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """How sure the winner is of its predictions on test, against how often it is right.

    Attributes:
        logit_scale: that fits the select images best (temperature scaling, Guo et al. 2017); `None` if none does.
        before: expected calibration error at the model's own scale, in [0, 1].
        after: at the fitted one.
    """

    logit_scale: float | None
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Row:
    """One set of prompts on the three splits.

    Attributes:
        candidate: the prompts; for an adapter those it begins from.
        search, select: `None` where a figure would flatter: what was made from both splits together. The select score
            of a winner that was selected on both is that of images left out in turn.
        against_winner: on the test images, how often only the winner is right, and how often only this one;
            `None` for the winner itself.
    """

    name: str
    role: Role
    candidate: Candidate
    search: Score | None
    select: Score | None
    test: Score
    against_winner: PairedCounts | None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the top-1 on test (Wilson), in [0, 1]."""
        return wilson_interval(self.test.correct, self.test.n)

    @property
    def gain_interval(self) -> tuple[float, float] | None:
        """95 % interval of winner minus this one in top-1 on test, from the paired images; in [-1, 1]."""
        return paired_interval(self.against_winner) if self.against_winner else None

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON values, intervals included; the prompts are elsewhere."""
        splits = {"search": self.search, "select": self.select, "test": self.test}
        figures: dict[str, Any] = {"name": self.name, "role": self.role}
        for split, score in splits.items():
            if score is None:
                figures[split] = None
                continue
            figures[split] = {
                "n": score.n,
                "top1": score.top1,
                "top1_interval_95": [round(x, 6) for x in wilson_interval(score.correct, score.n)],
                "mean_recall": score.mean_recall,
                "cross_entropy": score.cross_entropy,
                "fitted_cross_entropy": score.fitted_cross_entropy,
                "fitted_scale": score.fitted_scale,
            }
        if self.against_winner is not None:
            gain = self.winner_gain()
            figures["winner_minus_this"] = {
                "top1": gain,
                "interval_95": [round(x, 6) for x in self.gain_interval or ()],
                "p": round(exact_p(self.against_winner), 6),
            }
        return figures

    def winner_gain(self) -> float:
        """Winner minus this one in top-1 on test, in [-1, 1]; 0 for the winner itself."""
        counts = self.against_winner
        return round((counts.only_first - counts.only_second) / counts.n, 6) if counts else 0.0


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """A finished run; a notebook shows its first screen.

    Attributes:
        winner: the row chosen on the select split; a baseline if nothing found was better there.
        rows: the winner first, then baselines, the winner before it was selected again with the select images, for a
            pairwise winner its compiled form, placebos, and adapters.
        found_by: the strategy whose shortlist had the winner, or `baseline`.
        stopped_by: what ended the search early (a budget), or `None`.
        test_reads: how often the test split was read in this run folder; 1 unless the run was reopened.
        notes: what a person should know: skipped images, dropped replies, decisions.
        folder: where everything is.
        luck: what the best candidate of the search gains by chance alone.
        calibration: how sure the winner is.
        selected: whether the winner was selected from a library, so that its last selection can be made again.
        certificate: what the search and select images alone guarantee, if that was asked for and could be had.
        transfers: base-to-new runs: the winner and the baselines on classes the search knew nothing of; those made of
            templates only.
    """

    winner: Row
    rows: tuple[Row, ...]
    found_by: str
    stopped_by: str | None
    test_reads: int
    cost: Cost
    replies: ReplyCounts
    notes: tuple[str, ...]
    folder: Path
    transfers: tuple[Transfer, ...] = ()
    selected: bool = False
    luck: Luck | None = None
    calibration: Calibration | None = None
    certificate: Certificate | None = None

    @property
    def prompts(self) -> PromptSet:
        """The winning prompts; of pairwise ones the compiled form, which is what a plain classifier can hold."""
        return self.winner.candidate.compiled()

    @property
    def pairwise(self) -> PairwisePrompts | None:
        """The winner if it is pairwise: then its figures are those of both steps, not of `prompts`."""
        candidate = self.winner.candidate
        return candidate if isinstance(candidate, PairwisePrompts) else None

    @property
    def prompts_file(self) -> Path:
        """The prompt file."""
        return self.folder / "prompts.json"

    @property
    def report_file(self) -> Path:
        """The page to look at."""
        return self.folder / "report.html"

    @property
    def classifier_file(self) -> Path:
        """The winner as a `[D, C]` matrix for models that are used without this package."""
        return self.folder / "classifier.safetensors"

    def verdict(self) -> str:
        """One honest sentence: is the winner better than what one would use without a search?

        Compared with the user's own prompts where there are any, else with "a photo of a {}.".
        """
        if self.found_by == "baseline":
            return f"Nothing that was found beat {self.winner.name} on the select split; it stays.{self._better()}"
        row = self._rival()
        if row is None or row.gain_interval is None or row.against_winner is None:
            return f"There is no baseline to compare {self.winner.name} with."
        low, high = row.gain_interval
        p = exact_p(row.against_winner)
        kind = "no proven difference"
        if p < PROVEN and (low > 0 or high < 0):
            kind = "a proven gain" if low > 0 else "a proven loss"
        gain = f"{100 * row.winner_gain():+.1f} points, 95 % interval {100 * low:+.1f} to {100 * high:+.1f}"
        gain += f", {shown_p(p)}"
        again = f" (read {self.test_reads} times, which flatters it)" if self.test_reads > 1 else ""
        return f"On {row.test.n} unseen images{again} the winner against {row.name}: {gain}: {kind}.{self._better(row)}"

    def _rival(self) -> Row | None:
        """What one would use without a search."""
        return compared_with(self.rows)

    def _better(self, told: Row | None = None) -> str:
        """What has words (or is said to) and does better on the test images: it belongs into the first line."""
        others = [row for row in self.rows if row.role in ("baseline", "placebo") and row is not told]
        ahead = [row for row in others if row.winner_gain() < 0]
        if not ahead:
            return ""
        best = min(ahead, key=lambda row: row.winner_gain())
        return f" But better on these images, by {-100 * best.winner_gain():.1f} points: {best.name}."

    @property
    def refitted(self) -> bool:
        """Whether the winner was selected again with the select images."""
        return any(row.role == "first form" for row in self.rows)

    def remarks(self) -> tuple[str, ...]:
        """What the figures mean beyond the verdict: what the words account for, and what else these images could do."""
        found = {row.name: row for row in self.rows}
        said = []
        noise = found.get(RANDOM_WORDS) or found.get(NO_WORDS)
        if noise is not None:
            said.append(self._words_or_selection(noise))
        probe = found.get(PROBE)
        if probe is not None and (interval := probe.gain_interval) is not None and interval[1] < 0:
            low, high = interval
            unlike = "" if self.refitted else ", the second of which the winner was not made from"
            said.append(
                "If only accuracy on these classes counts: a linear probe from the winner, fitted on the search and "
                f"select images{unlike}, is {-100 * probe.winner_gain():.1f} points ahead of it, 95 % interval "
                f"{-100 * high:+.1f} to {-100 * low:+.1f}."
            )
        return (*said, *self._chance(), *self._sureness(), *self._certified())

    def corrected_p(self) -> dict[str, float]:
        """By baseline the p of the exact McNemar test against the winner on test, corrected for their number (Holm)."""
        rows = [row for row in self.rows if row.role == "baseline" and row.against_winner is not None]
        p = holm([exact_p(row.against_winner) for row in rows if row.against_winner is not None])
        return {row.name: round(each, 6) for row, each in zip(rows, p, strict=True)}

    def _chance(self) -> list[str]:
        """What luck and the number of images can do."""
        said = []
        corrected = self.corrected_p()
        if len(corrected) > 1:
            listed = ", ".join(f"{name} {shown_p(p)}" for name, p in corrected.items())
            said.append(f"Exact McNemar tests against each baseline, corrected for their number (Holm): {listed}.")
        if self.selected:
            said.append(
                "Luck: the winner was put together on these images from many texts, so it is not the best of a number "
                "of candidates. What such a selection gains from the images alone is what the searched placebos show."
            )
        elif self.luck is not None and self.luck.candidates > 1:
            said.append(
                f"Luck: were all {self.luck.candidates} candidates of the search equally good, the best would still "
                f"look {100 * self.luck.gain:.1f} points better than it is on its {self.luck.images} images. None of "
                "these is among the unseen ones."
            )
        rival = self._rival()
        if rival is not None and (counts := rival.against_winner) is not None:
            share = (counts.only_first + counts.only_second) / counts.n
            needed = images_to_show(0.01, share)
            said.append(
                f"To show a gain of one point takes about {_rounded_up(needed):,} unseen images (four times in five), "
                f"as the winner and {rival.name} differ on {100 * share:.0f} % of them; here are {counts.n:,}."
            )
        return said

    def _sureness(self) -> list[str]:
        """Whether the probabilities can be believed."""
        found = self.calibration
        if found is None or found.logit_scale is None:
            return []
        return [
            f"Sure or right? Its probabilities are off by {100 * found.before:.1f} points on average at the model's "
            f"own logit scale, by {100 * found.after:.1f} at {found.logit_scale:.3g}, which fits the select images; "
            "the classifier file has both."
        ]

    def _certified(self) -> list[str]:
        """What holds without a test image."""
        if self.certificate is None:
            return []
        test = self._compiled_test() if self.certificate.compiled else self.winner.test
        return [self.certificate.sentence(test.correct, test.n)]

    def _compiled_test(self) -> Score:
        return next((row.test for row in self.rows if row.role == "compiled"), self.winner.test)

    def _words_or_selection(self, noise: Row) -> str:
        """How far the winner is ahead of words that say nothing, selected on the same images."""
        low, high = noise.gain_interval or (0.0, 0.0)
        other = "as many random words" if noise.name == RANDOM_WORDS else "the general templates alone"
        gain = 100 * noise.winner_gain()
        ahead = f"{abs(gain):.1f} points {'behind' if gain < 0 else 'ahead'}"
        ahead += f", 95 % interval of the difference {100 * low:+.1f} to {100 * high:+.1f}"
        if not self.selected:
            return (
                f"Words or selection? Against {other}, put through a selection on the search images, the winner is "
                f"{ahead}. Its own search was another, so this is no measure of its words alone."
            )
        proof = "nothing is proven of its words"
        if low > 0 or high < 0:
            proof = "its words account for that much" if low > 0 else "its words do harm"
        searched = f"Against {other}, searched the same way on the same images, the winner is {ahead}"
        return f"Words or selection? {searched}: {proof}."

    def __repr__(self) -> str:
        from prompt_search.report.notebook import one_line

        return one_line(self)

    def _repr_html_(self) -> str:
        from prompt_search.report.notebook import first_screen

        return first_screen(self)

    def to_frame(self) -> "pandas.DataFrame":
        """Every candidate that was scored, in order, from the journal in the run folder.

        Columns: `calls` (replies by then), `fitness`, `top1` in [0, 1], `fitted_cross_entropy` in nats and
        `mean_recall` on the search images, `templates` (a tuple), `own_texts` (how many texts single classes have).

        Raises:
            RunMissing: if the journal is gone; `RunError`: if it is damaged.
        """
        from prompt_search.report.notebook import candidates

        return candidates(self)

    def plot(self) -> "Figure":
        """The winner against the others with 95 % intervals, and the search; a figure of matplotlib (`savefig`).

        Raises:
            SettingsError: if matplotlib is not installed.
            RunError: see `to_frame`.
        """
        try:
            from prompt_search.report.figure import ResultFigure
        except ImportError as error:
            raise SettingsError(f"a plot needs matplotlib: {install_command('plot')}") from error
        return ResultFigure(self)

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON values, without the folder: equal for equal runs."""
        certified = {} if self.certificate is None else {"certificate": self.certificate.to_json()}
        return {
            "verdict": self.verdict(),
            "remarks": list(self.remarks()),
            "refitted": self.refitted,
            "found_by": self.found_by,
            "stopped_by": self.stopped_by,
            "test_reads": self.test_reads,
            "rows": [row.to_json() for row in self.rows],
            "cost": self.cost.to_json(),
            "replies": asdict(self.replies),
            "notes": list(self.notes),
            "p_holm": self.corrected_p(),
            "luck": asdict(self.luck) | {"gain": round(self.luck.gain, 6)} if self.luck else None,
            "calibration": asdict(self.calibration) if self.calibration else None,
            "base_to_new": [asdict(each) | {"harmonic_mean": each.harmonic_mean} for each in self.transfers],
        } | certified


def _rounded_up(number: int) -> int:
    """To two digits.

    >>> _rounded_up(9411), _rounded_up(120)
    (9500, 120)
    """
    step = int(max(1, 10 ** (len(str(number)) - 2)))
    return -(-number // step) * step
