"""FuDD: follow-up differential descriptions (Esfandiarpoor and Bach 2024, arXiv:2311.07593). Zero-shot: no labels.

per image: the K best classes under "a photo of a {}."
per pair of classes that meets there, most frequent first: what tells the two apart -> LLM -> descriptions of both
per image: each of its K classes stands for its descriptions against the other K - 1; the best of the K is the answer

The second step is `PairwisePrompts`; its compiled form, one description set per class, is handed over beside it, in
that order whatever their scores: those use labels.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, ClassVar

from evaluators import PHOTO_TEMPLATE, Candidate, ClassLabel, ClassPair, Difference, PairwisePrompts, PromptSet
from optimizers.asking import account, ask_usable, most_calls
from optimizers.language_model import Request
from optimizers.meta_prompts import pair_question, pair_schema, small_pair_schema
from optimizers.replies import difference_fault, differences, own_descriptions
from optimizers.search import Search
from optimizers.settings import Count, CountOrZero, Range, Settings, Temperature
from optimizers.task import Plan, Task

__all__ = ["Fudd", "meeting_pairs"]

Pair = tuple[int, int]
"""Two classes by index, the smaller first."""


@dataclass(frozen=True, slots=True)
class Fudd(Settings):
    """Settings.

    Attributes:
        k: K, how many of an image's best classes are told apart.
        attributes: visual attributes asked for per pair.
        max_pairs: the most pairs asked for; the others fall back to the template.
        compile_pairs: how many of the most frequent pairs go into the compiled form; 0 hands over none.
        temperature: of sampling.
        max_tokens: longest answer in tokens.
    """

    called: ClassVar[str] = "fudd"
    asks_up_front: ClassVar[bool] = True

    k: Count = 10
    attributes: Annotated[int, Range(1, 5)] = 5
    max_pairs: Count = 1000
    compile_pairs: CountOrZero = 1000
    temperature: Temperature = 0.7
    max_tokens: Count = 400

    def plan(self, task: Task) -> Plan:
        """One question per pair that can meet in some image; the pairwise prompts, and their compiled form."""
        classes = len(task.classes)
        k = min(self.k, classes)
        can_meet = min(classes * (classes - 1) // 2, task.n_search * (k * (k - 1) // 2))
        calls = most_calls(min(self.max_pairs, can_meet))
        return Plan(llm_calls=calls, evaluations=(1 + (self.compile_pairs > 0)) if calls else 0)

    def run(self, search: Search) -> list[Candidate]:
        """Ask what tells the pairs apart, and hand over the pairwise prompts and their compiled form."""
        base = PromptSet.of(search.task.classes, [PHOTO_TEMPLATE])
        best = search.top_classes(base, self.k)
        met, taken = meeting_pairs(best), meeting_pairs(classes[:2] for classes in best)
        # With few classes all pairs meet in every image; those that meet at its top are the ones to tell apart.
        ordered = sorted(met, key=lambda pair: (-met[pair], -taken[pair]))
        chosen = [pair for pair in ordered if _have_different_names(pair, search.task.classes)][: self.max_pairs]
        search.log(f"fudd: {len(met)} pairs of classes meet in the top {self.k}; {len(chosen)} of them are asked for")
        found = self._ask(search, chosen) if chosen else {}
        if not found:
            search.log("fudd: no pair has a usable text, so there is nothing to hand over")
            return []
        pairs = tuple(_class_pair(search.task, pair, found[pair], met[pair]) for pair in found)
        part = self.compile_pairs if 0 < self.compile_pairs < len(pairs) else None
        whole = PairwisePrompts(base, pairs, self.k, part)
        shortlist: list[Candidate] = [whole, whole.compiled()] if self.compile_pairs else [whole]
        search.score(shortlist)
        return shortlist

    def _ask(self, search: Search, pairs: Sequence[Pair]) -> dict[Pair, list[Difference]]:
        """The usable differences of every pair that has any, in order of the pairs."""
        requests = [self._request(search.task, pair) for pair in pairs]
        answers = ask_usable(search, requests, lambda _, text: differences(text), difference_fault)
        search.log(account("fudd", "difference", answers.counts))
        found: dict[Pair, list[Difference]] = {}
        counts: Counter[str] = Counter()
        for pair, reading in zip(pairs, answers.readings, strict=True):
            first, second = (search.task.classes[index].name for index in pair)
            own = own_descriptions(reading, first, second)
            fitting = [d for d in own if search.task.fits(d.first) and search.task.fits(d.second)][: self.attributes]
            counts += Counter(read=len(reading), about=len(own), kept=len(fitting))
            counts["long"] += sum(not (search.task.fits(d.first) and search.task.fits(d.second)) for d in own)
            if fitting:
                found[pair] = fitting
        search.log(
            f"fudd: {counts['kept']} differences of {len(found)} pairs kept; {counts['read'] - counts['about']} were "
            f"about the wrong class, {counts['long']} longer than the model's context"
        )
        if len(found) < len(pairs):
            search.log(f"fudd: {len(pairs) - len(found)} pairs without a usable text fall back to the template")
        return found

    def _request(self, task: Task, pair: Pair) -> Request:
        first, second = (task.classes[index].name for index in pair)
        return Request(
            pair_question(first, second, task.description, self.attributes),
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            json_schema=pair_schema(self.attributes),
            small_schema=small_pair_schema(self.attributes),
        )


def meeting_pairs(shortlists: Iterable[Sequence[int]]) -> Counter[Pair]:
    """In how many images' best classes each pair meets; `most_common` gives equal counts in order of the classes.

    >>> meeting_pairs([(2, 0), (0, 2), (1, 2)]).most_common()
    [((0, 2), 2), ((1, 2), 1)]
    """
    counts = Counter(pair for classes in shortlists for pair in combinations(sorted(classes), 2))
    return Counter({pair: counts[pair] for pair in sorted(counts)})


def _have_different_names(pair: Pair, classes: Sequence[ClassLabel]) -> bool:
    """Whether a question about the two classes, which names them, makes sense."""
    first, second = (" ".join(classes[index].name.split()).casefold() for index in pair)
    return first != second


def _class_pair(task: Task, pair: Pair, found: Sequence[Difference], images: int) -> ClassPair:
    first, second = (task.classes[index].id for index in pair)
    return ClassPair.of(first, second, found, images)
