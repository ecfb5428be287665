"""Which classes to work on, a few at a time (group sampling; ProAPO, Qu et al. 2025, arXiv:2502.19844)."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

__all__ = ["clear_loss", "confused_with", "confusion_groups", "excluded_classes", "group_size", "important_groups"]

CONFUSED_RATE = 0.04
"""A class counts as confused with another if that is among the first five of so many of its images."""


EXCLUDED_SHARE = 0.1
"""Of the classes at most so many are excluded; the reference excludes up to 40 %."""


def group_size(classes: int) -> int:
    """int(2.5 ln C), at least 1.

    >>> group_size(2), group_size(10), group_size(1000)
    (1, 5, 17)
    """
    return max(1, int(2.5 * math.log(classes))) if classes > 1 else 1


def clear_loss(images: int) -> float:
    """The accuracy whose loss counts: more than two images, however many there are.

    Half an image more than two, so that rounding decides nothing. The reference writes 2/C + 0.001: two images at one
    shot.

    >>> clear_loss(100)
    0.025
    """
    return 2.5 / images


def excluded_classes(accuracies: Mapping[int, float], limit: float) -> list[int]:
    """The classes whose trial falls to an accuracy of `limit` or below: the worst first, at most a tenth of them.

    >>> excluded_classes({c: c / 20 for c in range(20)}, limit=0.5)
    [0, 1]
    """
    order = sorted((c for c in accuracies if accuracies[c] <= limit), key=lambda c: (accuracies[c], c))
    return order[: int(EXCLUDED_SHARE * len(accuracies))]


def important_groups(gains: Mapping[int, float], size: int) -> list[tuple[int, ...]]:
    """The classes whose texts gain something, those that gain most first, in groups; equal ones in class order.

    >>> important_groups({0: 0.1, 1: -0.2, 2: 0.3, 3: 0.2}, size=2)
    [(2, 3), (0,)]
    """
    order = sorted((c for c in gains if gains[c] > 0), key=lambda c: (-gains[c], c))
    return [tuple(order[start : start + size]) for start in range(0, len(order), size)]


def confused_with(label: int, labels: Sequence[int], top: Sequence[Sequence[int]]) -> list[int]:
    """The classes among the likeliest of a class's images at a rate of at least 4 %, most frequent first.

    Args:
        label: the class; it is not among the answers.
        labels: N labels of images.
        top: per image its likeliest classes.
    """
    rows = [row for own, row in zip(labels, top, strict=True) if own == label]
    seen = Counter(c for row in rows for c in row if c != label)
    return sorted((c for c, n in seen.items() if n >= CONFUSED_RATE * len(rows)), key=lambda c: (-seen[c], c))


def confusion_groups(
    cross_entropy: Sequence[float | None],
    labels: Sequence[int],
    top: Sequence[Sequence[int]],
    clusters: Sequence[int],
    allowed: Collection[int],
    size: int,
    most: int,
) -> list[tuple[int, ...]]:
    """Around each of the worst classes those it is confused with, padded from the same cluster; no group twice.

    Args:
        cross_entropy: per class, `None` where it has no images.
        labels: N labels of images.
        top: per image its five likeliest classes.
        clusters: per class the number of its cluster among the class embeddings.
        allowed: the classes that may be in a group.
        size: of a group.
        most: groups.
    """
    measured = [(ce, c) for c, ce in enumerate(cross_entropy) if ce is not None and c in allowed]
    groups: dict[frozenset[int], tuple[int, ...]] = {}
    for _, worst in sorted(measured, key=lambda pair: (-pair[0], pair[1])):
        if len(groups) == most:
            break
        confused = [c for c in confused_with(worst, labels, top) if c in allowed]
        alike = [c for c, cluster in enumerate(clusters) if cluster == clusters[worst] and c in allowed]
        group = tuple(dict.fromkeys([worst, *confused, *alike]))[:size]
        groups.setdefault(frozenset(group), group)
    return list(groups.values())
