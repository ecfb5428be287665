"""Every candidate ever scored in a run, in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from evaluators import Candidate, Score

__all__ = ["Archive", "Scored"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its score on the search split; `order` counts discoveries from 0."""

    candidate: Candidate
    score: Score
    fitness: float
    order: int

    @property
    def rank_key(self) -> tuple[float, float, int, int]:
        """Sorts the best first: fitness, lower fitted cross-entropy, fewer texts, earlier discovery."""
        return (-self.fitness, self.score.fitted_cross_entropy, self.candidate.n_texts, self.order)


class Archive:
    """Candidates by discovery, each once, whatever parts they were made from."""

    def __init__(self) -> None:
        self._entries: dict[str, Scored] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Scored]:
        return iter(self._entries.values())

    def add(self, candidate: Candidate, score: Score, fitness: float) -> Scored:
        """Enter a candidate; one that is here already keeps its first entry."""
        entry = Scored(candidate, score, fitness, order=len(self._entries))
        return self._entries.setdefault(candidate.fingerprint, entry)

    def find(self, candidate: Candidate) -> Scored | None:
        """The entry of a candidate with the same texts, if there is one."""
        return self._entries.get(candidate.fingerprint)

    def best(self, k: int = 8, since: int = 0) -> list[Scored]:
        """The k best of those discovered from number `since` on, best first; ties as in `Scored.rank_key`."""
        return sorted((e for e in self if e.order >= since), key=lambda entry: entry.rank_key)[:k]
