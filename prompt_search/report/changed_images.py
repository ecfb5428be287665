"""The test images that the winner turned right, and those that it turned wrong, as thumbnails."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators import ClassLabel
from prompt_search.data.pictures.thumbnails import thumbnails
from prompt_search.data.sources.read import read_images
from prompt_search.errors import PromptSearchError, RunError
from prompt_search.report.predictions import Predicted, read_predictions
from prompt_search.run.config import DataConfig
from prompt_search.testbed.bundled import data_path

__all__ = ["ChangedImages", "ShownImage", "changed_images"]

MOST = 24
"""Of either kind."""
LONGEST_SIDE = 128
"""Pixels."""


@dataclass(frozen=True, slots=True)
class ShownImage:
    """An image with the names of its class and of what it is taken for; `source` is its thumbnail as a data URI."""

    image: str
    label: str
    winner: str
    baseline: str
    source: str


@dataclass(frozen=True, slots=True)
class ChangedImages:
    """What changed from the baseline to the winner.

    Attributes:
        turned_right, turned_wrong: how many test images.
        right, wrong: some of them, in turn from every class.
        missing: why there are none to be seen, or `None`.
    """

    turned_right: int = 0
    turned_wrong: int = 0
    right: tuple[ShownImage, ...] = ()
    wrong: tuple[ShownImage, ...] = ()
    missing: str | None = None


def changed_images(
    folder: Path, classes: Sequence[ClassLabel], data: DataConfig, cache: Path, *, wanted: bool = True
) -> ChangedImages:
    """Read the predictions of a finished run, and the pictures of those images where they are at hand.

    Args:
        cache: where rows of Parquet files are kept.
        wanted: whether pictures may be shown; else there are numbers only.
    """
    try:
        rows = read_predictions(folder)
    except RunError as error:
        return ChangedImages(missing=f"{error}.")
    if rows is None:
        return ChangedImages(
            missing="There is no predictions.parquet here: a run writes it when it reads the test split; a replay "
            "has no images."
        )
    if any(row.baseline is None for row in rows):
        return ChangedImages(missing="The winner is what it would be compared with, so no image changed.")
    right = [row for row in rows if row.winner == row.label != row.baseline]
    wrong = [row for row in rows if row.baseline == row.label != row.winner]
    if not wanted:
        return ChangedImages(len(right), len(wrong), missing="The pictures were left out on request.")
    some, others = _in_turn(right), _in_turn(wrong)
    try:
        sources = _sources([row.image for row in (*some, *others)], data, cache)
    except PromptSearchError as error:
        return ChangedImages(len(right), len(wrong), missing=f"The pictures can't be shown: {error}.")
    names = {label.id: label.name for label in classes}
    shown = [_shown(row, names, sources) for row in (*some, *others)]
    return ChangedImages(len(right), len(wrong), tuple(shown[: len(some)]), tuple(shown[len(some) :]))


def _in_turn(rows: Sequence[Predicted]) -> list[Predicted]:
    """The first of every class, then the second of every class, and so on."""
    seen: dict[str, int] = {}
    places = []
    for number, row in enumerate(rows):
        seen[row.label] = seen.get(row.label, 0) + 1
        places.append((seen[row.label], row.label, number))
    return [rows[number] for _, _, number in sorted(places)[:MOST]]


def _sources(image_ids: Sequence[str], data: DataConfig, cache: Path) -> dict[str, str]:
    """Data URIs of thumbnails by image id."""
    if not image_ids:
        return {}
    pictures = thumbnails(
        read_images(data_path(data.source), data.reading(), cache / "datasets"),
        image_ids,
        turned=data.turn_by_exif,
        longest_side=LONGEST_SIDE,
        kind="JPEG",
    )
    found = zip(image_ids, pictures, strict=True)
    return {name: f"data:{each.media_type};base64,{base64.b64encode(each.data).decode()}" for name, each in found}


def _shown(row: Predicted, names: Mapping[str, str], sources: Mapping[str, str]) -> ShownImage:
    label, winner, baseline = (names.get(each, each) for each in (row.label, row.winner, row.baseline or ""))
    return ShownImage(row.image, label, winner, baseline, sources[row.image])
