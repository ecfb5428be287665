"""From texts to class embeddings: the columns of a zero-shot classifier."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluators.embeddings.embedding_rows import digest
from evaluators.embeddings.embedding_store import EmbeddingStore
from evaluators.embeddings.recently_used import RecentlyUsed
from evaluators.errors import PromptError
from evaluators.models.image_text_model import FloatArray, ImageTextModel
from evaluators.prompts.prompt_set import PromptSet

__all__ = ["TextEncoder", "class_embedding", "class_weights"]

TEXTS_PER_STORE_WRITE = 4096
KEY_CACHE = 64 * 2**20
BYTES_PER_KEY = 400  # the key, the text's header, and their places in the cache


class TextEncoder:
    """Encodes texts with a model, each text once per cache.

    Args:
        model: whose text tower to use.
        cache_dir: the vectors are kept under `embeddings/` there.
    """

    def __init__(self, model: ImageTextModel, cache_dir: Path) -> None:
        self.model = model
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
                keys[text] = key = digest(tokens)
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
            self._store.put(part, self.model.encode_texts([by_key[key] for key in part]))
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
