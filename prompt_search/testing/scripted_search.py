"""A `Search` without a language model, a run folder or a budget: replies from a script, scores from a function."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from evaluators import (
    DEFAULT_FITNESS,
    FITNESS_PRESETS,
    Candidate,
    Evaluator,
    Fitness,
    PromptSet,
    Score,
    Selected,
    SelectionSettings,
    TextLibrary,
)
from optimizers import Archive, Reply, Request, Scored, Task
from optimizers.search import Usable

__all__ = ["ScriptedSearch", "plain_score"]

Script = Sequence[str | Reply] | Callable[[Request], str | Reply]


def plain_score(top1: float, classes: int = 3, cross_entropy: float = 1.0) -> Score:
    """A score of which only the accuracy (and the cross-entropy, least at the model's own scale) matter."""
    return Score(
        n=100,
        top1=top1,
        top5=None,
        cross_entropy=cross_entropy,
        fitted_cross_entropy=cross_entropy,
        fitted_scale=100.0,
        margin=0.0,
        prediction_entropy=0.0,
        marginal_entropy=0.0,
        redundancy=0.0,
        recall=(top1,) * classes,
        class_cross_entropy=(cross_entropy,) * classes,
        confusions=(),
    )


class ScriptedSearch:
    """Implements `optimizers.Search` and remembers what it was asked.

    Args:
        task: the job.
        replies: one for each request, in order (empty ones after the last), or a function of the request.
        scorer: the score of a candidate (of whatever kind the strategy makes), or a real evaluator.
        seed: of `rng`.
        fitness: the objective.
        captions: what `captions` gives.
    """

    def __init__(
        self,
        task: Task,
        replies: Script = (),
        scorer: Callable[[Any], Score] | Evaluator = lambda _: plain_score(0.5),
        seed: int = 0,
        fitness: Fitness = FITNESS_PRESETS[DEFAULT_FITNESS],
        captions: Sequence[str] = (),
    ) -> None:
        self.task = task
        self.rng = random.Random(seed)
        self.archive = Archive()
        self.requests: list[Request] = []
        self.scored: list[Any] = []
        self.messages: list[str] = []
        self.libraries: list[TextLibrary] = []
        self._replies = replies
        self._scorer = scorer
        self._fitness = fitness
        self._captions = tuple(captions)

    @property
    def scored_alone(self) -> list[Any]:
        """Of what was scored the candidates with one template: those of a search, before its ensembles."""
        return [candidate for candidate in self.scored if len(candidate.templates) == 1]

    @property
    def questions(self) -> list[str]:
        """The last turn of every request."""
        return [request.messages[-1].content for request in self.requests]

    def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
        """See `Search.ask`; there is no budget."""
        return [self._answer(request) for request in requests]

    def score(self, candidates: Sequence[Candidate]) -> list[Scored]:
        """See `Search.score`; `scored` lists what was really computed."""
        return [self.archive.find(candidate) or self._enter(candidate) for candidate in candidates]

    def top_classes(self, candidate: Candidate, k: int) -> tuple[tuple[int, ...], ...]:
        """See `Search.top_classes`; a scorer that is a function says that every image is of the first k classes."""
        if isinstance(self._scorer, Evaluator):
            return tuple(tuple(map(int, row)) for row in self._scorer.top_classes(candidate, k))
        return (tuple(range(min(k, len(self.task.classes)))),) * self.task.n_search

    def class_cross_entropies(self, candidate: Candidate) -> tuple[float | None, ...]:
        """See `Search.class_cross_entropies`; of a scorer that is a function those in its score."""
        if isinstance(self._scorer, Evaluator):
            return self._scorer.class_cross_entropies(candidate)
        score = self._scorer(candidate)
        return score.class_cross_entropy or (score.cross_entropy,) * len(self.task.classes)

    def class_clusters(self, candidate: PromptSet, k: int) -> tuple[int, ...]:
        """See `Search.class_clusters`."""
        if isinstance(self._scorer, Evaluator):
            return self._scorer.class_clusters(candidate, k)
        return tuple(index % k for index in range(len(self.task.classes)))

    def choose_texts(self, library: TextLibrary, settings: SelectionSettings) -> Selected:
        """See `Search.choose_texts`; a scorer that is a function keeps the first text of every class."""
        self.libraries.append(library)
        if isinstance(self._scorer, Evaluator):
            return self._scorer.choose_texts(library, settings)
        return Selected(tuple((first,) for first in library.start), 1.0, ((1.0, 1 / len(self.libraries)),), 1.0)

    def captions(self) -> tuple[str, ...]:
        """See `Search.captions`."""
        return self._captions

    def log(self, message: str) -> None:
        """See `Search.log`."""
        self.messages.append(message)

    def _answer(self, request: Request) -> Reply:
        position = len(self.requests)
        self.requests.append(request)
        if callable(self._replies):
            reply = self._replies(request)
        else:
            reply = self._replies[position] if position < len(self._replies) else ""
        return reply if isinstance(reply, Reply) else Reply(reply)

    def _enter(self, candidate: Candidate) -> Scored:
        self.scored.append(candidate)
        score = self._scorer.score([candidate])[0] if isinstance(self._scorer, Evaluator) else self._scorer(candidate)
        return self.archive.add(candidate, score, self._fitness(score))
