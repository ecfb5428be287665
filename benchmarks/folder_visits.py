"""A large folder of images whose features are known: its second visit, against reading and hashing every file.

The visit is `load_data` as a run calls it: the files are listed and compared with the index by size and date, the
splits drawn, the features found in the store and tried, and what is to be said of the pictures is known.
"""

import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from benchmarks.growth import FakeModel
from benchmarks.measure import Comparison, Figure, alternate
from evaluators.models.image_text_model import FloatArray

__all__ = ["KnownFolder", "measure", "read_and_hash"]

CLASSES, IMAGES, WIDTH = 100, 1000, 512
MOST_SECONDS = 2.0


class CountingModel(FakeModel):
    """Features are drawn at random, as many at a time as are there."""

    encoded = 0

    def encode_images(self, images: object) -> FloatArray:
        """Rows of length 1, [len(images), width]."""
        assert isinstance(images, Sequence)
        self.encoded += len(images)
        rows = np.random.default_rng(self.encoded).standard_normal((len(images), self.width), dtype=np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class KnownFolder:
    """Class folders of small JPEG files with different bytes, visited once.

    Args:
        folder: of the images and of the cache; made.
        classes: folders.
        images: in each.
    """

    def __init__(self, folder: Path, classes: int, images: int) -> None:
        self.images, self._cache = folder / "images", folder / "cache"
        picture = io.BytesIO()
        Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(picture, "JPEG")
        for c in range(classes):
            home = self.images / f"class {c:03}"
            home.mkdir(parents=True)
            for i in range(images):  # what stands behind the end of a JPEG file is not read
                (home / f"{i:05}.jpg").write_bytes(picture.getvalue() + f"{c} {i}".encode())
        self.model = CountingModel(width=WIDTH)
        self.fingerprint = self.visit()

    def visit(self) -> str:
        """The images as a run gets them; the fingerprint of their contents."""
        from prompt_search.run.config import RunConfig
        from prompt_search.run.inputs import load_data
        from prompt_search.run.progress import Silent
        from prompt_search.run.resources import Resources

        resources = Resources(cache_dir=self._cache, observer=Silent())
        return load_data(RunConfig.of(str(self.images)), self.model, resources).fingerprint


def read_and_hash(folder: Path) -> str:
    """The naive way to know what lies in a folder: every file is looked at, read, and hashed."""
    digest = hashlib.sha256()
    for home, _, names in os.walk(folder):
        for name in names:
            with open(f"{home}/{name}", "rb") as file:  # noqa: PTH123 - pathlib would make it slower
                size = os.fstat(file.fileno()).st_size
                digest.update(hashlib.sha256(file.read(size)).digest())
    return digest.hexdigest()


def measure(device: str) -> list[Comparison | Figure]:
    """Both ways in turn, everything in the page cache."""
    with TemporaryDirectory() as folder:
        known = KnownFolder(Path(folder), CLASSES, IMAGES)
        before = known.model.encoded
        peer_seconds, our_seconds = alternate(lambda: read_and_hash(known.images), known.visit)
        assert known.visit() == known.fingerprint
        assert known.model.encoded == before, "images were encoded again"
    files = CLASSES * IMAGES
    claim = f"a folder of {files:,} small image files in {CLASSES} classes, {WIDTH} features of each known"
    return [
        Figure("folder visits: second visit", claim, our_seconds, "s", at_most=MOST_SECONDS),
        Comparison(
            name="folder visits: files",
            claim=claim,
            peer="read and hash every file",
            unit="files/s",
            peer_rate=files / peer_seconds,
            our_rate=files / our_seconds,
            note="the peer draws no splits and finds no features; the files are of 700 bytes, and in the page cache",
        ),
    ]
