"""Tux Paint's stamps: some hundreds of photographs and drawings of single things, each with a caption."""

from pathlib import Path

from PIL import Image

from examples.mini_clip.emoji_sets import PIXELS
from examples.mini_clip.fetch import folder

FOLDERS = ("animals", "clothes", "food", "hobbies", "household", "medical", "military", "plants", "seasonal", "space",
           "sports", "vehicles", "town")  # fmt: skip
LONGEST_NAME = 5


def stamp_name(caption: str) -> str:
    """What is on the stamp, or nothing where the caption is a joke, a sentence or a road sign's text."""
    first = caption.split("\n")[0].strip().split("  ")[0]
    words = first.rstrip(".").split()
    if not first.endswith(".") or len(words) > LONGEST_NAME + 1 or words[0] not in ("A", "An", "The", "Some"):
        return ""
    return " ".join(words[1:])


def open_stamp(path: Path) -> Image.Image:
    """The stamp as RGBA, centred in a square of `PIXELS` a side."""
    picture = Image.open(path).convert("RGBA")
    picture.thumbnail((PIXELS, PIXELS))
    square = Image.new("RGBA", (PIXELS, PIXELS))
    square.paste(picture, ((PIXELS - picture.width) // 2, (PIXELS - picture.height) // 2))
    return square


def read_stamps(work: Path) -> list[tuple[str, Path]]:
    """Name and file of every stamp with a usable caption."""
    root = folder(work, "tuxpaint-stamps-default") / "usr/share/tuxpaint/stamps"
    paths = [path for name in FOLDERS for path in sorted((root / name).rglob("*")) if path.suffix == ".png"]
    paths = [path for path in paths if "roadsigns" not in path.parts and path.with_suffix(".txt").exists()]
    named = [(stamp_name(path.with_suffix(".txt").read_text()), path) for path in paths]
    return [(name, path) for name, path in named if name]
