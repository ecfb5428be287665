"""Scores prompt sets on one split of a data set."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evaluators.class_weights import TextEncoder, class_embedding
from evaluators.errors import DataError, ModelError, PromptError
from evaluators.image_text_model import FloatArray
from evaluators.k_means import k_means
from evaluators.labeled_images import LabeledImages
from evaluators.prompt_set import PromptSet
from evaluators.reductions import Sums, label_ranks, reduce_logits
from evaluators.score import Score

if TYPE_CHECKING:
    import torch

__all__ = ["Evaluator"]

BYTES_PER_LOGIT = 40  # the product in float32, and what the reductions make of it in float64


class Evaluator:
    """Scores candidates on labelled images; deterministic, whatever else was scored before or beside.

    Args:
        images: the split.
        texts: encodes the candidates' texts.
        memory_limit: bytes of working memory for the products (default 512 MB).

    Raises:
        ModelError: if texts and images have different widths.
    """

    def __init__(self, images: LabeledImages, texts: TextEncoder, memory_limit: int = 512 * 2**20) -> None:
        if images.embeddings.shape[1] != texts.model.width:
            raise ModelError(
                f"image features have {images.embeddings.shape[1]} dimensions, texts {texts.model.width}; "
                "encode both with the same model"
            )
        self.images = images
        self._texts = texts
        self._columns: dict[tuple[bytes, ...], FloatArray] = {}
        self._rows = max(1, memory_limit // (BYTES_PER_LOGIT * len(images.class_ids)))

    def score(self, candidates: Sequence[PromptSet]) -> list[Score]:
        """The score of every candidate, in order.

        Raises:
            PromptError: if a candidate's classes are not those of the images.
            DataError: if the features of a text are not finite.
        """
        for candidate in candidates:
            self._check_classes(candidate)
        texts = dict.fromkeys(t for candidate in candidates for own in candidate.rendered for t in own)
        self._texts.prepare(list(texts))
        return [self._score(self._weights(candidate)) for candidate in candidates]

    def label_ranks(self, candidate: PromptSet) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Per image the rank of its label [N], 0 is best: which images are right, for paired comparisons."""
        self._check_classes(candidate)
        self._texts.prepare([t for own in candidate.rendered for t in own])
        weights = self._weights(candidate)
        return np.concatenate([label_ranks(cosines, labels).numpy() for cosines, labels in self._chunks(weights)])

    def top_classes(self, candidate: PromptSet, k: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
        """Per image its k likeliest classes [N, min(k, C)], best first; equal logits in order of the classes."""
        import torch

        self._check_classes(candidate)
        self._texts.prepare([t for own in candidate.rendered for t in own])
        weights = self._weights(candidate)
        chunks = [torch.argsort(-cosines, dim=1, stable=True)[:, :k] for cosines, _ in self._chunks(weights)]
        return torch.cat(chunks).numpy()

    def class_clusters(self, candidate: PromptSet, k: int) -> tuple[int, ...]:
        """The k-means cluster, in [0, k), of every class among the candidate's class embeddings."""
        self._check_classes(candidate)
        self._texts.prepare([t for own in candidate.rendered for t in own])
        return k_means(self._weights(candidate).T, k)

    def _score(self, weights: FloatArray) -> Score:
        sums: Sums | None = None
        for cosines, labels in self._chunks(weights):
            chunk = reduce_logits(cosines, labels, self._texts.model.logit_scale)
            sums = chunk if sums is None else sums + chunk
        assert sums is not None
        similarity = np.triu(weights.T.astype(np.float64) @ weights, k=1)
        return sums.score(redundancy=float(np.linalg.norm(similarity)))

    def _chunks(self, weights: FloatArray) -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
        """Cosines [n, C] and labels [n] of consecutive images; the chunk size depends on C alone, never on the call."""
        import torch

        columns = torch.from_numpy(weights)
        # A matrix product may give equal columns cosines a last bit apart, and a tie must be a tie.
        first: dict[bytes, int] = {}
        source = [first.setdefault(column.tobytes(), i) for i, column in enumerate(weights.T)]
        for start in range(0, len(self.images), self._rows):
            part = slice(start, start + self._rows)
            features = torch.from_numpy(np.array(self.images.embeddings[part], dtype=np.float32))
            cosines = features @ columns
            labels = torch.from_numpy(np.array(self.images.labels[part], dtype=np.int64))
            yield (cosines if len(first) == len(source) else cosines[:, source]), labels

    def _weights(self, candidate: PromptSet) -> FloatArray:
        """The class embeddings as columns [D, C]; a class seen before costs nothing."""
        return np.stack([self._column(own) for own in candidate.rendered], axis=1)

    def _column(self, texts: tuple[str, ...]) -> FloatArray:
        keys = tuple(sorted(self._texts.keys(texts)))
        column = self._columns.get(keys)
        if column is None:
            column = class_embedding(self._texts.embed_keys(keys))
            if not np.isfinite(column).all():
                broken = next(t for t in texts if not np.isfinite(self._texts.embed([t])).all())
                raise DataError(f"the text features of {broken!r} are not finite; try --precision fp32")
            self._columns[keys] = column
        return column

    def _check_classes(self, candidate: PromptSet) -> None:
        ids = tuple(label.id for label in candidate.classes)
        if ids != self.images.class_ids:
            only = sorted(set(ids) ^ set(self.images.class_ids))[:5]
            raise PromptError(f"the prompts and the images have different classes, e.g. {only}")
