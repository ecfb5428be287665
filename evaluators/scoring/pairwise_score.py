"""Scores pairwise prompts over all images at once: the K best classes of an image, re-embedded against each other.

A class's embedding depends on its rivals in the image's top K: it is the mean over the union of its texts against each
of them. Texts that come up against the same rivals are summed beforehand, so that an embedding is the sum of a few rows
of a table, whatever repeats between pairs; images are then grouped by class, so that those rows stay in fast memory.

The two steps make one distribution over the C classes. The first gives the K best together a probability; the second
shares it out among them, by the softmax of their new cosines; the others keep what they had::

    p(c) = P1(top K) * softmax(s * new cosine)[c]   for c in the top K
    p(c) = P1(c)                                    for the others

It is never zero, its largest entry is the best of the K, K = 1 gives the first step alone and K >= C the second alone.
So cross-entropy, margin and confusions are those of any other classifier, and only top-5 has no meaning of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluators.errors import DataError
from evaluators.models.image_text_model import FloatArray
from evaluators.prompts.pairwise_prompts import PairwisePrompts

if TYPE_CHECKING:
    import torch

__all__ = ["PairTable", "fallback_share", "pair_table", "rescore", "two_steps"]

BAGS_AT_ONCE = 256
"""Embeddings summed together: what they and their images take (2 x 0.5 MB at D = 512) stays near the processor."""

MISSING = -1
"""Stands for every rival that a class has no pair with."""


@dataclass(frozen=True, slots=True)
class PairTable:
    """What the classes' embeddings are summed from.

    Attributes:
        sums: [A, D] float32 sums of text features; row 0 is zero.
        rows: [C, C, P] the rows of `sums` that a class has against a rival, filled up with 0.
        shared: whether a row can belong to several rivals of a class, so that repeats must be taken out.
    """

    sums: "torch.Tensor"
    rows: "torch.Tensor"
    shared: bool


def pair_table(prompts: PairwisePrompts, embed: Callable[[Sequence[str]], FloatArray]) -> PairTable:
    """Sum the texts of every class by the rivals they are used against.

    Args:
        prompts: C classes.
        embed: unit-length features [T, D] of T texts.

    Raises:
        DataError: if the features of a text are not finite.
    """
    import torch
    from torch.nn.functional import embedding_bag

    cells: dict[tuple[int, int], list[int]] = {}
    parts: list[str] = []
    starts: list[int] = []
    classes = len(prompts.classes)
    shared = len(prompts.pairs) < classes * (classes - 1) // 2  # the base's texts stand in against several rivals
    for index, owners in enumerate(_owners(prompts)):
        for rivals, texts in _by_rivals(owners).items():
            starts.append(len(parts))
            parts += texts
            shared |= len(rivals) > 1
            for rival in rivals:
                cells.setdefault((index, rival), []).append(len(starts))
    features = torch.from_numpy(_finite(parts, embed(parts)))
    # Row 0 is the sum of no texts.
    sums = embedding_bag(torch.arange(len(parts)), features, torch.tensor([0, *starts]), mode="sum")
    return PairTable(sums, torch.from_numpy(_rows(cells, classes)), shared)


def rescore(table: PairTable, features: "torch.Tensor", shortlist: "torch.Tensor") -> "torch.Tensor":
    """Cosines [n, K] of images [n, D] with the classes of their shortlists [n, K], each embedded against the others."""
    import torch
    from torch.nn.functional import embedding_bag

    n, k = shortlist.shape
    order = torch.argsort(shortlist.reshape(-1), stable=True)  # by class
    image = order // k
    classes = shortlist.reshape(-1)[order]
    cosines = torch.empty(n * k, dtype=table.sums.dtype, device=features.device)
    for start in range(0, n * k, BAGS_AT_ONCE):
        part = slice(start, start + BAGS_AT_ONCE)
        rows = table.rows[classes[part][:, None], shortlist[image[part]]].flatten(1)
        totals = embedding_bag(_once(rows) if table.shared else rows, table.sums, mode="sum")
        lengths = torch.linalg.vector_norm(totals, dim=1).clamp_min(1e-12)
        cosines[order[part]] = torch.linalg.vecdot(totals, features.index_select(0, image[part])) / lengths
    return cosines.view(n, k)


def two_steps(
    chunks: "Iterable[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]", table: PairTable, k: int, scale: float
) -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
    """Cosines [n, C] whose softmax at logit scale `scale` is the distribution of both steps, with labels [n].

    Args:
        chunks: image features [n, D], their cosines [n, C] under the base, and labels [n].
        table: of the prompts.
        k: K.
        scale: the model's logit scale s.
    """
    import torch

    for features, cosines, labels in chunks:
        if k == 1:
            yield cosines, labels
            continue
        base = cosines.double()
        shortlist = _best(cosines, k)
        rescored = rescore(table, features, shortlist).double()
        # Shifting the new cosines alike leaves their order, and gives the K the probability they had together.
        before = torch.logsumexp(scale * base.gather(1, shortlist), dim=1)
        shift = (before - torch.logsumexp(scale * rescored, dim=1)) / scale
        yield base.scatter(1, shortlist, rescored + shift[:, None]), labels


def fallback_share(prompts: PairwisePrompts, shortlists: NDArray[np.int64]) -> float:
    """The share of images, in [0, 1], whose K best classes [N, K] include a pair without texts of its own."""
    index = {label.id: i for i, label in enumerate(prompts.classes)}
    missing = ~np.eye(len(index), dtype=bool)
    for pair in prompts.pairs:
        first, second = (index[class_id] for class_id in pair.ids)
        missing[first, second] = missing[second, first] = False
    falls_back = [missing[own[:, None], shortlists].any(axis=1) for own in shortlists.T]
    return float(np.any(falls_back, axis=0).mean())


def _owners(prompts: PairwisePrompts) -> list[dict[str, set[int]]]:
    """Per class: for each of its texts the rivals it is used against, by index."""
    index = {label.id: i for i, label in enumerate(prompts.classes)}
    owners: list[dict[str, set[int]]] = [{text: {MISSING} for text in own} for own in prompts.base.rendered]
    for pair in prompts.pairs:
        first, second = index[pair.first], index[pair.second]
        for difference in pair.differences:
            owners[first].setdefault(difference.first, set()).add(second)
            owners[second].setdefault(difference.second, set()).add(first)
    return owners


def _by_rivals(owners: dict[str, set[int]]) -> dict[tuple[int, ...], list[str]]:
    """The texts that are used against the same rivals, in order of the texts."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for text in sorted(owners):
        groups.setdefault(tuple(sorted(owners[text])), []).append(text)
    return groups


def _rows(cells: dict[tuple[int, int], list[int]], classes: int) -> NDArray[np.int64]:
    """The table [C, C, P] of rows by class and rival."""
    most = max(map(len, cells.values()))
    rows = np.zeros((classes, classes, most), dtype=np.int64)
    for (index, rival), own in sorted(cells.items()):  # MISSING comes before the rivals that are known
        rows[index, slice(None) if rival == MISSING else rival] = own + [0] * (most - len(own))
    rows[np.arange(classes), np.arange(classes)] = 0
    return rows


def _finite(texts: Sequence[str], features: FloatArray) -> FloatArray:
    broken = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if broken.size:
        raise DataError(f"the text features of {texts[int(broken[0])]!r} are not finite; try precision fp32")
    return features


def _best(cosines: "torch.Tensor", k: int) -> "torch.Tensor":
    """The k best classes of every image [n, min(k, C)] in any order; of equal ones the first are taken."""
    import torch

    if k < cosines.shape[1]:
        best = cosines.topk(k + 1, dim=1)
        if (best.values[:, k - 1] > best.values[:, k]).all():
            return best.indices[:, :k]
    return torch.argsort(-cosines, dim=1, stable=True)[:, :k]


def _once(rows: "torch.Tensor") -> "torch.Tensor":
    """Each row number of a bag once: repeats become 0."""
    import torch

    ordered = rows.sort(dim=1).values
    again = torch.zeros_like(ordered, dtype=torch.bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    return ordered.masked_fill(again, 0)
