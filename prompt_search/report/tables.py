"""The tables of a report: what a run folder tells, put together for a person."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators import Candidate, PairwisePrompts, Score
from evaluators.printable import counted
from prompt_search.prompt_files.prompts_json import PromptFile
from prompt_search.report.origins import Origin, Origins
from prompt_search.report.record import RunRecord, Step
from prompt_search.report.result import NO_WORDS, RANDOM_WORDS

__all__ = [
    "CandidateLine",
    "Matrix",
    "Prompts",
    "Recall",
    "Sources",
    "candidate_lines",
    "matrices_of",
    "pairs_of",
    "prompts_of",
    "provenance",
    "recalls_of",
    "settings_that_differ",
    "where_it_comes_from",
]

MOST_CANDIDATES = 100
MOST_TEXTS = 1000
"""Texts of classes shown; the prompt file has them all."""
MOST_IN_MATRIX = 12
"""Classes whose confusions are a matrix a person can read; of more there are the pairs that changed most."""
MOST_PAIRS = 20


@dataclass(frozen=True, slots=True)
class Sources:
    """Top-1 on test in percent, step by step: the baseline, other words selected the same way, the winner."""

    baseline: float
    noise: float
    winner: float
    noise_name: str
    words_low: float
    words_high: float

    @property
    def most(self) -> float:
        """The widest bar."""
        return max(self.baseline, self.noise, self.winner)


def where_it_comes_from(record: RunRecord) -> Sources | None:
    """The winner's way from the baseline, if a placebo was searched the same way."""
    if record.proof is None or record.compared is None:
        return None
    found = {row.name: row for row in record.proof.rows}
    noise = found.get(RANDOM_WORDS) or found.get(NO_WORDS)
    if noise is None or noise.low is None or noise.high is None:
        return None
    before, other, after = (100 * row.test.top1 for row in (record.compared, noise, record.proof.winner))
    return Sources(before, other, after, noise.name, 100 * noise.low, 100 * noise.high)


@dataclass(frozen=True, slots=True)
class Recall:
    """A class before and after, in percent; `before` is `None` where there is no baseline."""

    name: str
    before: float | None
    after: float

    @property
    def change(self) -> float:
        """In points."""
        return self.after - self.before if self.before is not None else 0.0


def recalls_of(record: RunRecord) -> list[Recall]:
    """All classes that have test images, sorted by change, the greatest gain first."""
    if record.proof is None:
        return []
    after = record.proof.winner.score.recall
    before = record.compared.score.recall if record.compared else (None,) * len(after)
    found = [
        Recall(label.name, None if old is None else 100 * old, 100 * new)
        for label, old, new in zip(record.classes, before, after, strict=True)
        if new is not None
    ]
    return sorted(found, key=lambda each: (-each.change, each.name))


@dataclass(frozen=True, slots=True)
class Matrix:
    """Confusions of few classes: rows are true, columns predicted; shares of a row, and images where they are known."""

    title: str
    rows: list[list[tuple[str, float]]]


def matrices_of(record: RunRecord) -> list[Matrix]:
    if record.proof is None or not 1 < len(record.classes) <= MOST_IN_MATRIX:
        return []
    sides = [("before", record.compared), ("after", record.proof.winner)]
    return [Matrix(f"{title}: {row.name}", _cells(row.score)) for title, row in sides if row is not None]


def _cells(score: Score) -> list[list[tuple[str, float]]]:
    classes = range(len(score.recall))
    wrong = {(label, predicted): n for label, predicted, n in score.confusions}
    rows = []
    for label in classes:
        recall, misses = score.recall[label], sum(wrong.get((label, other), 0) for other in classes)
        cells = []
        for other in classes:
            n = wrong.get((label, other), 0)
            if label == other:
                cells.append(("–" if recall is None else f"{100 * recall:.0f} %", recall or 0.0))
            else:
                share = n / misses * (1 - (recall or 0.0)) if n else 0.0
                cells.append((str(n) if n else "", share**0.6))  # few are to be seen, too
        rows.append(cells)
    return rows


def pairs_of(record: RunRecord) -> list[tuple[str, str, int | None, int]]:
    """Label, prediction, test images before and after: what changed most; without a baseline the most frequent."""
    if record.proof is None:
        return []
    after = {(label, other): n for label, other, n in record.proof.winner.score.confusions}
    names = [label.name for label in record.classes]
    if record.compared is None:
        most = sorted(after, key=lambda pair: (-after[pair], pair))[:MOST_PAIRS]
        return [(names[a], names[b], None, after[a, b]) for a, b in most]
    before = {(label, other): n for label, other, n in record.compared.score.confusions}
    found = sorted({*before, *after}, key=lambda pair: (-abs(after.get(pair, 0) - before.get(pair, 0)), pair))
    return [(names[a], names[b], before.get((a, b), 0), after.get((a, b), 0)) for a, b in found[:MOST_PAIRS]]


@dataclass(frozen=True, slots=True)
class TextLine:
    """A winning text: what is worth what, and where it comes from; `worth` is (nats, images) or `None`."""

    text: str
    origin: Origin
    worth: tuple[float, int] | None


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is handed over, or the best so far.

    Attributes:
        classes: name, number of all its texts, and its own texts.
        hidden: how many texts of classes are not shown.
        weighed: whether it is known what each is worth.
    """

    candidate: Candidate
    templates: list[TextLine]
    classes: list[tuple[str, int, list[TextLine]]]
    hidden: int
    weighed: bool

    @property
    def pairs(self) -> int | None:
        """How many pairs of classes pairwise prompts tell apart."""
        return len(self.candidate.pairs) if isinstance(self.candidate, PairwisePrompts) else None


def prompts_of(record: RunRecord) -> Prompts | None:
    if record.file is None or record.facts is None:
        return None
    prompts = record.file.prompts.compiled()
    given = {f"your prompts ({name})": _texts_of(each) for name, each in record.facts.baselines.items()}
    given |= {f"your prompts to start from ({i})": _texts_of(each) for i, each in enumerate(record.facts.start, 1)}
    origins = Origins(record.replies, given)
    worth = record.worth if record.proof and record.worth and record.worth.texts else None
    templates = [
        TextLine(text, origins.of_template(text), worth.templates[i] if worth else None)
        for i, text in enumerate(prompts.templates[:MOST_TEXTS])
    ]
    room, classes = MOST_TEXTS, []
    for index in _order(record):
        own, name = prompts.texts[index][:room], prompts.classes[index].name
        room -= len(own)
        told = [
            TextLine(text, origins.of_text(text, name), worth.texts[index][i] if worth else None)
            for i, text in enumerate(own)
        ]
        if told:
            classes.append((name, len(prompts.render(index)), told))
    hidden = sum(map(len, prompts.texts)) - sum(len(own) for _, _, own in classes)
    return Prompts(record.file.prompts, templates, classes, hidden, worth is not None)


def _order(record: RunRecord) -> list[int]:
    """Classes in their order, unless there are too many texts: then those first whose recall has changed most."""
    indices = list(range(len(record.classes)))
    assert record.file is not None
    if record.proof is None or record.compared is None:
        return indices
    if sum(map(len, record.file.prompts.compiled().texts)) <= MOST_TEXTS:
        return indices
    pairs = zip(record.compared.score.recall, record.proof.winner.score.recall, strict=True)
    change = [abs((new or 0.0) - (old or 0.0)) for old, new in pairs]
    return sorted(indices, key=lambda index: (-change[index], index))


def _texts_of(candidate: Candidate) -> list[str]:
    prompts = candidate.compiled()
    return [*prompts.templates, *(text for own in prompts.texts for text in own)]


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """A row of the table of candidates."""

    step: Step
    select: float | None
    won: bool

    @property
    def told(self) -> str:
        """What it is made of, with its first template."""
        templates, own = self.step.templates, self.step.own_texts
        parts = [counted(len(templates), "template")] if templates else []
        parts += [f"{counted(own, 'text')} of classes"] if own else []
        parts += [counted(self.step.pairs, "pair")] if self.step.pairs is not None else []
        first = f": {templates[0][:80]}" if templates else ""
        return " + ".join(parts) + first


def candidate_lines(record: RunRecord) -> list[CandidateLine]:
    won, found = record.winning_step, []
    for step in record.best[:MOST_CANDIDATES]:
        known = record.on_select.get(step.candidate(record.classes).fingerprint[:8]) if record.on_select else None
        found.append(CandidateLine(step, known.top1 if known else None, step is won))
    return found


def settings_that_differ(records: Sequence[RunRecord]) -> list[tuple[str, list[str]]]:
    """Those entries of the provenance in which the runs differ, run by run."""
    told = [dict(provenance(each.file)) if each.file else {} for each in records]
    names = dict.fromkeys(name for each in told for name in each)
    rows = [(name, [each.get(name, "–") for each in told]) for name in names if "fingerprint" not in name]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def provenance(file: PromptFile) -> list[tuple[str, str]]:
    """What a prompt file says of its model and its run: entries of nested objects by their paths, as texts."""
    return list(_entries({"model": dict(file.model), **file.run}, ""))


def _entries(value: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, part in value.items():
        path = f"{before}{name}".replace("_", " ")
        if isinstance(part, Mapping):
            yield from _entries(part, f"{path}: ")
        elif isinstance(part, list | tuple):
            yield path, ", ".join(_told(each) for each in part) or "–"
        else:
            yield path, "–" if part in (None, "") else f"{part:g}" if _is_float(part) else str(part)


def _told(part: object) -> str:
    """An entry of a list: a strategy with its settings, or a text."""
    if isinstance(part, list | tuple) and len(part) == 2 and isinstance(part[1], Mapping):
        settings = ", ".join(f"{name} {value}" for name, value in part[1].items())
        return f"{part[0]} ({settings})" if settings else str(part[0])
    return str(part)


def _is_float(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)
