"""Small copies of images, to show to a multimodal language model or to a person."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from evaluators.errors import DataError
from optimizers import Picture
from prompt_search.data.encoding.prepare import read_bytes
from prompt_search.data.layouts.image_source import ImageSource, Undecoded
from prompt_search.data.names.printable import listed
from prompt_search.data.pictures.open_picture import CorruptPictureError, decode, quiet_pillow

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["thumbnails"]

LONGEST_SIDE = 512
"""Pixels. Providers bill larger images in tiles."""


def thumbnails(
    images: ImageSource,
    image_ids: Sequence[str],
    *,
    turned: bool = False,
    longest_side: int = LONGEST_SIDE,
    kind: Literal["PNG", "JPEG"] = "PNG",
) -> list[Picture]:
    """The named images as small files.

    Args:
        images: the data set.
        image_ids: which, in this order.
        turned: turn pictures by their EXIF orientation.
        longest_side: pixels at most, of width and height.
        kind: of the files.

    Raises:
        DataError: if one is gone or can't be read any more, or there are only features.
    """
    if images.features is not None:
        raise DataError("there are only features and no pictures to show (captions need pictures)")
    by_id = {image.id: image for image in images.images}
    gone = [image_id for image_id in image_ids if image_id not in by_id]
    if gone:
        raise DataError(f"image {listed(gone[:1])} is not there any more; put it back or begin a new run")
    rows = images.pictures([by_id[image_id] for image_id in image_ids])
    with quiet_pillow():
        return [
            _thumbnail(_decoded(image_id, row, turned), longest_side, kind)
            for image_id, row in zip(image_ids, rows, strict=True)
        ]


def _decoded(image_id: str, picture: Undecoded | None, turned: bool) -> "Image.Image":
    try:
        return decode(read_bytes(picture), turned)
    except (OSError, CorruptPictureError) as error:
        raise DataError(
            f"image {listed([image_id])} can't be read any more: {error}; put it back or begin a new run"
        ) from error


def _thumbnail(picture: "Image.Image", longest_side: int, kind: str) -> Picture:
    picture.thumbnail((longest_side, longest_side))
    content = io.BytesIO()
    picture.save(content, format=kind)
    return Picture(content.getvalue(), f"image/{kind.lower()}")
