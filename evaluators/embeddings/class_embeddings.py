"""The class embeddings of many prompt sets, each made once."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from evaluators.embeddings.class_weights import TextEncoder, class_embedding
from evaluators.embeddings.recently_used import RecentlyUsed
from evaluators.errors import DataError
from evaluators.models.image_text_model import FloatArray
from evaluators.prompts.prompt_set import PromptSet

__all__ = ["ClassEmbeddings"]

ClassTexts = Mapping[bytes, Sequence[str]]
"""The texts of classes by their digest (`PromptSet.class_digests`)."""

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
        for part in _parts({digest: texts for digest, texts in _classes(sets).items() if digest not in self._kept}):
            self._texts.prepare(list(dict.fromkeys(text for texts in part.values() for text in texts)))

    def of(self, sets: Sequence[PromptSet]) -> list[list[FloatArray]]:
        """Per set the embeddings of its classes, C times [D]; `prepare` the sets first.

        Raises:
            DataError: if the features of a text are not finite.
        """
        known = self._of_classes(_classes(sets))
        return [[known[digest] for digest in each.class_digests] for each in sets]

    def _of_classes(self, classes: ClassTexts) -> dict[bytes, FloatArray]:
        found = {digest: self._kept.get(digest) for digest in classes}
        new = {digest: classes[digest] for digest, column in found.items() if column is None}
        made = {digest: column for part in _parts(new) for digest, column in self._make(part).items()}
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


def _classes(sets: Sequence[PromptSet]) -> ClassTexts:
    return {digest: texts for each in sets for digest, texts in zip(each.class_digests, each.rendered, strict=True)}


def _parts(classes: ClassTexts) -> Iterator[ClassTexts]:
    """Classes in groups of at least `TEXTS_AT_ONCE` different texts, but for the last."""
    part: dict[bytes, Sequence[str]] = {}
    different: set[str] = set()
    for digest, texts in classes.items():
        part[digest] = texts
        different.update(texts)
        if len(different) >= TEXTS_AT_ONCE:
            yield part
            part, different = {}, set()
    if part:
        yield part
