"""Scores of logits that no prompt set gives: those of a linear probe, of Tip-Adapter."""

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from evaluators.embeddings.labeled_images import ROWS_AT_ONCE, LabeledImages
from evaluators.heads.linear_probe import Probe
from evaluators.heads.tip_adapter import TipAdapter
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.reductions import LOGITS_AT_ONCE, label_ranks, reduce_logits
from evaluators.scoring.redundancy import redundancies
from evaluators.scoring.score import Score

__all__ = ["HeadScore", "score_head"]


@dataclass(frozen=True, slots=True, eq=False)
class HeadScore:
    """How well a head classifies the images of a split.

    Attributes:
        score: its figures; the margin is in logits divided by the scale, which is a cosine for zero-shot weights only.
        right: [N] which images are classified right, for paired comparisons; a tie is not right.
    """

    score: Score
    right: NDArray[np.bool_]


def score_head(head: Probe | TipAdapter, images: LabeledImages, scale: float) -> HeadScore:
    """Score a head on a split, some thousand images at a time.

    The redundancy is that of a probe's columns brought to unit length, and 0 for Tip-Adapter, which has no matrix.

    Args:
        head: made for the classes of these images.
        images: N images.
        scale: the logit scale the head was fitted with.
    """
    import torch

    parts, right = [], []
    step = min(ROWS_AT_ONCE, max(1, LOGITS_AT_ONCE // head.weight.shape[1]))
    for start in range(0, len(images), step):
        some = slice(start, start + step)
        cosines = torch.from_numpy(_cosines(head, images.embeddings[some], scale))
        labels = torch.from_numpy(images.labels[some])
        parts.append(reduce_logits(cosines, labels, scale))
        right.append((label_ranks(cosines, labels) == 0).numpy())
    return HeadScore(reduce(add, parts).score(_redundancy(head)), np.concatenate(right))


def _cosines(head: Probe | TipAdapter, features: FloatArray, scale: float) -> FloatArray:
    """Logits [n, C] divided by the scale."""
    if isinstance(head, Probe):
        return features @ head.weight
    return head.logits(features) / np.float32(scale)


def _redundancy(head: Probe | TipAdapter) -> float:
    if not isinstance(head, Probe):
        return 0.0
    lengths = np.linalg.norm(head.weight, axis=0)
    columns = head.weight / np.where(lengths > 0, lengths, 1)
    return redundancies([list(columns.T)])[0]
