"""Published data sets by name: where they are, which columns and splits count, what their classes are called."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from evaluators.errors import DataError
from evaluators.prompts.prompt_set import open_clip_lists
from prompt_search.data.layouts.image_source import Listing
from prompt_search.data.names.printable import listed
from prompt_search.data.names.spellings import plain_spelling
from prompt_search.data.sources.reading import Reading

__all__ = ["Preset", "preset_named", "presets", "with_preset", "with_preset_names"]

FOLDER = Path(__file__).parent
OPEN_CLIP_IMAGENET = "open_clip:imagenet"


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a published data set.

    Attributes:
        name: as on the command line; `title` as in papers.
        classes: how many there are.
        description: for the language model; `domain`: words for the kind of images.
        hub: a repository of the Hugging Face hub that has it, if one is known; `config` of it.
        image_column, label_column, splits: see `Reading`.
        coop: how CoOp's data folder has it: the folder and, in it, the file of its splits or the folders of them.
        split_rule: which images papers search, select and test with.
        names_from: where names of classes come from: `list` (here, by label number), `open_clip:imagenet`, or `data`
            (the data's own names are taken).
        class_names: by label number, if they are here.
        coop_classes: how many CoOp has, if that differs.
    """

    name: str
    title: str
    classes: int
    description: str
    domain: tuple[str, ...]
    split_rule: str
    names_from: str
    coop: str = ""
    hub: str = ""
    config: str = ""
    image_column: str = ""
    label_column: str = ""
    splits: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    coop_classes: int = 0

    @property
    def source(self) -> str:
        """What to give in its place.

        Raises:
            DataError: if no repository of the hub is known for it.
        """
        if not self.hub:
            raise DataError(
                f"no repository of the hub is known for {self.title}: give its folder, with --preset {self.name}"
                + (f" (as CoOp has it: {self.coop})" if self.coop else "")
            )
        return f"hf:{self.hub}" + (f":{self.config}" if self.config else "")

    def names(self) -> tuple[str, ...]:
        """The names of classes by label number; none if the data's own are taken."""
        if self.names_from == OPEN_CLIP_IMAGENET:
            return tuple(open_clip_lists().IMAGENET_CLASSNAMES)
        return self.class_names


@cache
def presets() -> Mapping[str, Preset]:
    """All there are, by name."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def preset_named(name: str, *, missing_ok: bool = False) -> Preset | None:
    """The preset of a name.

    Raises:
        DataError: if there is none and that is not allowed.

    >>> preset_named("eurosat").classes
    10
    """
    plain = name.lower().replace("_", "-")
    found = presets().get(plain) or presets().get(plain.replace("-", ""))
    if found is None and not missing_ok:
        near = difflib.get_close_matches(plain, presets(), n=1)
        hint = f"did you mean {listed(near)}?" if near else f"there are {', '.join(presets())}"
        raise DataError(f"no data set {listed([name])} is known; {hint}")
    return found


def with_preset(reading: Reading, preset: Preset | None) -> Reading:
    """What the preset says of columns and splits, where a person says nothing."""
    if preset is None:
        return reading
    columns = tuple(filter(None, (preset.image_column, preset.label_column)))
    return replace(reading, preferred=columns, split_map=reading.split_map or preset.splits)


def with_preset_names(listing: Listing, preset: Preset | None) -> Listing:
    """The listing with the preset's names of classes, where they can be told to belong: by the data's own numbers, or
    since they are the ids in another spelling."""
    if preset is None:
        return listing
    names, warnings = preset.names(), listing.warnings
    if len(listing.class_ids) not in (preset.classes, preset.coop_classes):
        warnings = (*warnings, f"{preset.title} has {preset.classes} classes, here are {len(listing.class_ids)}")
    if not names:
        return replace(listing, warnings=warnings)
    found = _by_number(listing, names) or _by_spelling(listing, names)
    if not found:
        told = (
            f"the names of classes are the data's own: those known for {preset.title} can't be told to belong to them"
        )
        return replace(listing, warnings=(*warnings, told))
    note = f"the names of classes are those of {preset.title}"
    return replace(listing, names={**listing.names, **found}, notes=(*listing.notes, note), warnings=warnings)


def _by_number(listing: Listing, names: tuple[str, ...]) -> dict[str, str]:
    numbers = listing.numbers
    if not set(listing.class_ids) <= set(numbers) or max(numbers.values(), default=0) >= len(names):
        return {}
    found = {class_id: names[numbers[class_id]] for class_id in listing.class_ids}
    words = {class_id: name for class_id, name in found.items() if not class_id.isdecimal()}
    # The data's order of classes may be another one: then some name would have nothing of its id.
    return {} if any(not _akin(class_id, name) for class_id, name in words.items()) and len(names) < MANY else found


MANY = 1000
"""Classes from which names are synonyms of ids as often as not (ImageNet), and only numbers tell."""


def _akin(one: str, other: str) -> bool:
    """Whether two names share a word, or are alike."""
    a, b = plain_spelling(one), plain_spelling(other)
    return (
        bool(set(a.split()) & set(b.split()))
        or difflib.SequenceMatcher(None, a.replace(" ", ""), b.replace(" ", "")).ratio() > 0.5
    )


def _by_spelling(listing: Listing, names: tuple[str, ...]) -> dict[str, str]:
    plain = {plain_spelling(name).replace(" ", ""): name for name in names}
    found = {class_id: plain.get(plain_spelling(class_id).replace(" ", "")) for class_id in listing.class_ids}
    return {class_id: name for class_id, name in found.items() if name} if all(found.values()) else {}


def _read(path: Path) -> Preset:
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {field.name for field in fields(Preset)}
    if unknown := sorted(set(content) - known):
        raise DataError(f"{path.name} has unknown keys: {listed(unknown)}")
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    return Preset(**{"name": path.stem, **plain})
