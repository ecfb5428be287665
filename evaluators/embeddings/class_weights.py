"""From texts to class embeddings: the columns of a zero-shot classifier."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from evaluators.embeddings.embedding_rows import digest as key_of
from evaluators.embeddings.embedding_store import EmbeddingStore
from evaluators.errors import DataError, PromptError
from evaluators.models.image_text_model import FloatArray, ImageTextModel
from evaluators.prompts.prompt_set import PromptSet

__all__ = ["ClassEmbeddings", "RecentlyUsed", "TextEncoder", "class_embedding", "class_weights"]


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class RecentlyUsed(Generic[Key, Value]):
    """The most recently used values, as many as fit.

    Args:
        limit: bytes that all entries may take together; what is put in last stays even if it alone takes more.

    >>> cache: RecentlyUsed[str, int] = RecentlyUsed(limit=20)
    >>> for name in "ab":
    ...     cache.put(name, ord(name), size=10)
    >>> cache.get("a")
    97
    >>> cache.put("c", 99, size=10)
    >>> cache.get("b") is None, cache.get("a")
    (True, 97)
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """The value, from now on the most recently used; `None` if it is not there, or no longer."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Remember a value of about `size` bytes, and forget others if need be."""
        if key in self._entries:
            self.size -= self._entries.pop(key)[1]
        self._entries[key] = (value, size)
        self.size += size
        while self.size > self.limit and len(self._entries) > 1:
            _, (_, freed) = self._entries.popitem(last=False)
            self.size -= freed

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self.size = 0


TEXTS_PER_STORE_WRITE = 4096
KEY_CACHE = 64 * 2**20
BYTES_PER_KEY = 400  # the key, the text's header, and their places in the cache


class TextEncoder:
    """Encodes texts with a model, each text once per cache.

    Args:
        model: whose text tower to use.
        cache_dir: the vectors are kept under `embeddings/` there.
        encode: does what `model.encode_texts` does, elsewhere; by default that.
    """

    def __init__(
        self, model: ImageTextModel, cache_dir: Path, encode: Callable[[Sequence[str]], FloatArray] | None = None
    ) -> None:
        self.model = model
        self._encode = encode or model.encode_texts
        self._store = EmbeddingStore(cache_dir / "embeddings" / f"texts-{model.fingerprint[:16]}", model.width)
        self._keys: RecentlyUsed[str, bytes] = RecentlyUsed(KEY_CACHE)
        self.encoded = 0
        """How many texts went through the tower so far."""

    def keys(self, texts: Sequence[str]) -> list[bytes]:
        """The store keys of texts: digests of their token ids.

        Raises:
            PromptError: if a text is longer than the model's context; the model would cut it off without a word.
        """
        keys = {text: self._keys.get(text) for text in texts}
        new = [text for text, key in keys.items() if key is None]
        for start in range(0, len(new), TEXTS_PER_STORE_WRITE):
            part = new[start : start + TEXTS_PER_STORE_WRITE]
            self._check_lengths(part)
            for text, tokens in zip(part, self.model.token_keys(part), strict=True):
                keys[text] = key = key_of(tokens)
                self._keys.put(text, key, BYTES_PER_KEY + len(text))
        return [keys[text] or b"" for text in texts]

    def _check_lengths(self, texts: Sequence[str]) -> None:
        for text, tokens in zip(texts, self.model.token_counts(texts), strict=True):
            if tokens > self.model.context_length:
                raise PromptError(
                    f"the text {text[:60]!r}... has {tokens} tokens, but the model reads {self.model.context_length} "
                    "and would cut it off; shorten it or leave it out"
                )

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those of the texts that are not in the store yet; of two with equal tokens only one."""
        by_key = dict(zip(self.keys(texts), texts, strict=True))
        return [by_key[key] for key in self._store.missing(list(by_key))]

    def prepare(self, texts: Sequence[str]) -> None:
        """Encode and store those of the texts that are not in the store yet.

        Raises:
            PromptError: if a text is longer than the model's context.
        """
        by_key = dict(zip(self.keys(texts), texts, strict=True))
        missing = self._store.missing(list(by_key))
        for start in range(0, len(missing), TEXTS_PER_STORE_WRITE):
            part = missing[start : start + TEXTS_PER_STORE_WRITE]
            self._store.put(part, self._encode([by_key[key] for key in part]))
        self.encoded += len(missing)

    def embed_keys(self, keys: Sequence[bytes]) -> FloatArray:
        """Stored vectors [len(keys), D] of prepared texts."""
        return self._store.get(keys)

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D] float32."""
        self.prepare(texts)
        return self.embed_keys(self.keys(texts))


def class_embedding(features: FloatArray) -> FloatArray:
    """The mean of unit-length text features [T, D], brought back to unit length [D].

    Summed in float64 in the order given; callers that sort by text key get the same bits in every process.
    """
    total = features.astype(np.float64).sum(axis=0)
    length = np.linalg.norm(total)
    unit: FloatArray = (total / (length if length > 0 else 1.0)).astype(np.float32)
    return unit


def class_weights(candidate: PromptSet, model: ImageTextModel) -> FloatArray:
    """The classifier [D, C] float32 of a prompt set, straight from the text tower.

    Equal to `open_clip.build_zero_shot_classifier` for shared templates. Depends on nothing but the set and the
    model (no cache, one fixed batch order), so that exporting twice gives the same bytes.
    """
    texts = sorted({text for own in candidate.rendered for text in own})
    row = {text: i for i, text in enumerate(texts)}
    features = model.encode_texts(texts)
    columns = [class_embedding(features[sorted(row[text] for text in own)]) for own in candidate.rendered]
    return np.stack(columns, axis=1)


ClassTexts = Mapping[bytes, Sequence[str]]
"""The texts of classes by their digest (`PromptSet.class_digests`)."""

Places = Mapping[bytes, tuple[PromptSet, int]]
"""A prompt set and the number of a class in it, by the digest of the class's texts, which are rendered when needed."""

TEXTS_AT_ONCE = 4096
BYTES_PER_ENTRY = 300  # the digest, the array's header, and the places in the cache


class ClassEmbeddings:
    """Class embeddings by the digest of their texts; the most recently used ones are kept.

    A class embedding depends on nothing but the features of its texts, summed in the order of the texts' keys. So it
    is the same in every process, whatever edits led to these texts.

    Args:
        texts: encodes the texts.
        limit: bytes that the kept embeddings may take.
    """

    def __init__(self, texts: TextEncoder, limit: int) -> None:
        self._texts = texts
        self._kept: RecentlyUsed[bytes, FloatArray] = RecentlyUsed(limit)

    def prepare(self, sets: Sequence[PromptSet]) -> None:
        """Encode the texts of the classes whose embeddings are not kept.

        Raises:
            PromptError: if a text is longer than the model's context.
        """
        new = {digest: place for digest, place in _places(sets).items() if digest not in self._kept}
        for part in _parts(_rendered(new)):
            self._texts.prepare(list(dict.fromkeys(text for texts in part.values() for text in texts)))

    def forget(self) -> None:
        """Give back the memory of those that are kept."""
        self._kept.clear()

    def of(self, sets: Sequence[PromptSet]) -> list[list[FloatArray]]:
        """Per set the embeddings of its classes, C times [D]; `prepare` the sets first.

        Raises:
            DataError: if the features of a text are not finite.
        """
        known = self._of_classes(_places(sets))
        return [[known[digest] for digest in each.class_digests] for each in sets]

    def _of_classes(self, places: Places) -> dict[bytes, FloatArray]:
        found = {digest: self._kept.get(digest) for digest in places}
        new = {digest: places[digest] for digest, column in found.items() if column is None}
        made = {digest: column for part in _parts(_rendered(new)) for digest, column in self._make(part).items()}
        for digest, column in made.items():
            self._kept.put(digest, column, column.nbytes + BYTES_PER_ENTRY)
        return {digest: made[digest] if column is None else column for digest, column in found.items()}

    def _make(self, classes: ClassTexts) -> dict[bytes, FloatArray]:
        """Embeddings of classes, whose texts are looked up once however many classes share them."""
        texts = list(dict.fromkeys(text for own in classes.values() for text in own))
        keys = self._texts.keys(texts)
        places = dict(zip(texts, zip(keys, range(len(texts)), strict=True), strict=True))
        features = self._texts.embed_keys(keys)
        made: dict[bytes, FloatArray] = {}
        for digest, own in classes.items():
            made[digest] = column = class_embedding(features[[row for _, row in sorted(places[text] for text in own)]])
            if not np.isfinite(column).all():
                broken = next(text for text in own if not np.isfinite(features[places[text][1]]).all())
                raise DataError(f"the text features of {broken!r} are not finite; try precision fp32")
        return made


def _places(sets: Sequence[PromptSet]) -> Places:
    return {digest: (each, index) for each in sets for index, digest in enumerate(each.class_digests)}


def _rendered(places: Places) -> Iterator[tuple[bytes, Sequence[str]]]:
    return ((digest, prompts.render(index)) for digest, (prompts, index) in places.items())


def _parts(classes: Iterable[tuple[bytes, Sequence[str]]]) -> Iterator[ClassTexts]:
    """Classes in groups of at least `TEXTS_AT_ONCE` different texts, but for the last."""
    part: dict[bytes, Sequence[str]] = {}
    different: set[str] = set()
    for digest, texts in classes:
        part[digest] = texts
        different.update(texts)
        if len(different) >= TEXTS_AT_ONCE:
            yield part
            part, different = {}, set()
    if part:
        yield part
