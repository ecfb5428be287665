"""What a strategy is given, and what it is."""

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from evaluators import Candidate, PromptSet, Selected, SelectionSettings, TextLibrary
from optimizers.archive import Archive, Scored
from optimizers.language_model import Reply, Request
from optimizers.task import Plan, Task

__all__ = ["SHORTLIST", "Optimizer", "Search", "Usable"]

SHORTLIST = 8
"""How many candidates a strategy hands over at most."""


Usable = Callable[[int, str], bool]
"""Whether what was asked for can be read from the text of a reply to the request of that index."""


class Search(Protocol):
    """The world of a strategy: it asks a language model, it scores candidates, it remembers.

    A strategy must be a function of (settings, seed, replies, scores): whatever it draws comes from `rng`.
    """

    @property
    def task(self) -> Task:
        """The job."""
        ...

    @property
    def rng(self) -> random.Random:
        """The only source of randomness, seeded by the run."""
        ...

    @property
    def archive(self) -> Archive:
        """Everything scored so far in this run, by this strategy and those before it."""
        ...

    def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
        """Put requests to the language model together; replies in the order of the requests.

        `usable` tells what a reply is good for: replies of a model of which nothing can be used are counted by cause,
        and end the run with an error. Without it every reply with an answer in it counts as usable.

        When the budget covers only some of them, the others come back as empty replies with `finish="budget"`.

        Raises:
            BudgetReached: if the budget covers none of them.
            LanguageModelError: if the language model can't go on.
        """
        ...

    def score(self, candidates: Sequence[Candidate]) -> list[Scored]:
        """Score candidates on the search split and enter them in the archive; known ones cost nothing.

        Raises:
            BudgetReached: if time is up.
        """
        ...

    def top_classes(self, candidate: Candidate, k: int) -> tuple[tuple[int, ...], ...]:
        """For every search image the k classes (indices, best first) a candidate finds likeliest; N tuples.

        Raises:
            BudgetReached: if time is up.
        """
        ...

    def class_cross_entropies(self, candidate: Candidate) -> tuple[float | None, ...]:
        """For every class the mean cross-entropy of its search images in nats, `None` where it has none.

        Scores of a search leave them out: of a thousand candidates one is asked for them.

        Raises:
            BudgetReached: if time is up.
        """
        ...

    def class_clusters(self, candidate: PromptSet, k: int) -> tuple[int, ...]:
        """For every class the number in [0, k) of its k-means cluster among the class embeddings of a candidate."""
        ...

    def choose_texts(self, library: TextLibrary, settings: SelectionSettings) -> Selected:
        """Select texts of a library on the search images, see `evaluators.choose_texts`.

        The engine remembers how the prompts were made: it can make the selection again with the select images, and
        with other words. No limit stops it: what was paid for is made use of.
        """
        ...

    def captions(self) -> tuple[str, ...]:
        """Descriptions of search images by a multimodal model, made once; none without one."""
        ...

    def log(self, message: str) -> None:
        """Leave a line in the journal that explains a decision."""
        ...


class Optimizer(Protocol):
    """A search strategy: a frozen dataclass of settings with two methods.

    One that can't work without an ability of the language model says so in a property `needs: frozenset[Ability]`; the
    run is then refused before it begins. One that puts many questions together, which may be answered hours later at
    half the price, says so in a class attribute `asks_up_front: ClassVar[bool] = True`.
    """

    def plan(self, task: Task) -> Plan:
        """What `run` will do at most, before anything runs."""
        ...

    def run(self, search: Search) -> Sequence[Candidate]:
        """Search, and hand over a shortlist of at most `SHORTLIST` candidates, best first."""
        ...
