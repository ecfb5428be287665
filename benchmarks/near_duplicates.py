"""How alike a photo and its copies are, and photos of different things, by the features of the bundled model."""

import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from benchmarks.measure import Figure
from evaluators.models.image_text_model import FloatArray, ImageTextModel

__all__ = ["measure"]

THRESHOLD = 0.97
AT_ONCE = 64


def measure(device: str) -> list[Figure]:
    """Shares of copies above the threshold, and the most similar of all pairs of different photos, on test."""
    from prompt_search.models import load_model

    model = load_model("mini-clip", device=device)
    photos = _photos()
    features = _encoded(model, photos)
    cosines = features @ features.T
    np.fill_diagonal(cosines, -1)
    what = f"{len(photos)} test photos of the bundled set, mini-clip"
    figures = [
        Figure("near duplicates: most alike of different photos", what, float(cosines.max()), "cosine", THRESHOLD),
        Figure("near duplicates: nearest photo, median", what, float(np.median(cosines.max(axis=1))), "cosine"),
    ]
    for name, changed in CHANGES.items():
        alike = (_encoded(model, [changed(photo) for photo in photos]) * features).sum(axis=1)
        note = f"median cosine {np.median(alike):.3f}"
        share = 100 * float(np.mean(alike >= THRESHOLD))
        figures.append(Figure(f"near duplicates: {name}", f"copies above {THRESHOLD}", share, "%", note=note))
    return figures


def _photos(per_class: int = 100) -> list[Image.Image]:
    from datasets import load_dataset

    from prompt_search.testbed.bundled import data_path

    rows = load_dataset("parquet", data_files=str(data_path("photos")), split="train")
    label, split = _columns(rows)
    taken: dict[object, int] = {}
    photos = []
    for row in rows:
        if row[split] == "test" and taken.get(row[label], 0) < per_class:
            taken[row[label]] = taken.get(row[label], 0) + 1
            photos.append(row["image"].convert("RGB"))
    return photos


def _columns(rows: object) -> tuple[str, str]:
    names: list[str] = rows.column_names  # type: ignore[attr-defined]
    return next(n for n in names if "label" in n), next(n for n in names if "split" in n)


def _encoded(model: ImageTextModel, photos: Sequence[Image.Image]) -> FloatArray:
    parts = [model.encode_images(photos[i : i + AT_ONCE]) for i in range(0, len(photos), AT_ONCE)]
    return np.asarray(np.concatenate(parts), dtype=np.float32)


def _as_jpeg(photo: Image.Image) -> Image.Image:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=90)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def _inner(photo: Image.Image) -> Image.Image:
    width, height = photo.size
    return photo.crop((1, 1, width - 1, height - 1)).resize(photo.size, Image.Resampling.BICUBIC)


CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "twice as large": lambda photo: photo.resize((2 * photo.width, 2 * photo.height), Image.Resampling.BICUBIC),
    "8 % brighter": lambda photo: photo.point(lambda value: min(255, int(1.08 * value))),
    "without its border": _inner,
    "mirrored": lambda photo: photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "as JPEG of quality 90": _as_jpeg,
}
