"""The end of a run: the sealed test split is read, once, with what is compared there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evaluators import Candidate, Evaluator, PairwisePrompts, PromptSet, Score
from evaluators.heads.head import score_head
from evaluators.heads.linear_probe import Probe
from evaluators.heads.tip_adapter import TipAdapter
from optimizers import Archive
from prompt_search.report.result import Calibration, Role, Row
from prompt_search.report.statistics import Luck, PairedCounts
from prompt_search.run.journal.events import ChanceGauged, OnSplit, Placebos, SealedRead, TextsWeighed
from prompt_search.run.journal.journal import Journal
from prompt_search.run.outcome.choice import Contender
from prompt_search.run.outcome.split_evaluators import SplitEvaluators

__all__ = ["Finalist", "as_finalist", "gauge_chance", "prove", "score_placebos", "weigh_texts"]

MOST_COMPARED = 24
"""Candidates whose disagreement is measured, spread over the search."""

COMPILED = "the winner, compiled"
"""How the compiled form of a pairwise winner is called in the table."""


@dataclass(frozen=True, slots=True)
class Finalist:
    """A set that is read on test: the winner, or one beside it; without scores of splits that it was selected on."""

    name: str
    role: Role
    candidate: Candidate
    search: Score | None = None
    select: Score | None = None


def prove(
    winner: Contender,
    others: Sequence[Finalist],
    heads: Callable[[], Mapping[str, Probe | TipAdapter]],
    keep: Callable[[], None],
    evaluators: SplitEvaluators,
    journal: Journal,
) -> tuple[list[Row], SealedRead, Calibration]:
    """Read the test split: the winner's row, then those of the others and of the heads; what was read; and how sure the
    winner is.

    Args:
        others: what is compared with the winner, image by image.
        heads: makes classifiers of the images of the other splits; called only if there is no record.
        keep: writes down what is said of each image; called only if there is no record, and before there is one.
    """
    best = winner.searched.candidate
    earlier = sum(isinstance(record.event, SealedRead) for record in journal.recorded)

    def read() -> SealedRead:
        keep()
        evaluators.forget()
        made = heads()
        evaluators.forget()
        scales = (evaluators.test.logit_scale, _fitted(winner) or evaluators.test.logit_scale)
        return _read_test(best, [other.candidate for other in others], made, evaluators.test, earlier + 1, scales)

    recorded = journal.event(SealedRead, best.fingerprint, read)
    scores = recorded.scores
    journal.expect("scores", holds=len(scores) == 1 + len(others) + len(recorded.heads))
    name = winner.name if winner.found_by == "baseline" else f"winner ({winner.found_by})"
    rows = [Row(name, "winner", best, winner.searched.score, winner.select, scores[0], None)]
    beside = [*others, *(Finalist(head, "adapter", best) for head in recorded.heads)]
    for other, score, mine, theirs in zip(beside, scores[1:], recorded.only_winner, recorded.only_other, strict=True):
        paired = PairedCounts(score.n, mine, theirs)
        rows.append(Row(other.name, other.role, other.candidate, other.search, other.select, score, paired))
    return rows, recorded, Calibration(_fitted(winner), *recorded.calibration)


def _fitted(winner: Contender) -> float | None:
    """The logit scale that fits the select images best; for a winner selected on them, those left out in turn."""
    return (winner.select.fitted_scale or None) if winner.select else None


def gauge_chance(archive: Archive, evaluators: SplitEvaluators, journal: Journal) -> Luck:
    """How much the best candidate of the search gains by chance alone."""
    entries = list(archive)

    def live() -> ChanceGauged:
        step = -(-len(entries) // MOST_COMPARED)
        rights = [evaluators.search.label_ranks(entry.candidate) == 0 for entry in entries[::step]]
        pairs = [float(np.mean(a != b)) for a, b in combinations(rights, 2)]
        share = round(sum(pairs) / len(pairs), 6) if pairs else 0.0
        return ChanceGauged(candidates=len(entries), compared=len(rights), disagreement=share)

    recorded = journal.event(ChanceGauged, str(len(entries)), live)
    return Luck(recorded.candidates, entries[0].score.n, recorded.disagreement)


def as_finalist(contender: Contender, name: str | None = None, role: Role = "baseline") -> Finalist:
    """A contender that did not win, to be read beside the one that did."""
    searched = contender.searched
    return Finalist(name or contender.name, role, searched.candidate, searched.score, contender.select)


def weigh_texts(winner: Candidate, evaluators: SplitEvaluators, journal: Journal) -> None:
    """Record what each text of the winner is worth on the select split, for the report."""

    def live() -> TextsWeighed:
        found = evaluators.select.text_worth(winner) if isinstance(winner, PromptSet) else None
        return TextsWeighed(templates=found.templates if found else (), texts=found.texts if found else ())

    recorded = journal.event(TextsWeighed, winner.fingerprint, live)
    prompts = winner.compiled()
    told = [len(recorded.templates), *map(len, recorded.texts)]
    known = not recorded.texts or told == [len(prompts.templates), *map(len, prompts.texts)]
    journal.expect("texts", holds=known)


def score_placebos(
    winner: Contender, placebos: Mapping[str, PromptSet], evaluators: SplitEvaluators, journal: Journal
) -> list[Finalist]:
    """Placebos, and the compiled form of a pairwise winner, come after the choice, so they can't win."""
    best = winner.searched.candidate
    sets = ({COMPILED: best.compiled()} if isinstance(best, PairwisePrompts) else {}) | dict(placebos)

    def score() -> Placebos:
        some = list(sets.values())
        search, select = (tuple(each.score(some)) for each in (evaluators.search, evaluators.select))
        return Placebos(search=OnSplit(scores=search), select=OnSplit(scores=select))

    recorded = journal.event(Placebos, best.fingerprint, score)
    search, select = recorded.search.scores, recorded.select.scores
    journal.expect("search", holds=len(search) == len(sets))
    journal.expect("select", holds=len(select) == len(sets))
    return [
        Finalist(name, "compiled" if name == COMPILED else "placebo", candidate, on_search, on_select)
        for (name, candidate), on_search, on_select in zip(sets.items(), search, select, strict=True)
    ]


def _read_test(
    best: Candidate, others: Sequence[Candidate], heads: Mapping[str, Probe | TipAdapter], test: Evaluator, read: int,
    scales: tuple[float, float],
) -> SealedRead:  # fmt: skip
    """Scores of all, and image by image how often only the winner is right and how often only the other."""
    winner_right = test.label_ranks(best) == 0
    scores = test.score([best, *others])
    rights = [test.label_ranks(other) == 0 for other in others]
    for head in heads.values():
        scored = score_head(head, test.images, test.logit_scale)
        scores.append(scored.score)
        rights.append(scored.right)
    before, after = (round(error, 6) for error in test.calibration_errors(best, scales))
    return SealedRead(
        read=read,
        fallback=round(test.fallback_share(best), 6) if isinstance(best, PairwisePrompts) else None,
        scores=tuple(scores),
        heads=tuple(heads),
        only_winner=tuple(int(np.sum(winner_right & ~right)) for right in rights),
        only_other=tuple(int(np.sum(~winner_right & right)) for right in rights),
        calibration=(before, after),
    )
