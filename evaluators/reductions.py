"""Logits reduced to the sums a `Score` is made of; sums add up over any sharding of the images."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from evaluators.score import Score

if TYPE_CHECKING:
    import torch

__all__ = ["Sums", "label_ranks", "reduce_logits"]


@dataclass(slots=True)
class Sums:
    """Additive statistics over images: scalars as zero-dimensional, per class as [C], confusions as [C, C]; float64."""

    top5: "torch.Tensor"
    margin: "torch.Tensor"
    prediction_entropy: "torch.Tensor"
    probability: "torch.Tensor"
    cross_entropy: "torch.Tensor"
    confusions: "torch.Tensor"

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def score(self, redundancy: float) -> Score:
        """The figures, from the sums over all images."""
        images = self.confusions.sum(dim=1)
        n = float(images.sum())
        right = self.confusions.diagonal()
        mean = self.probability / n
        present = images > 0
        return Score(
            n=int(n),
            top1=_rounded(right.sum() / n),
            top5=_rounded(self.top5 / n) if len(images) > 5 else None,
            cross_entropy=_rounded(self.cross_entropy.sum() / n),
            margin=_rounded(self.margin / n),
            prediction_entropy=_rounded(self.prediction_entropy / n),
            marginal_entropy=_rounded(-(mean * mean.clamp_min(1e-300).log()).sum()),
            redundancy=round(redundancy, 6),
            recall=_per_class(right, images, present),
            class_cross_entropy=_per_class(self.cross_entropy, images, present),
            confusions=_wrong(self.confusions),
        )


def label_ranks(cosines: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    """How many *other* classes score at least as high as the label's: [n, C] and [n] to [n], 0 is best."""
    own = cosines.gather(1, labels[:, None])
    return (cosines >= own).sum(dim=1) - 1


def reduce_logits(cosines: "torch.Tensor", labels: "torch.Tensor", scale: float) -> Sums:
    """Reduce a chunk of cosines [n, C] with labels [n] at logit scale `scale`."""
    import torch

    classes = cosines.shape[1]
    ranks = label_ranks(cosines, labels)
    own = cosines.gather(1, labels[:, None]).squeeze(1)
    best_other, rival = cosines.scatter(1, labels[:, None], -torch.inf).max(dim=1)
    if classes == 1:
        best_other = own
    log_p = (scale * cosines).log_softmax(dim=1).double()
    p = log_p.exp()
    predicted = torch.where(ranks == 0, labels, rival)
    flat = torch.bincount(labels * classes + predicted, minlength=classes * classes)
    return Sums(
        top5=(ranks < 5).sum().double(),
        margin=(own - best_other).double().sum(),
        prediction_entropy=-(p * log_p).sum(),
        probability=p.sum(dim=0),
        cross_entropy=torch.zeros(classes, dtype=torch.float64, device=cosines.device).index_add_(
            0, labels, -log_p.gather(1, labels[:, None]).squeeze(1)
        ),
        confusions=flat.view(classes, classes).double(),
    )


def _rounded(value: "torch.Tensor") -> float:
    return round(float(value), 6) + 0.0  # no negative zero


def _per_class(total: "torch.Tensor", images: "torch.Tensor", present: "torch.Tensor") -> tuple[float | None, ...]:
    return tuple(_rounded(t / n) if there else None for t, n, there in zip(total, images, present, strict=True))


def _wrong(confusions: "torch.Tensor") -> tuple[tuple[int, int, int], ...]:
    pairs = [(int(a), int(b)) for a, b in confusions.nonzero().tolist() if a != b]
    counted = [(a, b, int(confusions[a, b])) for a, b in pairs]
    return tuple(sorted(counted, key=lambda pair: (-pair[2], pair[0], pair[1])))
