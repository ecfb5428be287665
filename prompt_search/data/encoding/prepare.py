"""One image made ready for a model: its bytes read, compared with its hash, decoded and preprocessed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import ImageFile, Undecoded
from prompt_search.data.names.printable import listed
from prompt_search.data.pictures.open_picture import CorruptPictureError, decode_with_traits
from prompt_search.data.pictures.picture_traits import PictureTraits

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Prepare", "Prepared", "read_bytes"]

Prepared = tuple[tuple[ImageFile, PictureTraits | None], Any]
"""An image with what its pixels are like, and what the model's preprocessing made of it; or the reason why it is no
picture, as text; or the error that ends the run. Errors travel as values, since a process that raises one puts its own
traceback into the message."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Prepares images, in any thread, or in any process if `preprocess` can be pickled.

    Args:
        preprocess: the model's; None leaves RGB pictures as they are.
        turned: turn pictures by their EXIF orientation.
        least_side: let JPEG files be shrunk by their decoder, see `decode`.
    """

    preprocess: "Callable[[Image.Image], Any] | None"
    turned: bool = False
    least_side: int | None = None

    def __call__(self, item: tuple[ImageFile, Undecoded | None]) -> Prepared:
        """Prepare one image."""
        image, picture = item
        try:
            data = read_bytes(picture)
        except OSError as error:
            return (image, None), DataError(
                f"image {listed([image.id])} can't be read any more: {error.strerror or error}"
            )
        # The key of the vector must be the hash of the very bytes it is made from.
        if hashlib.sha256(data).digest() != image.content:
            return (image, None), DataError(
                f"image {listed([image.id])} is not what it was when it was last read; "
                "if nobody changes files at this moment, let all be read again (verify)"
            )
        try:
            rgb, traits = decode_with_traits(data, self.turned, self.least_side)
        except CorruptPictureError as error:
            return (image, None), str(error)
        return (image, traits), self.preprocess(rgb) if self.preprocess else rgb


def read_bytes(picture: Undecoded | None) -> bytes:
    """The bytes of an image.

    Raises:
        OSError: if there are none.
    """
    if picture is None or (picture["bytes"] is None and picture["path"] is None):
        raise FileNotFoundError("the row has no image")
    data: bytes | None = picture["bytes"]
    return Path(picture["path"]).read_bytes() if data is None else data
