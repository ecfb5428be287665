"""`--classes`: names for classes, or which of them to keep."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.errors import DataError
from prompt_search.data.home import from_home
from prompt_search.data.layouts.image_source import Listing
from prompt_search.data.names.class_names import guess, parse_names
from prompt_search.data.names.printable import counted, listed, printable

__all__ = ["StatedClasses", "keep_classes", "stated_classes"]


@dataclass(frozen=True, slots=True)
class StatedClasses:
    """What a person says of classes.

    Attributes:
        ids: of those to keep; an id or the name of one class.
        names: for those that are given new names.
        where: for messages.
    """

    ids: tuple[str, ...]
    names: Mapping[str, str]
    where: str


def stated_classes(text: str) -> StatedClasses:
    """Read a file `{class id: name}`, a JSON list or one id a line; or ids with commas between them.

    Raises:
        DataError: if the file can't be used, or there is none and no comma.

    >>> stated_classes("cat, dog").ids
    ('cat', 'dog')
    """
    path = from_home(text)
    if not path.is_file():
        if "," not in text or path.suffix.lower() in (".json", ".txt"):
            raise DataError(
                f"classes: {printable(text)} is no file; give one, or ids with commas between them (cat,dog)"
            )
        return _once(text.split(","), {}, "--classes")
    if path.suffix.lower() != ".txt" and isinstance(content := _json(path), list):
        if not all(isinstance(each, str | int) and not isinstance(each, bool) for each in content):
            raise DataError(f"{printable(str(path))} must hold ids of classes")
        return _once([str(each) for each in content], {}, str(path))
    if path.suffix.lower() == ".txt":
        return _once(_lines(path), {}, str(path))
    names = parse_names(path)
    return StatedClasses(tuple(names), names, str(path))


def keep_classes(listing: Listing, stated: StatedClasses) -> Listing:
    """The listing with the classes that are stated only.

    Raises:
        DataError: if one is not there (close ones are named), or fewer than two are left.
    """
    by_name: dict[str, list[str]] = {}
    for class_id, name in listing.names.items():
        by_name.setdefault(name, []).append(class_id)
    wanted = {
        text: text if text in listing.class_ids else next(iter(by_name.get(text, ())), text) for text in stated.ids
    }
    where = printable(stated.where)
    if unsure := [text for text in stated.ids if text not in listing.class_ids and len(by_name.get(text, ())) > 1]:
        raise DataError(
            f"{where}: several classes are called {listed(unsure[:1])}: {listed(by_name[unsure[0]])}; give ids"
        )
    if unknown := [text for text, class_id in wanted.items() if class_id not in listing.class_ids]:
        guesses = "; ".join(guess(text, (*listing.class_ids, *by_name)) for text in unknown[:10])
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        raise DataError(
            f"{where} has {counted(len(unknown), 'id that is', 'ids that are')} no class of the data: {guesses}{more}"
        )
    kept = set(wanted.values())
    if len(kept) < 2:
        raise DataError(f"{where} keeps only one class; two are needed")
    left = [class_id for class_id in listing.class_ids if class_id not in kept]
    note = f"{len(kept)} of {len(listing.class_ids)} classes are kept ({where}); left out: {listed(left)}"
    return replace(
        listing,
        class_ids=tuple(class_id for class_id in listing.class_ids if class_id in kept),
        images=tuple(image for image in listing.images if image.class_id in kept),
        names={**listing.names, **{wanted[text]: name for text, name in stated.names.items()}},
        notes=(*listing.notes, *([note] if left else [])),
    )


def _once(ids: Sequence[str], names: Mapping[str, str], where: str) -> StatedClasses:
    """Ids without blanks, each once."""
    plain = tuple(dict.fromkeys(text.strip() for text in ids if text.strip()))
    if not plain:
        raise DataError(f"{printable(where)} names no class")
    return StatedClasses(plain, names, where)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{printable(str(path))} can't be read: {error}") from error


def _json(path: Path) -> object:
    """The content of a JSON file; None if it is no list, for others to say what is wrong."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
