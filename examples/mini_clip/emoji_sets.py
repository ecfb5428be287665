"""Free emoji drawings by several studios: which concept each depicts, its words, and its pixels."""

import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import resvg_py
from PIL import Image

from examples.mini_clip.fetch import folder

GROUPS = ("Animals & Nature", "Food & Drink", "Travel & Places", "Activities", "Objects")
PIXELS = 192


@dataclass(frozen=True)
class Concept:
    """One emoji as an idea, drawn by every studio in its own way."""

    slug: str
    name: str
    group: str
    keywords: tuple[str, ...]

    @property
    def id(self) -> str:
        """The class id, such as "red_apple"."""
        return self.slug.replace("-", "_")


def key(name: str) -> str:
    """How a drawing is found: icon names differ between studios in their hyphens only."""
    return name.replace("-", "")


def read_concepts(work: Path) -> list[Concept]:
    """Emoji of things one can draw or photograph, by Unicode's names and CLDR's English keywords."""
    emoji = json.loads((folder(work, "unicode-emoji-json") / "package/data-by-emoji.json").read_text())
    cldr = folder(work, "cldr-annotations-full") / "package/annotations/en/annotations.json"
    annotations = json.loads(cldr.read_text())["annotations"]["annotations"]
    concepts = []
    for character, entry in emoji.items():
        if entry["group"] in GROUPS:
            words = annotations.get(character.replace("\ufe0f", ""), {}).get("default", [])
            keywords = tuple(word for word in words if word != entry["name"])
            concepts.append(Concept(entry["slug"].replace("_", "-"), entry["name"], entry["group"], keywords))
    return concepts


@cache
def read_icons(work: Path, style: str) -> dict[str, Any]:
    """The icon set of a studio, its icons listed by `key`; aliases are resolved."""
    icons = json.loads((folder(work, f"@iconify-json/{style}") / "package/icons.json").read_text())
    named = dict(icons["icons"])
    for alias, entry in icons.get("aliases", {}).items():
        named.setdefault(alias, named.get(entry["parent"]))
    found = {key(name): icon for name, icon in named.items() if icon is not None}
    return {"width": icons["width"], "height": icons["height"], "icons": found}


def has_drawing(work: Path, style: str, concept: Concept) -> bool:
    """Whether a studio drew this concept."""
    return key(concept.slug) in read_icons(work, style)["icons"]


def draw(work: Path, style: str, concept: Concept, pixels: int = PIXELS) -> Image.Image:
    """The drawing as RGBA with a transparent background, `pixels` high."""
    icons = read_icons(work, style)
    icon = icons["icons"][key(concept.slug)]
    width, height = icon.get("width", icons["width"]), icon.get("height", icons["height"])
    left, top = icon.get("left", 0), icon.get("top", 0)
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
           f'viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>')  # fmt: skip
    raster = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=pixels, height=pixels))
    return Image.open(io.BytesIO(raster)).convert("RGBA")
