"""What every strategy has to be, checked: the promises that resume, replay, budgets and honest verdicts rest on.

Every check runs the strategy in a small world of 4 classes with 40 images, in well under a second for a strategy of
a hundred candidates.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from evaluators import DEFAULT_FITNESS, FITNESS_PRESETS, ClassLabel, LabeledImages, TextEncoder
from optimizers import Optimizer, Reply, Request, Sample, Task
from optimizers.search import SHORTLIST
from prompt_search.errors import BudgetReached
from prompt_search.run.journal.journal import Journal
from prompt_search.run.journal.journaled_search import JournaledSearch
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import Ledger
from prompt_search.run.money.metered import Clock, MeteredModel
from prompt_search.run.outcome.split_evaluators import SplitEvaluators
from prompt_search.run.progress import Silent
from prompt_search.testing.oracle_world import OracleModel, unit

__all__ = [
    "Answer",
    "StrategyFault",
    "check_deterministic",
    "check_limits",
    "check_nothing_from_nothing",
    "check_plan",
    "check_replay",
    "check_shortlist",
    "check_strategy",
]

Answer = Callable[[Request], str]
"""The language model of a check: the text of a reply. It must depend on nothing but the request."""

CLASSES = tuple(ClassLabel(name, name) for name in ("ash", "elm", "oak", "yew"))
IMAGES = 40
RANDOM_WORLDS = 20
MISS = 1e-4
"""How often the check on random labels may refuse a strategy that is at chance."""


class StrategyFault(AssertionError):
    """A strategy that breaks a promise; the message says which, and what was seen."""


def check_strategy(strategy: Optimizer, answer: Answer, folder: Path, seed: int = 0) -> None:
    """All checks below, in the order in which their faults are easiest to understand.

    Args:
        strategy: with settings that make it quick: it is run about thirty times.
        answer: a reply to any of its requests.
        folder: an empty one, for journals.
        seed: of the runs.

    Raises:
        StrategyFault: at the first broken promise.
    """
    check_shortlist(strategy, answer, folder / "shortlist", seed)
    check_plan(strategy, answer, folder / "plan", seed)
    check_deterministic(strategy, answer, folder / "deterministic", seed)
    check_replay(strategy, answer, folder / "replay", seed)
    check_limits(strategy, answer, folder / "limits", seed)
    check_nothing_from_nothing(strategy, answer, folder / "random")


def check_shortlist(strategy: Optimizer, answer: Answer, folder: Path, seed: int = 0) -> None:
    """It hands over at least one and at most `SHORTLIST` candidates, of the task's classes, none twice.

    Raises:
        StrategyFault: if it does not.
    """
    with _World(folder, seed).search(answer) as search:
        shortlist = list(strategy.run(search))
        if not 1 <= len(shortlist) <= SHORTLIST:
            raise StrategyFault(f"the shortlist has {len(shortlist)} candidates; it must have 1 to {SHORTLIST}")
        fingerprints = [candidate.fingerprint for candidate in shortlist]
        if len(set(fingerprints)) < len(fingerprints):
            raise StrategyFault("the shortlist has a candidate twice")
        for place, candidate in enumerate(shortlist):
            if candidate.classes != search.task.classes:
                raise StrategyFault(f"candidate {place} of the shortlist has other classes than the task")


def check_plan(strategy: Optimizer, answer: Answer, folder: Path, seed: int = 0) -> None:
    """It asks for no more replies, and scores no more candidates, than `plan` said.

    Raises:
        StrategyFault: if it does more: a dry run would then have promised too little.
    """
    with _World(folder, seed).search(answer) as search:
        plan = strategy.plan(search.task)
        strategy.run(search)
        calls, scored = search.tally.cost.llm_calls, len(search.archive)
        if calls > plan.llm_calls:
            raise StrategyFault(f"the plan has at most {plan.llm_calls} language model calls, the run made {calls}")
        if scored > plan.evaluations:
            raise StrategyFault(f"the plan has at most {plan.evaluations} candidates, the run scored {scored}")


def check_deterministic(strategy: Optimizer, answer: Answer, folder: Path, seed: int = 0) -> None:
    """With the same seed, replies and scores it does the same, whatever the state of the `random` module is.

    Raises:
        StrategyFault: if two runs differ: a run of it could be neither resumed nor replayed.
    """
    state, seen = random.getstate(), []
    for number in range(2):
        random.seed(number)
        seen.append(_traces(strategy, answer, folder / str(number), seed))
    random.setstate(state)
    for name, first in seen[0].items():
        if first != seen[1][name]:
            raise StrategyFault(
                f"two runs with one seed differ in {name}; draw from search.rng only, and put sets in order before use"
            )


def check_replay(strategy: Optimizer, answer: Answer, folder: Path, seed: int = 0) -> None:
    """Begun again over its journal it comes to the same, without a question to the language model or the evaluator.

    Raises:
        StrategyFault: if it asks for anything that was not recorded, or ends otherwise.
    """

    def refuse(request: Request) -> str:
        raise StrategyFault("begun again over its journal, the strategy asks the language model something new")

    first = _traces(strategy, answer, folder, seed)
    if _traces(strategy, refuse, folder, seed) != first:
        raise StrategyFault("begun again over its journal, the strategy comes to another end")


def check_limits(strategy: Optimizer, answer: Answer, folder: Path, seed: int = 0) -> None:
    """When calls run out it ends with `BudgetReached` or with what it has, and what was scored is in the archive.

    Raises:
        StrategyFault: if it fails otherwise, or asks on.
    """
    calls = strategy.plan(_World(folder, seed).task).llm_calls
    for limit in sorted({1, calls // 2} - {0} if calls else set()):
        with _World(folder / str(limit), seed).search(answer, Budget(max_calls=limit)) as search:
            with suppress(BudgetReached):
                strategy.run(search)
            made = search.tally.cost.llm_calls
            if made > limit:
                raise StrategyFault(f"limited to {limit} calls, the strategy counts {made}")


def check_nothing_from_nothing(strategy: Optimizer, answer: Answer, folder: Path) -> None:
    """Where labels are random it finds nothing that holds: its best candidates are at chance on unseen images.

    Raises:
        StrategyFault: if together they are further above chance than happens once in 10,000 times: the strategy then
            knows something of images it must not see.
    """
    right = 0
    for seed in range(RANDOM_WORLDS):
        world = _World(folder / str(seed), seed, random_labels=True)
        with world.search(answer) as search:
            best = strategy.run(search)[0]
            right += world.evaluators.select.score([best])[0].correct
    images, p = RANDOM_WORLDS * IMAGES, 1 / len(CLASSES)
    most = _most_by_chance(images, p)
    if right > most:
        raise StrategyFault(
            f"on random labels its best candidates are right on {right} of {images} unseen images; by chance it is "
            f"{images * p:.0f}, and more than {most} is no chance"
        )


def _traces(strategy: Optimizer, answer: Answer, folder: Path, seed: int) -> Mapping[str, Any]:
    """What a run does, in order, and its shortlist; a key tells the questions, or the candidates, of an event."""
    with _World(folder, seed).search(answer) as search:
        shortlist = [candidate.fingerprint for candidate in strategy.run(search)]
        events = [(type(record.event).__name__, record.key) for record in search.journal.recorded]
    return {"what they ask and score": events, "their shortlists": shortlist}


class _World:
    """Four classes of trees, 40 images in every split; a text is the better the more of its class's name it has."""

    def __init__(self, folder: Path, seed: int, *, random_labels: bool = False) -> None:
        self.folder, self._seed, self._random = folder, seed, random_labels
        self.evaluators = SplitEvaluators(self._images, TextEncoder(OracleModel(), folder / "texts"))
        labels = tuple(map(int, self._images("search").labels))
        self.task = Task(CLASSES, IMAGES, lambda text: len(text.split()) < 70, labels=labels)

    @contextmanager
    def search(self, answer: Answer, budget: Budget | None = None) -> Iterator[JournaledSearch]:
        """What a strategy is given, while its journal is open."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with Journal(self.folder) as journal:
            ledger = Ledger(self.folder / "ledger.jsonl", None)
            yield JournaledSearch(
                self.task,
                journal=journal,
                evaluators=self.evaluators,
                model=MeteredModel(_Answering(answer), ledger, budget or Budget(), Clock()),
                fitness=FITNESS_PRESETS[DEFAULT_FITNESS],
                seed=self._seed,
                observer=Silent(),
                on_best=lambda best: None,
                max_useless=0,
            )

    def _images(self, split: str) -> LabeledImages:
        rng = np.random.default_rng([self._seed, len(split), ord(split[1])])
        labels = np.arange(IMAGES, dtype=np.int64) % len(CLASSES)
        clean = OracleModel().encode_texts([CLASSES[label].name for label in labels])
        features = unit(clean + rng.normal(scale=0.2, size=clean.shape))
        if self._random:
            rng.shuffle(labels)
        return LabeledImages(
            features, labels, tuple(c.id for c in CLASSES), tuple(f"{split}{i}" for i in range(IMAGES))
        )


class _Answering:
    """A function of the request as a language model."""

    name = "answering"
    identity = "answering@check"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """See `LanguageModel.complete`."""
        for index, sample in enumerate(samples):
            text = self._answer(sample.request)
            on_reply(index, Reply(text, prompt_tokens=10, completion_tokens=len(text.split())))


def _most_by_chance(n: int, p: float) -> int:
    """The smallest k with P(Binomial(n, p) > k) <= MISS."""
    left = 1.0
    for k in range(n + 1):
        left -= comb(n, k) * p**k * (1 - p) ** (n - k)
        if left <= MISS:
            return k
    return n
