"""Small copies of images, to show to a multimodal language model."""

import io
from collections.abc import Sequence

from evaluators.errors import DataError
from optimizers import Picture
from prompt_search.data.encoding.prepare import read_bytes
from prompt_search.data.layouts.image_source import ImageSource, Undecoded
from prompt_search.data.names.printable import listed
from prompt_search.data.pictures.open_picture import CorruptPictureError, decode, quiet_pillow

__all__ = ["thumbnails"]

LONGEST_SIDE = 512
"""Pixels. Providers bill larger images in tiles."""


def thumbnails(
    images: ImageSource,
    image_ids: Sequence[str],
    *,
    turned: bool = False,
) -> list[Picture]:
    """The named images as PNG files of at most 512 pixels a side.

    Args:
        images: the data set.
        image_ids: which, in this order.
        turned: turn pictures by their EXIF orientation.

    Raises:
        DataError: if one is gone or can't be read any more, or there are only features.
    """
    if images.features is not None:
        raise DataError("features can't be shown to a language model: ask for no captions, or give the pictures")
    by_id = {image.id: image for image in images.images}
    gone = [image_id for image_id in image_ids if image_id not in by_id]
    if gone:
        raise DataError(f"image {listed(gone[:1])} is not there any more; put it back or begin a new run")
    rows = images.pictures([by_id[image_id] for image_id in image_ids])
    with quiet_pillow():
        return [_thumbnail(image_id, row, turned) for image_id, row in zip(image_ids, rows, strict=True)]


def _thumbnail(image_id: str, picture: Undecoded | None, turned: bool) -> Picture:
    try:
        small = decode(read_bytes(picture), turned)
    except (OSError, CorruptPictureError) as error:
        raise DataError(
            f"image {listed([image_id])} can't be read any more: {error}; put it back or begin a new run"
        ) from error
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    content = io.BytesIO()
    small.save(content, format="PNG")
    return Picture(content.getvalue(), "image/png")
