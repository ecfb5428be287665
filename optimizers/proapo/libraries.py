"""What ProAPO asks the language model for, once, before the search: domain words, synonyms, descriptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators import ClassLabel
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
from optimizers.replies import all_sentences, phrases
from optimizers.search import Search, Usable
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
        """How many questions that makes."""
        per_class = (self.synonyms > 0) + (self.descriptions > 0)
        return int(self._asks_domain(task)) + per_class * len(task.classes)

    def ask(self, search: Search) -> Libraries:
        """Put all questions together, descriptions first, so that a small budget is spent where it helps most.

        Where the budget covers none of them, the search goes on with what is at hand: it needs no more calls.
        """
        task = search.task
        kinds = [self._domain(task)] if self._asks_domain(task) else []
        descriptions = [self._descriptions(label, task) for label in task.classes] if self.descriptions else []
        synonyms = [self._synonyms(label, task) for label in task.classes] if self.synonyms else []
        requests = [*kinds, *descriptions, *synonyms]
        described = {len(kinds) + i: label.name for i, label in enumerate(task.classes) if descriptions}

        def usable(index: int, text: str) -> bool:
            return bool(all_sentences(text, described[index]) if index in described else phrases(text))

        texts = _replies(search, requests, usable)
        first_synonyms = len(kinds) + len(descriptions)
        libraries = Libraries(
            tuple(phrases(texts[0])[: self.domain_words]) if kinds else task.domain,
            self._read_synonyms(task.classes, texts[first_synonyms:]),
            self._read_descriptions(task.classes, texts[len(kinds) : first_synonyms]),
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

    def _read_synonyms(self, classes: Sequence[ClassLabel], replies: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """A name that is a class's own is no synonym."""
        taken = {label.name.casefold() for label in classes}
        found = []
        for text in _one_each(classes, replies):
            names: dict[str, str] = {}
            for name in phrases(text):
                names.setdefault(name.casefold(), name)
            found.append(tuple(name for key, name in names.items() if key not in taken)[: self.synonyms])
        return tuple(found)

    def _read_descriptions(self, classes: Sequence[ClassLabel], replies: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        return tuple(
            tuple(all_sentences(text, label.name)[: self.descriptions])
            for label, text in zip(classes, _one_each(classes, replies), strict=True)
        )


def _replies(search: Search, requests: Sequence[Request], usable: Usable) -> list[str]:
    try:
        return [reply.text for reply in search.ask(requests, usable)] if requests else []
    except BudgetReached as reached:
        search.log(f"proapo: nothing was asked: {reached}")
        return [""] * len(requests)


def _one_each(classes: Sequence[ClassLabel], replies: Sequence[str]) -> Sequence[str]:
    """The replies, or an empty one per class if none was asked for."""
    return replies or [""] * len(classes)


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
