"""What a person should know about the pixels of the pictures that are used."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from prompt_search.data.layouts.image_source import ImageFile
from prompt_search.data.names.printable import listed
from prompt_search.data.pictures.picture_traits import PictureTraits
from prompt_search.data.pictures.to_rgb import MOST

__all__ = ["SAYINGS", "odd_pictures"]

SAYINGS = "sayings 1"
"""Counted up when something else is to be said of the same pictures."""

SHALLOW_BITS = 13
"""Pictures of 16 bits a channel that need no more than this are said to be nearly black."""

Traits = Sequence[tuple[ImageFile, PictureTraits]]


def odd_pictures(
    images: Sequence[ImageFile], traits: Mapping[bytes, PictureTraits], turned: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notes on what was done to pictures, and warnings about those that can show a model nothing.

    Args:
        images: all that are used.
        traits: by content.
        turned: whether pictures were turned by their EXIF orientation.
    """
    known = [(image, traits[image.content]) for image in sorted(images, key=lambda image: image.id)]
    notes = (_transparent(known), _deep(known), _left_out(known), _oriented(known, turned))
    warnings = (_one_colour(known), *_alike(known), _shallow(known))
    return tuple(filter(None, notes)), tuple(filter(None, warnings))


def _transparent(known: Traits) -> str:
    ids = [image.id for image, found in known if found.transparent]
    return f"{_of(ids, known)} transparent and laid on white: {listed(ids, most=3)}" if ids else ""


def _deep(known: Traits) -> str:
    ids = [image.id for image, found in known if found.deepest is not None]
    if not ids:
        return ""
    how = "scaled to eight bits by the whole range of their type, all alike (integers 0 to 65535, floats 0 to 1)"
    return f"{_of(ids, known)} of more than eight bits a channel and {how}: {listed(ids, most=3)}"


def _left_out(known: Traits) -> str:
    ids = [image.id for image, found in known if found.left_out]
    if not ids:
        return ""
    how = "of which the first three are read as red, green and blue and the others left out"
    return f"{_of(ids, known)} of more than three channels, {how}: {listed(ids, most=3)}"


def _oriented(known: Traits, turned: bool) -> str:
    ids = [image.id for image, found in known if found.oriented]
    if not ids:
        return ""
    if turned:
        return f"{_of(ids, known)} turned by their EXIF orientation: {listed(ids, most=3)}"
    return (
        f"{_of(ids, known)} stored on their side or head (EXIF orientation) and used as they are stored, as open_clip "
        f"does: {listed(ids, most=3)}; the option turn_by_exif turns them"
    )


def _one_colour(known: Traits) -> str:
    ids = [image.id for image, found in known if found.one_colour]
    return f"{_of(ids, known)} of one colour all over: {listed(ids)}" if ids else ""


def _alike(known: Traits) -> list[str]:
    """Classes whose pictures can't be told apart, however many files they are."""
    by_class: dict[str, list[PictureTraits]] = defaultdict(list)
    for image, found in known:
        by_class[image.class_id].append(found)
    told = []
    for class_id, own in sorted(by_class.items()):
        if len({found.pixels for found in own}) == 1 and len(own) > 1:
            told.append(f"class {listed([class_id])}: its {len(own)} pictures all look the same")
        elif all(found.one_colour for found in own):
            told.append(f"class {listed([class_id])}: all of its {len(own)} pictures are of one colour all over")
    return told


def _shallow(known: Traits) -> str:
    depths = [found.deepest for _, found in known if found.deepest is not None]
    bits = max(depths, default=MOST).bit_length()
    if bits > SHALLOW_BITS:
        return ""
    return (
        f"none of the {len(depths)} pictures of 16 bits a channel has a value above {max(depths)} of {MOST}, so they "
        f"are nearly black; if they are {max(bits, 10)}-bit data, multiply all of them by {2 ** (16 - max(bits, 10))} "
        "and save them again"
    )


def _of(ids: Sequence[str], known: Traits) -> str:
    return f"{len(ids)} of {len(known)} pictures {'is' if len(ids) == 1 else 'are'}"
