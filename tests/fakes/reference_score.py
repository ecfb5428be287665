"""The figures of a score the slow and obvious way, image by image in float64."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fitted_cross_entropy", "reference_score"]


def reference_score(cosines: NDArray[np.float32], labels: NDArray[np.int64], scale: float) -> dict[str, Any]:
    """All of `Score.to_json()` but `redundancy`, `fitted_scale`, from cosines [N, C] without ties and labels [N]."""
    n, classes = cosines.shape
    rows = cosines.astype(np.float64)
    probabilities = np.array([np.exp(scale * (row - row.max())) for row in rows])
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    ce = [-np.log(probabilities[i, labels[i]]) for i in range(n)]
    order = [list(np.argsort(-row)) for row in rows]
    wrong = [(int(labels[i]), int(order[i][0])) for i in range(n) if order[i][0] != labels[i]]
    of_class = [np.flatnonzero(labels == c) for c in range(classes)]
    return {
        "n": n,
        "top1": 1 - len(wrong) / n,
        "top5": float(np.mean([labels[i] in order[i][:5] for i in range(n)])) if classes > 5 else None,
        "cross_entropy": float(np.mean(ce)),
        "fitted_cross_entropy": fitted_cross_entropy(rows, labels, scale)[0],
        "margin": float(np.mean([_margin(rows[i], int(labels[i])) for i in range(n)])),
        "prediction_entropy": float(np.mean([_entropy(p) for p in probabilities])),
        "marginal_entropy": _entropy(probabilities.mean(axis=0)),
        "recall": tuple(
            float(np.mean([order[i][0] == c for i in own])) if own.size else None for c, own in enumerate(of_class)
        ),
        "class_cross_entropy": tuple(float(np.mean([ce[i] for i in own])) if own.size else None for own in of_class),
        "confusions": [
            [a, b, n]
            for (a, b), n in sorted({p: wrong.count(p) for p in wrong}.items(), key=lambda kv: (-kv[1], *kv[0]))
        ],
    }


def fitted_cross_entropy(cosines: NDArray[np.float64], labels: NDArray[np.int64], scale: float) -> tuple[float, float]:
    """The least cross-entropy over the logit scales in [s / 64, 4 s], or log C, and where, by golden section."""
    below = cosines.astype(np.float64) - cosines.max(axis=1, keepdims=True)
    own = below[np.arange(len(labels)), labels]

    def at(log_scale: float) -> float:
        s = np.exp(log_scale)
        return float((np.log(np.exp(s * below).sum(axis=1)) - s * own).mean())

    low, high = np.log(scale / 64), np.log(4 * scale)
    for _ in range(60):
        a, b = high - (high - low) * (np.sqrt(5) - 1) / 2, low + (high - low) * (np.sqrt(5) - 1) / 2
        low, high = (low, b) if at(a) < at(b) else (a, high)
    return min((at((low + high) / 2), float(np.exp((low + high) / 2))), (float(np.log(cosines.shape[1])), 0.0))


def _margin(row: NDArray[np.float64], label: int) -> float:
    others = np.delete(row, label)
    return float(row[label] - others.max()) if others.size else 0.0


def _entropy(p: NDArray[np.float64]) -> float:
    positive = p[p > 0]
    return float(-(positive * np.log(positive)).sum())
