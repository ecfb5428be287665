"""Images per second, from files on disk to stored features: ours against the plain open_clip loop.

The peer is what open_clip's users write: a torch `DataLoader` with a worker per core opens and preprocesses, batches of
64 go through `encode_image`; on CUDA under autocast to bfloat16. ViT-B-32 with random weights, generated JPEGs of 500 x
375 pixels. Ours reads, hashes, decodes, encodes and stores; the start of worker processes counts on both sides.
"""

import io
import os
from collections.abc import Callable
from itertools import count as counting
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.measure import Comparison, alternate
from evaluators import EmbeddingStore, OpenClipModel
from evaluators.models.image_text_model import FloatArray
from prompt_search.data import read_images
from prompt_search.data.encoding.encode import encode, image_store
from prompt_search.data.encoding.file_index import FileIndex
from prompt_search.data.encoding.fingerprints import fingerprint
from prompt_search.data.layouts.image_source import ImageSource

IMAGES = {"cpu": 128, "cuda": 32768}
PICTURES = 64


def measure(device: str) -> list[Comparison]:
    """Encode the same files both ways."""
    count = IMAGES[device]
    with TemporaryDirectory() as folder:
        _draw(Path(folder) / "images", count)
        model = OpenClipModel(
            "ViT-B-32", device=device, precision="bf16" if device == "cuda" else "fp32", random_weights=True
        )
        network, preprocess = _plain_network(device)
        source = read_images(Path(folder) / "images")
        files = Files([Path(image.path) for image in source.images], preprocess)
        runs = counting()
        found: dict[str, FloatArray] = {}

        def ours() -> None:
            found["ours"] = _encode_ours(source, model, Path(folder) / f"cache-{next(runs)}")

        def peer() -> None:
            found["peer"] = _encode_plainly(network, files, device)

        peer_seconds, our_seconds = alternate(peer, ours, repeats=1 if device == "cpu" else 2)
    return [
        Comparison(
            name="image encoding",
            claim=f"{count} JPEG files on disk to features, ViT-B-32",
            peer="DataLoader with a worker per core, batches of 64, encode_image",
            unit="images/s",
            peer_rate=count / peer_seconds,
            our_rate=count / our_seconds,
            difference=float(np.abs(found["ours"] - found["peer"]).max()),
            goal=1,
        )
    ]


def _encode_ours(source: ImageSource, model: OpenClipModel, cache: Path) -> FloatArray:
    images, _ = fingerprint(source, FileIndex(cache / "index"))
    store: EmbeddingStore = image_store(model, cache)
    encode(source, images, model, store)
    return store.get([image.content for image in images])


class Files(Dataset[torch.Tensor]):
    """Preprocessed pictures."""

    def __init__(self, paths: list[Path], preprocess: Callable[[Image.Image], torch.Tensor]) -> None:
        self.paths = paths
        self.preprocess = preprocess

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.preprocess(Image.open(self.paths[index]))


def _encode_plainly(network: Any, files: Files, device: str) -> FloatArray:  # noqa: ANN401 (open_clip has no types)
    loader = DataLoader(files, batch_size=64, num_workers=os.cpu_count() or 1, pin_memory=device == "cuda")
    features = []
    with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        for pixels in loader:
            features.append(network.encode_image(pixels.to(device), normalize=True).float().cpu())
    encoded: FloatArray = torch.cat(features).numpy()
    return encoded


def _plain_network(device: str) -> tuple[Any, Callable[[Image.Image], torch.Tensor]]:
    """The same random weights as ours."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", device=device)
    return network.eval(), preprocess


def _draw(folder: Path, count: int) -> None:
    """Two classes of JPEGs with about the detail of photographs; bytes after the end of one make each file its own."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(PICTURES):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize(
            (500, 375), Image.Resampling.BICUBIC
        )
        grain = rng.integers(-12, 13, (375, 500, 3))
        file = io.BytesIO()
        Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
        pictures.append(file.getvalue())
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
    for i in range(count):
        path = folder / ("cat", "dog")[i % 2] / f"{i:05}.jpg"
        path.write_bytes(pictures[i % PICTURES] + i.to_bytes(4, "little"))
