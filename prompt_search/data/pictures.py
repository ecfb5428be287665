"""Bytes of a file to an RGB picture, or the reason why that can't be done."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["EXTENSIONS", "CorruptPictureError", "decode", "quiet_pillow"]

# A list of our own and not Pillow's: the same folder is the same data set with every version of Pillow, and formats
# that start another program (EPS) or are only recognised but never decoded (WMF, HDF5) stay out.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "AVIF": (".avif", ".avifs"),
    "BMP": (".bmp",),
    "DDS": (".dds",),
    "DIB": (".dib",),
    "GIF": (".gif",),
    "ICO": (".ico",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "MPO": (),  # a JPEG with more than one picture, as some cameras write it into .jpg
    "PCX": (".pcx",),
    "PNG": (".png", ".apng"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "PSD": (".psd",),
    "QOI": (".qoi",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "TGA": (".tga",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "XBM": (".xbm",),
    "XPM": (".xpm",),
}
EXTENSIONS = frozenset(extension for extensions in FORMATS.values() for extension in extensions)


class CorruptPictureError(Exception):
    """Bytes that are no picture; the message is the reason. Never leaves this package."""


def decode(data: bytes) -> "Image.Image":
    """The picture in RGB, as open_clip makes it: the first frame, not turned by its EXIF orientation.

    Raises:
        CorruptPictureError: if the bytes are no picture, are cut off, or claim to be absurdly large.
    """
    from PIL import Image, UnidentifiedImageError

    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]
    try:
        with Image.open(io.BytesIO(data), formats=known) as picture:
            rgb = picture.convert("RGB")
    except UnidentifiedImageError as error:
        raise CorruptPictureError("not a picture" if data else "the file is empty") from error
    except Image.DecompressionBombError as error:
        raise CorruptPictureError("too many pixels: may be a decompression bomb") from error
    except _DECODER_ERRORS as error:
        raise CorruptPictureError(str(error) or type(error).__name__) from error
    if 0 in rgb.size:
        raise CorruptPictureError("the picture has no pixels")
    return rgb


# All that Pillow's decoders were seen to raise on damaged bytes. MemoryError is not among them: it is no property of
# the file, and a file found corrupt is remembered as such.
_DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings about odd but readable files away from the user.

    To be entered in the main thread around the threads that decode: Python's warning filters belong to the process.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield
