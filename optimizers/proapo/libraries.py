"""What ProAPO asks the language model for, once, before the search: domain words, synonyms, descriptions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evaluators import ClassLabel
from optimizers.asking import account, ask_usable, most_calls
from optimizers.errors import BudgetReached
from optimizers.language_model import Message, Request
from optimizers.meta_prompts import (
    PHRASE,
    SENTENCE,
    descriptions_question,
    domain_question,
    phrase_schema,
    sentence_schema,
    small_list_schema,
    synonyms_question,
)
from optimizers.replies import all_sentences, list_fault, phrases
from optimizers.search import Search
from optimizers.task import Task

__all__ = ["Libraries", "LibraryQuestions"]

TOKENS_PER_PHRASE = 12
TOKENS_PER_SENTENCE = 40


@dataclass(frozen=True, slots=True)
class Libraries:
    """What there is to choose from, beside the templates.

    Attributes:
        domain: words for the kind of images.
        synonyms, descriptions: per class, empty where the language model gave nothing usable.
    """

    domain: tuple[str, ...]
    synonyms: tuple[tuple[str, ...], ...]
    descriptions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class LibraryQuestions:
    """How much to ask for; what is 0 is not asked, and domain words only where the user gave none.

    `max_tokens` is the longest reply in tokens; 0 for what a list of that length needs.
    """

    domain_words: int
    synonyms: int
    descriptions: int
    max_tokens: int = 0

    def calls(self, task: Task) -> int:
        """How many calls that makes at most."""
        per_class = (self.synonyms > 0) + (self.descriptions > 0)
        return most_calls(int(self._asks_domain(task)) + per_class * len(task.classes))

    def ask(self, search: Search) -> Libraries:
        """Put all questions together, descriptions first, so that a small budget is spent where it helps most.

        Lists of which nothing can be used are asked for once more. Where the budget covers no question, the search goes
        on with what is at hand: it needs no more calls.
        """
        task = search.task
        kinds = [self._domain(task)] if self._asks_domain(task) else []
        descriptions = [self._descriptions(label, task) for label in task.classes] if self.descriptions else []
        synonyms = [self._synonyms(label, task) for label in task.classes] if self.synonyms else []
        requests = [*kinds, *descriptions, *synonyms]
        described = {len(kinds) + i: label.name for i, label in enumerate(task.classes) if descriptions}

        def read(index: int, text: str) -> list[str]:
            return all_sentences(text, described[index]) if index in described else phrases(text)

        lists = _lists(search, requests, read)
        first_synonyms = len(kinds) + len(descriptions)
        libraries = Libraries(
            tuple(lists[0][: self.domain_words]) if kinds else task.domain,
            self._synonyms_in(task.classes, lists[first_synonyms:]),
            tuple(
                tuple(found[: self.descriptions])
                for found in _one_each(task.classes, lists[len(kinds) : first_synonyms])
            ),
        )
        search.log(_account(libraries, task.classes))
        return libraries

    def _asks_domain(self, task: Task) -> bool:
        return self.domain_words > 0 and not task.domain

    def _domain(self, task: Task) -> Request:
        return self._phrases(domain_question(task.classes, task.description, self.domain_words), self.domain_words)

    def _synonyms(self, label: ClassLabel, task: Task) -> Request:
        return self._phrases(synonyms_question(label.name, task.description, self.synonyms), self.synonyms)

    def _descriptions(self, label: ClassLabel, task: Task) -> Request:
        count = self.descriptions
        return Request(
            (descriptions_question(label.name, task.description, count),),
            max_tokens=self.max_tokens or 20 + TOKENS_PER_SENTENCE * count,
            json_schema=sentence_schema(count),
            small_schema=small_list_schema(SENTENCE, count),
        )

    def _phrases(self, question: Message, count: int) -> Request:
        return Request(
            (question,),
            max_tokens=self.max_tokens or 20 + TOKENS_PER_PHRASE * count,
            json_schema=phrase_schema(count),
            small_schema=small_list_schema(PHRASE, count),
        )

    def _synonyms_in(self, classes: Sequence[ClassLabel], lists: Sequence[list[str]]) -> tuple[tuple[str, ...], ...]:
        """A name that is a class's own is no synonym."""
        taken = {label.name.casefold() for label in classes}
        found = []
        for written in _one_each(classes, lists):
            names: dict[str, str] = {}
            for name in written:
                names.setdefault(name.casefold(), name)
            found.append(tuple(name for key, name in names.items() if key not in taken)[: self.synonyms])
        return tuple(found)


def _lists(search: Search, requests: Sequence[Request], read: Callable[[int, str], list[str]]) -> list[list[str]]:
    if not requests:
        return []
    try:
        answers = ask_usable(search, requests, read, list_fault)
    except BudgetReached as reached:
        search.log(f"proapo: nothing was asked: {reached}")
        return [[]] * len(requests)
    if answers.counts["again"]:
        search.log(account("proapo", "list", answers.counts))
    return answers.readings


def _one_each(classes: Sequence[ClassLabel], lists: Sequence[list[str]]) -> Sequence[list[str]]:
    """The lists, or an empty one per class if none was asked for."""
    return lists or [[]] * len(classes)


def _account(libraries: Libraries, classes: Sequence[ClassLabel]) -> str:
    synonyms, descriptions = sum(map(len, libraries.synonyms)), sum(map(len, libraries.descriptions))
    words = ", ".join(libraries.domain) or "none"
    bare = [
        label.id
        for label, names, sentences in zip(classes, libraries.synonyms, libraries.descriptions, strict=True)
        if not names and not sentences
    ]
    account = f"proapo: domain words: {words}; {synonyms} synonyms and {descriptions} descriptions of usable form"
    return f"{account}; nothing for {len(bare)} classes, e.g. {', '.join(bare[:5])}" if bare else account
