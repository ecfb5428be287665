"""The `Search` a strategy is given: every question it puts goes through the journal."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

from evaluators import Candidate, Fitness, PromptSet, Score, Selected, SelectionSettings, TextLibrary
from optimizers import Archive, Picture, Reply, Request, Sample, Scored, Task, Traffic
from optimizers.search import Usable
from prompt_search.errors import BudgetReached
from prompt_search.llm.api.batch_lines import custom_id
from prompt_search.llm.batch_log import BatchLog, BatchStep
from prompt_search.run.journal.captions import MOST_TOKENS, caption_samples, captions_in
from prompt_search.run.journal.event_lines import Record
from prompt_search.run.journal.events import (
    Asked,
    Batched,
    Captioned,
    ClassClusters,
    ClassCrossEntropies,
    Logged,
    PhaseBegun,
    Question,
    Replied,
    ScoredCandidates,
    Selection,
    Stopped,
    TopClasses,
    cut_sentence,
)
from prompt_search.run.journal.journal import Journal
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.run.journal.recorded_texts import RecordedTexts
from prompt_search.run.journal.tally import Tally
from prompt_search.run.journal.thinking_room import ThinkingRoom
from prompt_search.run.journal.usefulness import ENOUGH, Usefulness, outcome
from prompt_search.run.journal.waves import Judge, Waves, fruitless
from prompt_search.run.money.budget import Limit
from prompt_search.run.money.ledger import Ledger
from prompt_search.run.money.metered import MeteredModel
from prompt_search.run.outcome.last_selection import Recipe, within
from prompt_search.run.outcome.split_evaluators import SplitEvaluators
from prompt_search.run.progress import Observer, Status

__all__ = ["JournaledSearch"]


class JournaledSearch:
    """Implements `optimizers.Search` over a language model, an evaluator and a journal.

    Args:
        evaluators: only the search split is used, and only when something has no record.
        model: the language model, under its budget.
        on_best: told of every new best candidate.
        pictures: search images to be captioned, or `None` for no captions; called at most twice.
        thinking_tokens: room for thinking, see `ThinkingRoom`.
        max_useless: when to give up, see `Usefulness`.
        batching: names of strategies whose questions may go into a batch.
    """

    def __init__(
        self,
        task: Task,
        *,
        journal: Journal,
        evaluators: SplitEvaluators,
        model: MeteredModel,
        fitness: Fitness,
        seed: int,
        observer: Observer,
        on_best: Callable[[Scored], None],
        pictures: Callable[[], Sequence[Picture]] | None = None,
        thinking_tokens: int | None = None,
        max_useless: int = ENOUGH,
        batching: Collection[str] = (),
    ) -> None:
        self._batching, self._strategy = batching, ""
        self.task = task
        self.archive = Archive()
        self.rng = random.Random(seed)
        self.status = Status()
        self.journal, self.evaluators, self._model = journal, evaluators, model
        self._fitness, self._seed = fitness, seed
        self._observer, self._on_best = observer, on_best
        self._occurrences: Counter[Request] = Counter()
        self._recorded_replies = _recorded_replies(journal.recorded)
        self._texts = RecordedTexts(task.classes)
        self._pictures = pictures
        self._captions: tuple[str, ...] | None = None
        self.tally = Tally()
        self._best: Scored | None = None
        self._told: Scored | None = None
        self.notes: list[str] = []
        self.recipes: dict[str, Recipe | None] = {}
        """By the fingerprint of prompts that were selected from a library: how; `None` for plain ones as they are."""
        self._waves = Waves(ThinkingRoom(thinking_tokens), Usefulness(max_useless), self._tell)
        self._live = False
        self.refused: str | None = None
        """Set when a budget kept part of a question from being asked."""

    def begin(self, strategy: str, index: int) -> None:
        """Start the next strategy of the run: a fresh seeded `rng`, one archive."""
        self.journal.event(PhaseBegun, f"{index}", lambda: PhaseBegun(name=strategy))
        self._strategy = strategy
        self.rng = random.Random(f"{self._seed}/{index}/{strategy}")
        self.enter_phase(strategy)

    def enter_phase(self, phase: str) -> None:
        """Tell the observer what comes next."""
        self.status.phase = phase
        self._observer.update(self.status)

    def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
        """See `optimizers.Search.ask`.

        Raises:
            LanguageModelUseless: if nothing usable comes through.
        """
        replies = self._waves.ask(requests, usable, self._put)
        self.tally.judge(self._waves.usefulness.counts)
        return replies

    def check_usefulness(self) -> None:
        """Refuse to go on to a result if the language model was asked and not one reply was usable.

        Raises:
            LanguageModelUseless: unless the run is finished already.
        """
        if self._waves.usefulness.fruitless and not self.journal.replaying:
            raise fruitless(self._waves.usefulness)

    def _put(self, requests: Sequence[Request], judge: Judge) -> list[Reply]:
        """Put requests together; those that a limit keeps from being asked for come back with finish `budget`."""
        self._live = False
        samples = self._samples(requests)
        key = _digest([sample.key for sample in samples])
        batches = self._batch_log(key)
        if not batches.open:
            self._stop_if(key, lambda: self._model.refuses(samples[0], self.status.llm_calls), samples[0])
        recorded = self.journal.event(Asked, key, lambda: self._ask_live(requests, samples, judge, batches))
        self.journal.expect("replies", holds=len(recorded.replies) == len(samples))
        replies = [each.reply for each in recorded.replies]
        self.tally.count(self.status.phase, replies, recorded.usd)
        self._show_totals()
        if recorded.refused:
            self.refused = cut_sentence(recorded)
            if recorded.refused == len(replies):
                raise BudgetReached(self.refused)
        return replies

    def score(self, candidates: Sequence[Candidate]) -> list[Scored]:
        """See `optimizers.Search.score`."""
        new = [candidate for candidate in candidates if self.archive.find(candidate) is None]
        if new:
            self._stop_if(_digest([candidate.fingerprint for candidate in new]), self._time_limit)
        return self.score_at_any_time(candidates)

    def score_at_any_time(self, candidates: Sequence[Candidate]) -> list[Scored]:
        """Score candidates whatever time it is: baselines, and what a strategy hands over."""
        new = list({c.fingerprint: c for c in candidates if self.archive.find(c) is None}.values())
        if new:
            key = _digest([candidate.fingerprint for candidate in new])
            recorded = self.journal.event(ScoredCandidates, key, lambda: self._score_live(new))
            self.journal.expect("scores", holds=len(recorded.scores) == len(new))
            self._learn_texts(recorded)
            for candidate, score in zip(new, recorded.scores, strict=True):
                self._enter(candidate, score)
            self._hand_over_best()
        entries = [self.archive.find(candidate) for candidate in candidates]
        self._observer.update(self.status)
        return [entry for entry in entries if entry is not None]

    def top_classes(self, candidate: Candidate, k: int) -> tuple[tuple[int, ...], ...]:
        """See `optimizers.Search.top_classes`."""
        key = _digest([candidate.fingerprint, k])
        self._stop_if(key, self._time_limit)
        recorded = self.journal.event(TopClasses, key, lambda: self._top_classes_live(candidate, k))
        known, most = range(len(self.task.classes)), min(k, len(self.task.classes))
        fit = all(len(own) == most and all(each in known for each in own) for own in recorded.classes)
        self.journal.expect("classes", holds=fit and len(recorded.classes) == self.task.n_search)
        return recorded.classes

    def class_cross_entropies(self, candidate: Candidate) -> tuple[float | None, ...]:
        """See `optimizers.Search.class_cross_entropies`."""

        def live() -> ClassCrossEntropies:
            return ClassCrossEntropies(cross_entropies=self.evaluators.search.class_cross_entropies(candidate))

        key = _digest(candidate.fingerprint)
        self._stop_if(key, self._time_limit)
        recorded = self.journal.event(ClassCrossEntropies, key, live)
        self.journal.expect("cross_entropies", holds=len(recorded.cross_entropies) == len(self.task.classes))
        return recorded.cross_entropies

    def class_clusters(self, candidate: PromptSet, k: int) -> tuple[int, ...]:
        """See `optimizers.Search.class_clusters`."""

        def live() -> ClassClusters:
            return ClassClusters(clusters=tuple(self.evaluators.search.class_clusters(candidate, k)))

        recorded = self.journal.event(ClassClusters, _digest([candidate.fingerprint, k]), live)
        fit = len(recorded.clusters) == len(self.task.classes) and all(0 <= each < k for each in recorded.clusters)
        self.journal.expect("clusters", holds=fit)
        return recorded.clusters

    def choose_texts(self, library: TextLibrary, settings: SelectionSettings) -> Selected:
        """See `optimizers.Search.choose_texts`."""

        def live() -> Selection:
            return Selection.of(self.evaluators.search.choose_texts(library, settings))

        recorded = self.journal.event(Selection, _digest([library.fingerprint, asdict(settings)]), live)
        self.journal.expect("chosen", holds=within(library, recorded.chosen))
        known = range(len(library.classes))
        self.journal.expect("costly", holds=all(a in known and b in known for a, b, _ in recorded.costly))
        selected = recorded.selected
        recipe = None if selected.hold is None else Recipe(library, replace(settings, hold=selected.hold))
        self.recipes[library.prompt_set(selected.chosen).fingerprint] = recipe
        return selected

    def captions(self) -> tuple[str, ...]:
        """See `optimizers.Search.captions`."""
        if self._pictures is None:
            return ()
        if self._captions is None:
            self._stop_if("captions", self._time_limit)
            replies = self._captioned("", None)
            cut = [i for i, reply in enumerate(replies) if outcome(reply, usable=True) == "thought"]
            if cut and self._waves.widen(len(cut), len(replies), MOST_TOKENS):
                for i, reply in zip(cut, self._captioned("again", cut), strict=True):
                    replies[i] = reply
            self._captions = captions_in(replies)
        return self._captions

    def _captioned(self, key: str, positions: Sequence[int] | None) -> list[Reply]:
        """What the language model says of the images at some positions, `None` for all."""
        self._live = False
        recorded = self.journal.event(Captioned, key, lambda: self._caption_live(positions))
        self.journal.expect("replies", holds=positions is None or len(recorded.replies) == len(positions))
        replies = [each.reply for each in recorded.replies]
        self.tally.count("captions", replies, recorded.usd)
        self._show_totals()
        if unseen := recorded.refused:
            self.refused = cut_sentence(recorded)
            self.notes.append(f"{unseen} of {len(replies)} images got no caption: a limit was reached")
        return replies

    def log(self, message: str) -> None:
        """See `optimizers.Search.log`."""
        self.journal.event(Logged, _digest(message), lambda: Logged(message=message))
        self.notes.append(message)

    def _tell(self, message: str) -> None:
        """What replies that have just come taught: for the result, and for who watches, unless it is of the past."""
        self.notes.append(message)
        if self._live:
            self._observer.warn(message)

    def _samples(self, requests: Sequence[Request]) -> list[Sample]:
        samples = []
        for request in requests:
            samples.append(Sample(request, self._seed, self._occurrences[request]))
            self._occurrences[request] += 1
        return samples

    def _stop_if(self, key: str, reached: Callable[[], Limit | None], sample: Sample | None = None) -> None:
        """End the search here if a limit is reached, or was when this was recorded."""
        kind = None if self.journal.replaying else reached()
        if kind is None and self.journal.upcoming is not Stopped:
            return
        self.refused = cut_sentence(self.journal.event(Stopped, key, lambda: Stopped(**self._cut(kind, sample))))
        raise BudgetReached(self.refused)

    def _caption_live(self, positions: Sequence[int] | None) -> Captioned:
        """Shows images to the language model; what the budget does not reach stays without a caption."""
        assert self._pictures is not None
        self._live = True
        pictures = self._pictures()
        shown = pictures if positions is None else [pictures[i] for i in positions]
        samples = caption_samples(shown, self.task.description, self._seed)
        samples = [replace(sample, request=self._waves.room.given(sample.request)) for sample in samples]
        answered = self._model.answer(samples, self._recorded_replies, self.status.llm_calls, self._arrived)
        refused = sum(reply.finish == "budget" for reply in answered.replies)
        return Captioned(
            refused=refused,
            **self._cut(answered.reached if refused else None, _unasked(samples, answered.replies)),
            samples=tuple(s.key for s in samples),
            pictures=tuple(m.picture.digest for s in samples for m in s.request.messages if m.picture),
            replies=tuple(map(Replied.of, answered.replies)),
            usd=_list_price(answered.replies, self._model.ledger),
        )

    def show_traffic(self, traffic: Traffic) -> None:
        """Tell the observer of the calls in flight.

        Raises:
            BudgetReached: when time is up: a server that never answers must not hold up the end of a run.
        """
        self.status.in_flight, self.status.waiting = traffic.in_flight, traffic.waiting
        self.status.retried, self.status.held_until = traffic.retried, traffic.held_until
        self._observer.update(self.status)
        if self._model.time_is_up():
            raise BudgetReached("time is up")

    def _time_limit(self) -> Limit | None:
        return "max_time" if self._model.time_is_up() else None

    def _cut(self, reached: Limit | None, refused: Sample | None = None) -> dict[str, Any]:
        """What a limit keeps from being done, for the journal; `refused` is the first sample that is not asked for."""
        if reached is None:
            return {"reached": None, "limit": None, "needed": None}
        spends = refused is not None and reached in ("max_total_tokens", "max_cost")
        needed = self._model.ledger.needed(refused, reached) if refused is not None and spends else None
        return {"reached": reached, "limit": self._model.limit(reached), "needed": needed}

    def _batch_log(self, key: str) -> BatchLog:
        """The batches of a question, as far as they are recorded."""
        steps: list[BatchStep] = []
        while self.journal.upcoming is Batched:
            steps.append(self.journal.event(Batched, key, _never).step)

        def write(step: BatchStep) -> None:
            self.journal.event(Batched, key, lambda: Batched.of(step))

        return BatchLog(key, steps, write, wanted=self._strategy in self._batching, tell=self._tell_of_batch)

    def _tell_of_batch(self, standing: str) -> None:
        self.enter_phase(f"{self._strategy}: {standing}")

    def _ask_live(self, requests: Sequence[Request], samples: list[Sample], judge: Judge, batches: BatchLog) -> Asked:
        self._live = True
        made, phase = self.status.llm_calls, self.status.phase
        self.status.llm_planned = made + len(samples)

        try:
            answered = self._model.answer(samples, self._recorded_replies, made, self._arrived, batches)
        finally:
            self.status.phase = phase
            for batch in batches.open.values():
                self._observer.warn(
                    f"batch {batch.batch or 'without an id'} goes on at the provider: give the same command again to "
                    "fetch its answers, or cancel it there so as not to pay for it"
                )
        judge(answered.replies)
        refused = sum(reply.finish == "budget" for reply in answered.replies)
        return Asked(
            refused=refused,
            **self._cut(answered.reached if refused else None, _unasked(samples, answered.replies)),
            samples=tuple(s.key for s in samples),
            requests=tuple(Question.of(request, times) for request, times in Counter(requests).items()),
            replies=tuple(map(Replied.of, answered.replies)),
            usd=_list_price(answered.replies, self._model.ledger, [custom_id(s) in batches.answered for s in samples]),
        )

    def _arrived(self, reply: Reply) -> None:
        self.status.llm_calls += 1
        self.status.cache_hits += reply.cached
        self.status.paid = self._model.ledger.cost if self._model.ledger.price else None
        self._observer.update(self.status)

    def _show_totals(self) -> None:
        totals = self.tally.cost
        self.status.llm_calls = totals.llm_calls
        self.status.prompt_tokens, self.status.completion_tokens = totals.prompt_tokens, totals.completion_tokens
        self._observer.update(self.status)

    def _score_live(self, new: list[Candidate]) -> ScoredCandidates:
        scores = self.evaluators.search.score(new)
        return self._texts.record(new, scores)

    def _learn_texts(self, recorded: ScoredCandidates) -> None:
        try:
            self._texts.learn(recorded)
        except ShapeError as error:
            self.journal.expect(error.place, holds=False)

    def _top_classes_live(self, candidate: Candidate, k: int) -> TopClasses:
        return TopClasses(classes=tuple(map(tuple, self.evaluators.search.top_classes(candidate, k).tolist())))

    def _hand_over_best(self) -> None:
        """Tell of a new best, but not of those of the past: what is on disk may be better."""
        if self._best is not None and self._best is not self._told and not self.journal.replaying:
            self._on_best(self._best)
            self._told = self._best

    def _enter(self, candidate: Candidate, score: Score) -> None:
        entry = self.archive.add(candidate, score, round(self._fitness(score), 6))  # a tie is a tie, to the last bit
        self.status.candidates = len(self.archive)
        if self._best is None or entry.rank_key < self._best.rank_key:
            self._best = entry
            self.status.best_fitness, self.status.best_top1 = entry.fitness, entry.score.top1


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]


def _unasked(samples: Sequence[Sample], replies: Sequence[Reply]) -> Sample | None:
    """The first sample that a limit kept from being asked for."""
    return next((s for s, reply in zip(samples, replies, strict=True) if reply.finish == "budget"), None)


def _list_price(replies: Sequence[Reply], ledger: Ledger, batched: Sequence[bool] = ()) -> float | None:
    """What the replies cost at their price, wherever they came from; those that a batch brought at its price."""
    if ledger.price is None:
        return None
    dollars = 0.0
    for price, own in ((ledger.price, False), (ledger.batch_price or ledger.price, True)):
        some = [reply for i, reply in enumerate(replies) if (i < len(batched) and batched[i]) is own]
        dollars += price.cost(sum(r.prompt_tokens for r in some), sum(r.completion_tokens for r in some))
    return round(dollars, 9)


def _never() -> Batched:
    raise AssertionError("a batch that is recorded is not made")


def _recorded_replies(records: Sequence[Record]) -> dict[str, Reply]:
    """Every usable reply of a journal by sample, void or not: none of them is asked for again."""
    return {
        key: recorded.reply
        for event in (record.event for record in records)
        if isinstance(event, Asked | Captioned)
        for key, recorded in zip(event.samples, event.replies, strict=True)
        if recorded.finish not in ("budget", "error")
    }
