"""The image tower of a loaded model, for forms that carry it along."""

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluators import OpenClipModel
from evaluators.models.shared_out_model import SharedOutModel
from prompt_search.errors import ModelError
from prompt_search.exports.form import Folded

if TYPE_CHECKING:
    import torch

__all__ = ["Pixels", "pixels_of", "tower_copy"]


@dataclass(frozen=True, slots=True)
class Pixels:
    """What is done to a picture before the tower.

    Attributes:
        size: height and width.
        mean, std: of the three channels, for values in [0, 1].
        interpolation: of the resizing.
        resize_mode: open_clip's: `shortest` (then cropped in the middle) or `squash`.
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    resize_mode: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        named = {"height": self.size[0], "width": self.size[1], "mean": list(self.mean), "std": list(self.std)}
        return named | {"interpolation": self.interpolation, "resize_mode": self.resize_mode}


def tower_copy(folded: Folded, form: str) -> "torch.nn.Module":
    """A float32 copy of the network on the CPU, which may be changed.

    Raises:
        ModelError: if the model is not open_clip's.
    """
    if not isinstance(folded.model, OpenClipModel | SharedOutModel):
        raise ModelError(f"the form {form} carries the image tower along, and knows those of open_clip only")
    return copy.deepcopy(folded.model.network).cpu().float().eval()


def pixels_of(folded: Folded, form: str) -> Pixels:
    """What the model does to a picture.

    Raises:
        ModelError: if the consumer has no such preprocessing.
    """
    stated = json.loads(folded.model.preprocessing)
    if stated["resize_mode"] not in ("shortest", "squash") or stated.get("mode", "RGB") != "RGB":
        raise ModelError(
            f"the model resizes pictures by {stated['resize_mode']!r}, which {form} has nothing for; "
            "export to safetensors and use open_clip's own preprocessing"
        )
    size = stated["size"]
    height, width = (size, size) if isinstance(size, int) else size
    mean, std = tuple(stated["mean"]), tuple(stated["std"])
    return Pixels((height, width), mean, std, stated["interpolation"], stated["resize_mode"])
