"""Which files are pictures, by their endings and by their first bytes, and which of them can be read here."""

import importlib.util
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

from prompt_search.data.pictures.tiff_kind import why_tiff_unreadable
from prompt_search.installation import install_command

__all__ = [
    "EXTENSIONS",
    "UNREADABLE",
    "decoder_name",
    "ending_of",
    "readable_formats",
    "why_undecodable",
    "why_undecoded",
    "why_unreadable",
]

# A list of our own and not Pillow's: the same folder is the same data set with every version of Pillow, and formats
# that start another program (EPS) or are only recognised but never decoded (WMF, HDF5) stay out.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "AVIF": (".avif", ".avifs"),
    "BMP": (".bmp",),
    "DDS": (".dds",),
    "DIB": (".dib",),
    "GIF": (".gif",),
    "HEIF": (".heic", ".heics", ".heif", ".heifs", ".hif"),  # by pillow-heif
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

CONVERT = "convert it to JPEG or PNG"
HEIC = f"a HEIC picture, which needs pillow-heif ({install_command('heif')}); or {CONVERT}"
AVIF = f"an AVIF picture, which needs Pillow 11.3 or newer with AVIF in it; or {CONVERT}"
DAMAGED = f"a HEIC or AVIF picture that its decoder can't read; {CONVERT}, or leave it out"
JXL = f"a JPEG XL picture, which can't be read here; {CONVERT}"
RAW = f"a camera's raw file, which can't be read here; {CONVERT}"
KINDS_NOT_READ = ("unsupported", "not supported", "unknown", "unimplemented", "cannot handle")
"""Words of decoders about files that may be whole."""
LFS = "a Git LFS pointer and not the picture itself; run `git lfs pull` in the folder"
RAW_ENDINGS = "3fr arw cr2 cr3 crw dcr dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"
UNREADABLE: Mapping[str, str] = {
    ".jxl": JXL,
    **{f".{ending}": RAW for ending in RAW_ENDINGS.split()},
    ".svg": f"an SVG drawing, which has no pixels; {CONVERT}",
    ".svgz": f"an SVG drawing, which has no pixels; {CONVERT}",
    ".dcm": f"a DICOM picture, which can't be read here; {CONVERT}",
    ".exr": f"an OpenEXR picture, which can't be read here; {CONVERT}",
    ".hdr": f"a Radiance HDR picture, which can't be read here; {CONVERT}",
}
"""Endings of pictures that no decoder used here reads, with the reason. Raw files are not left to the decoders: many
are TIFF files to Pillow, with a thumbnail as their first picture."""

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2"}
BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\x0a", JXL),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JXL),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"FOVb", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\x00", RAW),
    (b"\x00MRM", RAW),
    (b"\x76\x2f\x31\x01", UNREADABLE[".exr"]),
    (b"#?RADIANCE", UNREADABLE[".hdr"]),
)


MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
)


def ending_of(head: bytes) -> str | None:
    """The ending of a picture that begins so; None if it is no common picture.

    >>> ending_of(b"GIF89a"), ending_of(b"#!/bin/sh")
    ('.gif', None)
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    return next((ending for beginning, ending in MAGIC if head.startswith(beginning)), None)


def why_undecoded(data: bytes) -> str:
    """What a file is that no decoder here takes for a picture, though one that reads such files may be there.

    >>> why_undecoded(b""), why_undecoded(b"hello")
    ('the file is empty', 'not a picture')
    """
    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS | {b"avif", b"avis"}:
        return DAMAGED
    if data.startswith(b"version https://git-lfs"):
        return LFS
    if reason := why_tiff_unreadable(data):
        return reason
    return "not a picture" if data else "the file is empty"


def why_undecodable(told: str) -> str:
    """What is wrong with a file that a decoder took for its own and gave up, by what the decoder told; and the way out.

    >>> why_undecodable("image file is truncated (19 bytes not processed)")
    'the picture is damaged: image file is truncated (19 bytes not processed); copy it again or remove it'
    """
    if any(word in told.lower() for word in KINDS_NOT_READ):
        return f"the picture is damaged, or of a kind that is not read here: {told}; {CONVERT}"
    return f"the picture is damaged: {told}; copy it again or remove it"


@cache
def readable_formats() -> tuple[str, ...]:
    """Pillow's names of the formats that can be read here. HEIF is one of them if pillow-heif is installed."""
    from PIL import Image

    Image.init()
    if _has_pillow_heif():
        import pillow_heif

        pillow_heif.register_heif_opener()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def decoder_name() -> str:
    """What decodes pictures here: what one could not read, another may."""
    heif = f", pillow-heif {version('pillow-heif')}" if _has_pillow_heif() else ""
    return f"pillow {version('pillow')}{heif}"


def why_unreadable(data: bytes) -> str | None:
    """What a file is that has the first bytes of a picture no decoder here can read; None if it has not.

    >>> why_unreadable(bytes([0, 0, 0, 24]) + b"ftypcrx ")
    "a camera's raw file, which can't be read here; convert it to JPEG or PNG"
    """
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand == b"crx ":
            return RAW
        if brand in (b"avif", b"avis"):
            return None if "AVIF" in readable_formats() else AVIF
        if brand in HEIF_BRANDS:
            known = "AVIF" if b"avif" in data[16:64] else "HEIF"  # `mif1` may be either; its other brands tell
            return None if known in readable_formats() else {"AVIF": AVIF, "HEIF": HEIC}[known]
    if data[:4] in (b"II*\x00", b"MM\x00*") and data[8:10] == b"CR":
        return RAW
    if data[128:132] == b"DICM":
        return UNREADABLE[".dcm"]
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in data[:2048].lower():
        return UNREADABLE[".svg"]
    return next((reason for beginning, reason in BEGINNINGS if data.startswith(beginning)), None)


def _has_pillow_heif() -> bool:
    return importlib.util.find_spec("pillow_heif") is not None
