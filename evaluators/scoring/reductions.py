"""Cosines reduced to statistics of images, in one pass over a chunk of them.

The eager way, in plain torch; `fused_reduction` does the same in one kernel and is tested against it. All
operations are elementwise or run along the classes, so an image's figures do not depend on what is reduced beside it.
"""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from evaluators.scoring.fitted_scale import window_sums
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.scale_window import ScaleWindows, every_window

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["Reduced", "label_ranks", "reduce_cosines", "reduce_logits"]


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Statistics of n images under P prompt sets of C classes, as tensors; see `ImageStatistics` for what each is.

    Attributes:
        ranks, predicted: [P, n] int32.
        margins, cross_entropies, entropies: [P, n] float32.
        probabilities: [P, C] float64, summed over the images.
    """

    ranks: "torch.Tensor"
    predicted: "torch.Tensor"
    margins: "torch.Tensor"
    cross_entropies: "torch.Tensor"
    entropies: "torch.Tensor"
    probabilities: "torch.Tensor"

    @classmethod
    def zeros(cls, sets: int, images: int, classes: int, device: "torch.device | str" = "cpu") -> "Reduced":
        """Room for the statistics of P sets."""
        import torch

        *per_image, _ = (f.name for f in fields(cls))
        kinds = dict.fromkeys(per_image, torch.float32) | {"ranks": torch.int32, "predicted": torch.int32}
        room = {name: torch.zeros((sets, images), dtype=kinds[name], device=device) for name in per_image}
        return cls(**room, probabilities=torch.zeros((sets, classes), dtype=torch.float64, device=device))

    def take_in(self, part: "Reduced", sets: slice, images: slice) -> None:
        """Write down the statistics of some sets on some images."""
        *per_image, _ = (f.name for f in fields(self))
        for name in per_image:
            getattr(self, name)[sets, images] = getattr(part, name)
        self.probabilities[sets] += part.probabilities

    def of(self, index: int, labels: "NDArray[np.int64]", windows: ScaleWindows) -> ImageStatistics:
        """The statistics of one set, with its cross-entropies at other scales beside them."""
        own = {f.name: getattr(self, f.name)[index].cpu().numpy() for f in fields(self)}
        return ImageStatistics(labels=labels, windows=windows, **own)


def label_ranks(cosines: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    """How many *other* classes score at least as high as the label's: [n, C] and [n] to [n], 0 is best."""
    own = cosines.gather(1, labels[:, None])
    return (cosines >= own).sum(dim=1) - 1


def reduce_logits(
    cosines: "torch.Tensor", labels: "torch.Tensor", scale: float, lower: "NDArray[np.float64] | None" = None
) -> ImageStatistics:
    """The statistics of one set from cosines [n, C] with labels [n] at logit scale `scale`.

    Its cross-entropies at other scales are those in the windows with the lower ends `lower` [K], by default in all.
    """
    by_class = cosines.T.contiguous()[None]
    lower = every_window(scale) if lower is None else lower
    ends = by_class.new_tensor(lower).float()
    copy, room = by_class.float(), by_class.new_empty((3, by_class.numel())).float()
    sums = [window_sums(copy.clone(), labels, end[None], room) for end in ends]
    windows = ScaleWindows(lower, np.concatenate([each.cpu().numpy() for each in sums]))
    return reduce_cosines(by_class.clone(), labels, scale).of(0, labels.cpu().numpy(), windows)


def reduce_cosines(cosines: "torch.Tensor", labels: "torch.Tensor", scale: float) -> Reduced:
    """The statistics of P sets from their cosines.

    Args:
        cosines: [P, C, n], contiguous; used as scratch, so worthless afterwards.
        labels: [n] int64.
        scale: the logit scale s of softmax(s * cosine).
    """
    import torch

    own = cosines.gather(1, labels.expand(len(cosines), 1, -1))
    others = cosines.scatter(1, labels.expand(len(cosines), 1, -1), -torch.inf)
    best = others.amax(1, keepdim=True) if cosines.shape[1] > 1 else own
    rival = _first(others.ge_(best))
    # Comparisons that write floats are ten times as fast as those that write truth values and sum them.
    ranks = torch.ge(cosines, own, out=others).sum(1).int() - 1
    top = torch.maximum(own, best)
    logits = cosines.sub_(top).mul_(scale)
    p = torch.exp(logits, out=others)
    total = p.sum(1, keepdim=True)
    probabilities = p.div_(total).sum(2).double()
    log_total = total.squeeze(1).log()
    return Reduced(
        ranks=ranks,
        predicted=torch.where(ranks == 0, labels, rival).int(),
        margins=(own - best).squeeze(1),
        cross_entropies=log_total - scale * (own - top).squeeze(1),
        entropies=(log_total - p.mul_(logits).sum(1)).clamp_min(0),
        probabilities=probabilities,
    )


def _first(flags: "torch.Tensor") -> "torch.Tensor":
    """The first class whose flag is 1 rather than 0: [P, C, n] to [P, n]; overwrites the flags."""
    import torch

    classes = flags.shape[1]
    places = torch.arange(classes, 0, -1, dtype=flags.dtype, device=flags.device)  # exact below 2**24 classes
    return classes - flags.mul_(places[:, None]).amax(1).long()
