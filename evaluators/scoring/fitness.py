"""Fitness: one number to maximise, a pure function of a score."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from evaluators.scoring.score import Score

__all__ = ["DEFAULT_FITNESS", "FITNESS_PRESETS", "Fitness"]

Fitness = Callable[[Score], float]
"""Higher is better; must depend on the score alone."""


def accuracy(score: Score) -> float:
    """Top-1, in [0, 1]. At few shots it has few possible values, and ties are massive."""
    return score.top1


def fitted(score: Score) -> float:
    """top1 - CE at the logit scale that fits best on these images.

    At the model's own scale a set of texts does well by making logits flat, right or wrong; here it must tell the
    images apart.
    """
    return score.top1 - score.fitted_cross_entropy


def entropy_constrained(score: Score) -> float:
    """top1 - CE at the model's own logit scale, the entropy constraint of ProAPO (Qu et al. 2025, arXiv:2502.19844).

    Its code's weights are w1 = 0.1 for a percent of top-1 and w_ce = 10, so alpha = 1.
    """
    return score.top1 - score.cross_entropy


def proapo(score: Score) -> float:
    """All terms of ProAPO's code, in units of its w1: 0.1 top1% + 0.1 top5% (C > 5) + 0.05 R - 10 CE, over 10.

    CE is at the model's own logit scale. A pairwise candidate has no top-5 of its own: top-1, the least it could be,
    stands in.
    """
    lacking = score.top1 if len(score.recall) > 5 else 0.0
    top5 = score.top5 if score.top5 is not None else lacking
    return score.top1 + top5 + 0.005 * _known(score.redundancy, "redundancy") - score.cross_entropy


def cross_entropy(score: Score) -> float:
    """Minus the cross-entropy of the true label in nats, at the logit scale that fits best."""
    return -score.fitted_cross_entropy


def balanced(score: Score) -> float:
    """Mean per-class recall - CE at the logit scale that fits best: recall counts classes alike."""
    return score.mean_recall - score.fitted_cross_entropy


def unsupervised(score: Score) -> float:
    """H(mean p) - mean H(p), in nats: the information between image and prediction; needs no labels."""
    return _known(score.marginal_entropy, "marginal entropy") - score.prediction_entropy


def _known(figure: float | None, name: str) -> float:
    if figure is None:
        raise ValueError(f"the score was made without its {name}; see Evaluator(figures=...)")
    return figure


FIGURES_READ: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"proapo": ("top5", "redundancy"), "unsupervised": ("marginal_entropy",)}
)
"""Which of `COSTLY_FIGURES` the presets read; those that are not here read none."""

DEFAULT_FITNESS = "top1-fitted-ce"
FITNESS_PRESETS: Mapping[str, Fitness] = MappingProxyType(
    {
        "top1-fitted-ce": fitted,
        "top1-ce": entropy_constrained,
        "accuracy": accuracy,
        "proapo": proapo,
        "cross-entropy": cross_entropy,
        "balanced": balanced,
        "unsupervised": unsupervised,
    }
)
