"""A language model with the completion cache in front of it."""

from collections.abc import Callable, Mapping, Sequence

from optimizers.language_model import (
    Ability,
    LanguageModel,
    Reply,
    Sample,
    Traffic,
    abilities,
    attempts,
    billable,
    watch,
)
from prompt_search.llm.batch_log import BatchLog
from prompt_search.llm.completion_cache import CompletionCache
from prompt_search.llm.reply_text import stored_reply

__all__ = ["CachedModel"]


class CachedModel:
    """Answers from the cache what it holds, asks the model for the rest, and stores each reply as it arrives.

    Only answers are stored: no `error`, no unasked `budget` reply, no blank text, and nothing of a lost connection. A
    reply that ended at `max_tokens` is the whole answer to a request with that limit (CuPL's is low on purpose), so it
    is stored; with a higher limit the request is another one.

    What it says of itself is what the model behind says.

    Args:
        inner: the model to ask.
        cache: where replies are kept, under the model's identity.
    """

    def __init__(self, inner: LanguageModel, cache: CompletionCache) -> None:
        self.inner = inner
        self.cache = cache
        self.on_traffic: Callable[[Traffic], None] | None = None
        """Who is told of calls under way, if the model tells."""
        self._missing: list[int] = []

    @property
    def name(self) -> str:
        """The model's name."""
        return self.inner.name

    @property
    def identity(self) -> str:
        """The model's identity."""
        return self.inner.identity

    @property
    def abilities(self) -> frozenset[Ability]:
        """What the model can do beyond text."""
        return abilities(self.inner)

    @property
    def attempts(self) -> int:
        """The most calls the model makes for one sample."""
        return attempts(self.inner)

    @property
    def billable(self) -> Mapping[int, int] | None:
        """After `complete`: for each index how many calls may have been billed; `None` if the model does not tell."""
        calls = billable(self.inner)
        if calls is None:
            return None
        return {self._missing[position]: count for position, count in calls.items()} if self._missing else {}

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Hand over cached replies first, marked `cached=True`, then the model's as they come.

        Raises:
            LanguageModelError: from the model; what it answered before is stored.
            StoreError: if the cache can't be read or written.
        """
        missing, keep = self._from_cache(samples, on_reply)
        if missing:
            watch(self.inner, self.on_traffic)
            self.inner.complete([samples[index] for index in missing], keep)

    def complete_batch(self, samples: Sequence[Sample], log: BatchLog, on_reply: Callable[[int, Reply], None]) -> None:
        """The same with a model that has `complete_batch`, which see; it is asked even if only to close open batches.

        Raises:
            LanguageModelError: from the model; what it answered before is stored.
            StoreError: if the cache can't be read or written.
        """
        missing, keep = self._from_cache(samples, on_reply)
        if missing or log.open:
            watch(self.inner, self.on_traffic)
            self.inner.complete_batch(  # type: ignore[attr-defined]  # see `takes_batches`
                [samples[index] for index in missing], log, keep
            )

    def _from_cache(
        self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]
    ) -> tuple[list[int], Callable[[int, Reply], None]]:
        """Hand over what is cached; the places of the others, and what keeps and hands over a reply to one of them."""
        missing: list[int] = []
        self._missing = []
        for index, sample in enumerate(samples):
            hit = self.cache.get(self.identity, sample)
            if hit is None:
                missing.append(index)
            else:
                on_reply(index, hit)

        def keep(position: int, reply: Reply) -> None:
            index, reply = missing[position], stored_reply(reply)
            # A blank reply may be a hiccup, and must not become a habit; one withheld by a filter stays withheld.
            if reply.finish == "filter" or (reply.finish not in ("error", "budget") and reply.text.strip()):
                self.cache.put(self.identity, samples[index], reply)
            on_reply(index, reply)

        self._missing = missing
        return missing, keep
