"""The `Search` a strategy is given: every question it puts goes through the journal."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from evaluators import Fitness, PromptSet, Score
from optimizers import Archive, LanguageModel, Reply, Request, Sample, Scored, Task
from prompt_search.errors import BudgetReached, RunMismatch
from prompt_search.run.budget import Budget
from prompt_search.run.journal import Event, Journal
from prompt_search.run.progress import Observer, Status
from prompt_search.run.split_evaluators import SplitEvaluators

__all__ = ["JournaledSearch"]

REFUSED = Reply("", finish="budget")


class JournaledSearch:
    """Implements `optimizers.Search` over a language model, an evaluator and a journal.

    Args:
        evaluators: only the search split is used, and only when something has no record.
        model: the language model, or `None` where a replay must not ask.
        on_best: told of every new best candidate.
    """

    def __init__(
        self,
        task: Task,
        *,
        journal: Journal,
        evaluators: SplitEvaluators,
        model: LanguageModel | None,
        fitness: Fitness,
        seed: int,
        budget: Budget,
        observer: Observer,
        on_best: Callable[[Scored], None],
    ) -> None:
        self.task = task
        self.archive = Archive()
        self.rng = random.Random(seed)
        self.status = Status()
        self._journal, self._evaluators, self._model = journal, evaluators, model
        self._fitness, self._seed, self._budget = fitness, seed, budget
        self._observer, self._on_best = observer, on_best
        self._occurrences: Counter[Request] = Counter()
        self._recorded_replies = _recorded_replies(journal.recorded)
        self._best: Scored | None = None
        self._told: Scored | None = None
        self.notes: list[str] = []
        self.refused: str | None = None
        """Set when a budget kept part of a question from being asked."""

    def begin(self, strategy: str, index: int) -> None:
        """Start the next strategy of the run: a fresh seeded `rng`, one archive."""
        self.rng = random.Random(f"{self._seed}/{index}/{strategy}")
        self.enter_phase(strategy)

    def enter_phase(self, phase: str) -> None:
        """Tell the observer what comes next."""
        self.status.phase = phase
        self._observer.update(self.status)

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """See `optimizers.Search.ask`."""
        if not requests:
            return []
        samples = self._samples(requests)
        key = _digest([sample.key for sample in samples])
        if self._journal.upcoming == "budget" or not self._affordable(samples):
            limit = self._journal.event("budget", key, lambda: {"max_calls": self._budget.max_calls})["max_calls"]
            raise BudgetReached(f"the limit of {limit} language model calls is reached")
        recorded = self._journal.event("ask", key, lambda: self._ask_live(requests, samples))
        replies = [Reply(**reply) for reply in recorded["replies"]]
        self._count(replies)
        if recorded["refused"]:
            self.refused = f"the limit of {recorded['max_calls']} language model calls is reached"
        return replies

    def score(self, candidates: Sequence[PromptSet]) -> list[Scored]:
        """See `optimizers.Search.score`."""
        new = list({c.fingerprint: c for c in candidates if self.archive.find(c) is None}.values())
        if new:
            key = _digest([candidate.fingerprint for candidate in new])
            recorded = self._journal.event("score", key, lambda: self._score_live(new))
            for candidate, score in zip(new, recorded["scores"], strict=True):
                self._enter(candidate, Score.from_json(score))
            self._hand_over_best()
        entries = [self.archive.find(candidate) for candidate in candidates]
        self._observer.update(self.status)
        return [entry for entry in entries if entry is not None]

    def top_classes(self, candidate: PromptSet, k: int) -> tuple[tuple[int, ...], ...]:
        """See `optimizers.Search.top_classes`."""
        recorded = self._journal.event(
            "top classes",
            _digest([candidate.fingerprint, k]),
            lambda: {"classes": self._evaluators.search.top_classes(candidate, k).tolist()},
        )
        return tuple(map(tuple, recorded["classes"]))

    def class_clusters(self, candidate: PromptSet, k: int) -> tuple[int, ...]:
        """See `optimizers.Search.class_clusters`."""
        recorded = self._journal.event(
            "class clusters",
            _digest([candidate.fingerprint, k]),
            lambda: {"clusters": self._evaluators.search.class_clusters(candidate, k)},
        )
        return tuple(recorded["clusters"])

    def captions(self) -> tuple[str, ...]:
        """See `optimizers.Search.captions`."""
        return ()

    def log(self, message: str) -> None:
        """See `optimizers.Search.log`."""
        self._journal.event("log", _digest(message), lambda: {"message": message})
        self.notes.append(message)

    def _samples(self, requests: Sequence[Request]) -> list[Sample]:
        samples = []
        for request in requests:
            samples.append(Sample(request, self._seed, self._occurrences[request]))
            self._occurrences[request] += 1
        return samples

    def _affordable(self, samples: Sequence[Sample]) -> int:
        return self._budget.affordable(len(samples), self.status.llm_calls) if not self._journal.replaying else 1

    def _ask_live(self, requests: Sequence[Request], samples: list[Sample]) -> Event:
        allowed = samples[: self._affordable(samples)]
        replies: dict[int, Reply] = {
            i: self._recorded_replies[sample.key]
            for i, sample in enumerate(allowed)
            if sample.key in self._recorded_replies
        }
        open_ = [i for i in range(len(allowed)) if i not in replies]
        base = self.status.llm_calls
        self.status.llm_planned = base + len(allowed)

        def on_reply(position: int, reply: Reply) -> None:
            replies[open_[position]] = reply
            self.status.cache_hits += reply.cached
            self.status.llm_calls = base + len(replies)
            self._observer.update(self.status)

        if open_:
            if self._model is None:
                raise RunMismatch("the replay comes to a question that the journal has no reply to")
            self._model.complete([allowed[i] for i in open_], on_reply)
        self.status.llm_calls = base
        answered = [replies[i] for i in range(len(allowed))] + [REFUSED] * (len(samples) - len(allowed))
        return {
            "refused": len(samples) - len(allowed),
            "max_calls": self._budget.max_calls,
            "samples": [s.key for s in samples],
            "requests": _distinct(requests),
            "replies": [_recorded_form(reply) for reply in answered],
        }

    def _count(self, replies: Sequence[Reply]) -> None:
        made = [reply for reply in replies if reply.finish != "budget"]
        self.status.llm_calls += len(made)
        self.status.prompt_tokens += sum(reply.prompt_tokens for reply in made)
        self.status.completion_tokens += sum(reply.completion_tokens for reply in made)
        self._observer.update(self.status)

    def _score_live(self, new: list[PromptSet]) -> Event:
        scores = self._evaluators.search.score(new)
        return {
            "candidates": [{k: v for k, v in c.to_json().items() if k != "classes"} for c in new],
            "scores": [score.to_json() for score in scores],
        }

    def _hand_over_best(self) -> None:
        """Tell of a new best, but not of those of the past: what is on disk may be better."""
        if self._best is not None and self._best is not self._told and not self._journal.replaying:
            self._on_best(self._best)
            self._told = self._best

    def _enter(self, candidate: PromptSet, score: Score) -> None:
        entry = self.archive.add(candidate, score, round(self._fitness(score), 6))  # a tie is a tie, to the last bit
        self.status.candidates = len(self.archive)
        if self._best is None or entry.rank_key < self._best.rank_key:
            self._best = entry
            self.status.best_fitness, self.status.best_top1 = entry.fitness, entry.score.top1


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]


def _distinct(requests: Sequence[Request]) -> list[dict[str, Any]]:
    """Each different request once, in order, with how often it was made."""
    counts = Counter(requests)
    return [request.to_json() | {"times": times} for request, times in counts.items()]


def _recorded_form(reply: Reply) -> dict[str, Any]:
    """A reply for the journal: what depends on the cache stays out, so that two runs record the same."""
    return {name: value for name, value in asdict(reply).items() if name != "cached"}


def _recorded_replies(events: Sequence[Event]) -> dict[str, Reply]:
    """Every usable reply of a journal by sample, void or not: none of them is asked for again."""
    return {
        key: Reply(**reply)
        for event in events
        if event["event"] == "ask"
        for key, reply in zip(event["samples"], event["replies"], strict=True)
        if reply["finish"] not in ("budget", "error")
    }
