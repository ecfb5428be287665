"""What is measured of a prompt set on a labelled split."""

from dataclasses import dataclass, fields
from typing import Any

__all__ = ["COSTLY_FIGURES", "SCORES_VERSION", "Score"]

SCORES_VERSION = 4
"""Of how the figures are made and kept: scores of another version may differ from these in the last digit."""

COSTLY_FIGURES = ("top5", "redundancy", "marginal_entropy", "class_cross_entropy")
"""Figures of a score that take a share of its time or size at a thousand classes, and that few have a use for."""


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one candidate on N images of C classes; floats are rounded to 1e-6.

    The rank of a label counts the *other* logits that are greater or equal, so that a classifier that gives every
    class one embedding scores 0, not 1/C.

    Attributes:
        n: images N.
        top1: share of images whose label ranks first, in [0, 1].
        top5: share of images whose label is among the first five; `None` where C <= 5, or nobody asked for it.
        cross_entropy: mean of -log softmax(s * cosine)[label], in nats, at the model's own logit scale s.
        fitted_cross_entropy: the same at the scale in [s / 64, 4 s] where it is least on these images, and at most
            log C, what it is at scale 0. So it says how well images are told apart, however flat or peaked the logits.
        fitted_scale: that scale; 0 where none gives less than log C.
        margin: mean cosine of the label minus the best other, in [-2, 2].
        prediction_entropy: mean entropy of the softmax over classes, in nats.
        marginal_entropy: entropy of the mean softmax, in nats; log C if all classes are predicted alike often. `None`
            where nobody asked for it.
        redundancy: R = || triu(T T^t - I) ||_F over the class embeddings T (ProAPO); `None` likewise.
        recall: per class the top-1 share of its images, `None` where it has none.
        class_cross_entropy: per class the mean cross-entropy, `None` where it has no images; `None` altogether where
            nobody asked for it, as in a search (`Search.class_cross_entropies` makes them then).
        confusions: (label, prediction, images) for the wrong ones, most frequent first; perhaps only the first of them.
    """

    n: int
    top1: float
    top5: float | None
    cross_entropy: float
    fitted_cross_entropy: float
    fitted_scale: float
    margin: float
    prediction_entropy: float
    marginal_entropy: float | None
    redundancy: float | None
    recall: tuple[float | None, ...]
    class_cross_entropy: tuple[float | None, ...] | None
    confusions: tuple[tuple[int, int, int], ...]

    @property
    def mean_recall(self) -> float:
        """Mean per-class recall over the classes that have images, in [0, 1]."""
        present = [r for r in self.recall if r is not None]
        return round(sum(present) / len(present), 6)

    @property
    def correct(self) -> int:
        """How many images are classified right."""
        return round(self.top1 * self.n)

    def to_json(self) -> dict[str, Any]:
        """The score as plain JSON values."""
        return {
            f.name: [list(c) for c in self.confusions] if f.name == "confusions" else getattr(self, f.name)
            for f in fields(self)
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Score":
        """Read back what `to_json` wrote."""
        confusions = tuple((int(a), int(b), int(n)) for a, b, n in value["confusions"])
        of_class = value["class_cross_entropy"]
        lists = {"recall": tuple(value["recall"]), "class_cross_entropy": None if of_class is None else tuple(of_class)}
        return cls(**(value | lists | {"confusions": confusions}))
