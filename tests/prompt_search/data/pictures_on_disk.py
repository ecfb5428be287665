"""Small real pictures, written where a test wants them."""

import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prompt_search.data import Reading
from prompt_search.data.load import DataSplits, load_splits
from prompt_search.data.sources.objects import OwnData
from tests.fakes.pixel_model import PixelModel


def png(number: int) -> bytes:
    """A PNG of its own for every number."""
    pixels = np.random.default_rng(number).integers(0, 256, size=(4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def deep_png(pixels: NDArray[np.uint16]) -> bytes:
    """A PNG of 16 bits a channel, which Pillow does not write: [H, W, C] with 2 to 4 channels."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(pixels: NDArray[Any]) -> bytes:
    """An uncompressed TIFF of any channels and type of numbers: [H, W, C]."""
    height, width, channels = pixels.shape
    kind = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    bits = [8 * pixels.dtype.itemsize] * channels
    values: dict[int, tuple[str, list[int]]] = {
        256: ("I", [width]), 257: ("I", [height]), 258: ("H", bits), 259: ("H", [1]),
        262: ("H", [2 if channels > 2 else 1]), 273: ("I", [0]), 277: ("H", [channels]), 278: ("I", [height]),
        279: ("I", [pixels.nbytes]), 339: ("H", [kind] * channels),
    }  # fmt: skip
    if channels > 3:
        values |= {338: ("H", [0 if channels > 4 else 2] * (channels - 3)), 339: values.pop(339)}
    behind = 8 + 2 + 12 * len(values) + 4
    body = b"".join(b for f, v in values.values() if len(b := struct.pack(f"<{len(v)}{f}", *v)) > 4)
    values[273] = ("I", [behind + len(body)])
    entries, place = b"", behind
    for tag, (form, numbers) in values.items():
        packed = struct.pack(f"<{len(numbers)}{form}", *numbers)
        where = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", place)
        place += len(packed) if len(packed) > 4 else 0
        entries += struct.pack("<HHI", tag, {"H": 3, "I": 4}[form], len(numbers)) + where
    start = b"II*\0" + struct.pack("<IH", 8, len(values)) + entries + struct.pack("<I", 0)
    return start + body + pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_classes(root: Path, counts: Mapping[str, int], first: int = 0) -> Path:
    """So many pictures in each folder, no two the same."""
    number = first
    for folder, count in counts.items():
        for i in range(count):
            write(root / folder / f"{i:03}.png", png(number))
            number += 1
    return root


def load(
    source: str | Path | OwnData,
    cache: Path,
    model: PixelModel | None = None,
    *,
    shots: int | None = None,
    select_shots: int | None = None,
    seed: int = 0,
    verify: bool = False,
    reading: Reading | None = None,
    alike: float = 1.0,
) -> DataSplits:
    return load_splits(
        source,
        model or PixelModel(),
        cache_dir=cache,
        shots=shots,
        select_shots=select_shots,
        seed=seed,
        verify=verify,
        reading=reading,
        alike=alike,
    )


def used(splits: DataSplits) -> set[str]:
    """The ids of all images that have a role."""
    return {*splits.search.image_ids, *splits.select.image_ids, *splits.test.image_ids}
