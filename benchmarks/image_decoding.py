"""Photos of 12 megapixels made ready for ViT-B-32: decoded as they are, and with `--decode fast`.

Two generated JPEGs of 4000 x 3000 pixels and quality 90: slow changes with grain, as of a camera, and with detail at
all scales down to four pixels. Decoding and preprocessing count, in one thread.
"""

import io

import numpy as np
import open_clip
from numpy.typing import NDArray
from PIL import Image

from benchmarks.measure import Comparison, alternate
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.data.pictures.open_picture import decode

WIDTH, HEIGHT = 4000, 3000
SIZE = 224


def measure(device: str) -> list[Comparison]:
    """Both ways to the same pixels; the device plays no part."""
    photos = _photos()
    preprocess = open_clip.image_transform(SIZE, is_train=False, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    least_side = Decoding(way="fast").least_side(f'{{"size": {SIZE}}}')

    def pixels(side: int | None) -> list[NDArray[np.float32]]:
        return [preprocess(decode(photo, least_side=side)).numpy() for photo in photos]

    exact_seconds, fast_seconds = alternate(lambda: pixels(None), lambda: pixels(least_side))
    differences = [255 * np.abs(one - other) for one, other in zip(pixels(None), pixels(least_side), strict=True)]
    largest, mean = (max(float(of(each)) for each in differences) for of in (np.max, np.mean))
    return [
        Comparison(
            name="JPEG decoding",
            claim=f"{len(photos)} photos of 12 megapixels decoded and preprocessed for ViT-B-32, --decode fast",
            peer="--decode exact",
            unit="photos/s",
            peer_rate=len(photos) / exact_seconds,
            our_rate=len(photos) / fast_seconds,
            note=f"pixels of 224 x 224 differ by at most {largest:.0f} of 255, {mean:.2f} in the mean; "
            f"{1000 * exact_seconds / len(photos):.0f} and {1000 * fast_seconds / len(photos):.0f} ms a photo",
        )
    ]


def _photos() -> list[bytes]:
    rng = np.random.default_rng(0)
    coarse = _noise(rng, 12, 16)
    grain = coarse + rng.integers(-12, 13, coarse.shape)
    detail = sum((_noise(rng, 12 * scale, 16 * scale) - 128) / 4 for scale in (4, 16, 64)) + coarse / 2 + 64
    return [_jpeg(picture) for picture in (grain, detail)]


def _noise(rng: np.random.Generator, height: int, width: int) -> NDArray[np.int64]:
    """A picture [H, W, 3] without changes finer than H / height."""
    small = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    return np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), dtype=np.int64)


def _jpeg(picture: NDArray[np.int64] | NDArray[np.float64]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()
