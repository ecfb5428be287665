"""The end of a run: the winner is chosen on the select split, then the sealed test split is read, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators import Candidate, Evaluator, Fitness, PairwisePrompts, PromptSet, Score
from optimizers import Scored
from prompt_search.result import Role, Row
from prompt_search.run.journal import Event, Journal
from prompt_search.run.split_evaluators import SplitEvaluators
from prompt_search.statistics import PairedCounts

__all__ = ["Contender", "choose_winner", "prove"]

COMPILED = "the winner, compiled"
"""How the compiled form of a pairwise winner is called in the table."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A candidate that may win.

    Attributes:
        name: how it is called in the table.
        found_by: the strategy that handed it over, `start`, or `baseline`.
        searched: its entry of the search split.
        select: its score on the select split, once that is read.
    """

    name: str
    found_by: str
    searched: Scored
    select: Score | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A set beside the winner, with its scores on the splits that are read already."""

    name: str
    role: Role
    candidate: Candidate
    search: Score
    select: Score


def choose_winner(
    contenders: Sequence[Contender], evaluators: SplitEvaluators, fitness: Fitness, journal: Journal
) -> tuple[Contender, list[Contender]]:
    """Score all contenders on select and take the fittest there; ties go to lower fitted cross-entropy, fewer texts,
    order.

    Returns the winner, and the others, all with their select scores.
    """
    key = ", ".join(contender.searched.candidate.fingerprint[:8] for contender in contenders)
    recorded = journal.event(
        "select", key, lambda: _scores(evaluators.select, [c.searched.candidate for c in contenders])
    )
    scores = map(Score.from_json, recorded["scores"])
    scored = [Contender(c.name, c.found_by, c.searched, select) for c, select in zip(contenders, scores, strict=True)]

    def rank(contender: Contender) -> tuple[float, float, int, int]:
        select, searched = contender.select, contender.searched
        assert select is not None
        return (-round(fitness(select), 6), select.fitted_cross_entropy, searched.candidate.n_texts, searched.order)

    winner = min(scored, key=rank)
    journal.event("winner", winner.searched.candidate.fingerprint, lambda: {"name": winner.name})
    return winner, [contender for contender in scored if contender is not winner]


def prove(
    winner: Contender,
    others: Sequence[Contender],
    placebos: Mapping[str, PromptSet],
    evaluators: SplitEvaluators,
    journal: Journal,
) -> tuple[list[Row], int, float | None]:
    """Read the test split: the winner's row, then those of the baselines and placebos; and how often it was read.

    A pairwise winner has its compiled form beside it, and the share of test images that fell back to its base.
    """
    beside = [_compared(c) for c in others if c.found_by == "baseline"]
    best = winner.searched.candidate
    compiled = {COMPILED: best.compiled()} if isinstance(best, PairwisePrompts) else {}
    beside += _score_placebos(winner, compiled | dict(placebos), evaluators, journal)
    earlier = sum(event["event"] == "test" for event in journal.recorded)
    recorded = journal.event(
        "test", best.fingerprint, lambda: _read_test(best, [c.candidate for c in beside], evaluators.test, earlier + 1)
    )
    scores = [Score.from_json(score) for score in recorded["scores"]]
    assert winner.select is not None
    name = winner.name if winner.found_by == "baseline" else f"winner ({winner.found_by})"
    rows = [Row(name, "winner", best, winner.searched.score, winner.select, scores[0], None)]
    for other, score, mine, theirs in zip(
        beside, scores[1:], recorded["only_winner"], recorded["only_other"], strict=True
    ):
        paired = PairedCounts(score.n, mine, theirs)
        rows.append(Row(other.name, other.role, other.candidate, other.search, other.select, score, paired))
    return rows, int(recorded["read"]), recorded.get("fallback")


def _compared(contender: Contender) -> Compared:
    assert contender.select is not None
    searched = contender.searched
    return Compared(contender.name, "baseline", searched.candidate, searched.score, contender.select)


def _score_placebos(
    winner: Contender, placebos: Mapping[str, PromptSet], evaluators: SplitEvaluators, journal: Journal
) -> list[Compared]:
    """Placebos, and the compiled form of a pairwise winner, come after the choice, so they can't win."""
    sets = list(placebos.values())

    def score() -> Event:
        return {"search": _scores(evaluators.search, sets), "select": _scores(evaluators.select, sets)}

    recorded = journal.event("placebos", winner.searched.candidate.fingerprint, score)
    search, select = (map(Score.from_json, recorded[split]["scores"]) for split in ("search", "select"))
    return [
        Compared(name, "compiled" if name == COMPILED else "placebo", candidate, on_search, on_select)
        for (name, candidate), on_search, on_select in zip(placebos.items(), search, select, strict=True)
    ]


def _read_test(best: Candidate, others: Sequence[Candidate], test: Evaluator, read: int) -> Event:
    """Scores of all, and image by image how often only the winner is right and how often only the other."""
    winner_right = test.label_ranks(best) == 0
    rights = [test.label_ranks(other) == 0 for other in others]
    fallback = {"fallback": round(test.fallback_share(best), 6)} if isinstance(best, PairwisePrompts) else {}
    return {
        "read": read,
        **fallback,
        **_scores(test, [best, *others]),
        "only_winner": [int(np.sum(winner_right & ~right)) for right in rights],
        "only_other": [int(np.sum(~winner_right & right)) for right in rights],
    }


def _scores(evaluator: Evaluator, candidates: Sequence[Candidate]) -> dict[str, Any]:
    return {"scores": [score.to_json() for score in evaluator.score(candidates)]}
