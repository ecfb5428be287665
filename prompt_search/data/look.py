"""What a data set holds, to look at before anything is run."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluators.errors import DataError
from prompt_search.data.encoding.file_index import FileIndex
from prompt_search.data.encoding.fingerprints import fingerprint
from prompt_search.data.layouts.image_source import ROLES, ImageFile, ImageSource, Role
from prompt_search.data.names.printable import counted, printable
from prompt_search.data.pictures.duplicates import distinct
from prompt_search.data.pictures.look_alikes import MOST, Pair, look_alikes
from prompt_search.data.report import DataReport
from prompt_search.data.sources.objects import OwnData
from prompt_search.data.sources.read import read_images
from prompt_search.data.sources.reading import Reading
from prompt_search.data.splits import split

__all__ = ["Seen", "look_at"]

MOST_CLASSES = 40
MOST_PAIRS = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """A data set as a run would read it.

    Attributes:
        classes: id, name, and how many usable images the class has by given split (one number if none is given).
        splits: the names of the given roles, empty if the three are drawn.
        would_use: how many images search, select and test would have by default; None where a run would refuse it.
        refused: why a run would refuse it; empty if it would not.
        report: what is left out, and how everything was read.
        alike: pairs of pictures that look the same; None if they were not looked for.
    """

    classes: tuple[tuple[str, str, tuple[int, ...]], ...]
    splits: tuple[str, ...]
    would_use: dict[str, int] | None
    refused: str
    report: DataReport
    alike: tuple[Pair, ...] | None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "classes": [{"id": i, "name": name, "images": list(counts)} for i, name, counts in self.classes],
            "splits": list(self.splits),
            "would_use": self.would_use,
            "refused": self.refused,
            "left_out": {
                "unreadable": [list(pair) for pair in self.report.corrupt],
                "unlabelled": [list(pair) for pair in self.report.unlabelled],
                "duplicates": [list(pair) for pair in self.report.duplicates],
                "contradictions": [[list(pair) for pair in group] for group in self.report.contradictions],
            },
            "look_alikes": None if self.alike is None else [list(pair.ids) for pair in self.alike],
            "notes": list(self.report.notes),
            "warnings": list(self.report.warnings),
        }

    def lines(self) -> list[str]:
        """For a person; names are escaped, long lists are cut with their count."""
        total = sum(sum(counts) for _, _, counts in self.classes)
        heading = f" in given splits {', '.join(self.splits)}" if self.splits else "; the three splits are drawn"
        lines = [f"{counted(len(self.classes), 'class', 'classes')}, {counted(total, 'usable image')}{heading}"]
        width = min(40, max((len(printable(class_id)) for class_id, _, _ in self.classes), default=0))
        for class_id, name, counts in self.classes[:MOST_CLASSES]:
            called = f"  {printable(name)}" if name != class_id else ""
            lines.append(f"  {printable(class_id):{width}} {' '.join(f'{count:6d}' for count in counts)}{called}")
        if len(self.classes) > MOST_CLASSES:
            lines.append(f"  and {len(self.classes) - MOST_CLASSES} more")
        if self.would_use is not None:
            search, select, test = (self.would_use[role] for role in ROLES)
            lines.append(f"a run would search with {search} images, select with {select} and seal {test} for the test")
        lines += self.report.findings()
        lines += self._told_near()
        return [*lines, *([f"a run would refuse this: {printable(self.refused)}"] if self.refused else [])]

    def _told_near(self) -> list[str]:
        if self.alike is None:
            return []
        if not self.alike:
            return ["no pictures that look the same were found"]
        across = sum(pair.across_splits for pair in self.alike)
        looks = counted(len(self.alike), "pair of pictures looks", "pairs of pictures look")
        told = f"{looks} the same ({across} in different splits):"
        pairs = [f"  {printable(a)} ~ {printable(b)}" for a, b in (pair.ids for pair in self.alike[:MOST_PAIRS])]
        rest = len(self.alike) - MOST_PAIRS
        return [told, *pairs, *([f"  and {rest} more"] if rest > 0 else [])]


def look_at(
    source: str | Path | OwnData,
    reading: Reading | None = None,
    *,
    cache_dir: Path,
    alike: bool = True,
    on_reading: Callable[[int, int], None] | None = None,
) -> Seen:
    """Read a data set as a run would, but encode nothing.

    Args:
        source, reading: see `read_images`.
        cache_dir: remembers the hashes of files, for the run.
        alike: look for pictures that look the same, which opens all of them.
        on_reading: called with the number of files read and to read.

    Raises:
        DataError: if it can't be read at all.
    """
    images = read_images(source, reading, cache_dir / "datasets")
    if images.features is None:
        readable, unreadable = fingerprint(images, FileIndex(cache_dir / "images.sqlite"), on_progress=on_reading)
    else:
        readable, unreadable = images.images, images.unreadable
    usable = distinct(readable)
    pairs: tuple[Pair, ...] | None = None
    corrupt: dict[str, str] = {}
    if alike and images.features is None and len(usable.images) <= MOST:
        pairs, corrupt = look_alikes(images, usable.images, fast=(reading or Reading()).decode == "fast")
    kept = [image for image in usable.images if image.id not in corrupt]
    report = DataReport(
        classes=len(images.classes),
        used={},
        corrupt=tuple(sorted((*unreadable, *corrupt.items()))),
        duplicates=tuple((image.id, first) for image, first in usable.duplicates),
        contradictions=tuple(tuple((i.id, i.class_id) for i in group) for group in usable.contradictions),
        unlabelled=images.unlabelled,
        ignored=images.ignored,
        notes=images.notes,
        warnings=images.warnings,
    )
    if alike and pairs is None:
        why = "there are only features" if images.features is not None else f"there are more than {MOST} of them"
        report = replace(report, notes=(*report.notes, f"pictures that look the same were not looked for: {why}"))
    would_use, refused = _would_use(images, kept)
    return Seen(_counted(images, kept), tuple(r for r in ROLES if r in images.given), would_use, refused, report, pairs)


def _would_use(source: ImageSource, kept: Sequence[ImageFile]) -> tuple[dict[str, int] | None, str]:
    ids = [label.id for label in source.classes]
    try:
        drawn = split(kept, None, None, 0, class_ids=ids, given=source.given)
    except DataError as error:
        return None, str(error)
    return {"search": len(drawn.search), "select": len(drawn.select), "test": len(drawn.test)}, ""


def _counted(source: ImageSource, kept: Sequence[ImageFile]) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    counts = Counter((image.class_id, image.given) for image in kept)
    roles: list[Role | None] = [role for role in ROLES if role in source.given]
    roles = roles or [None]
    return tuple((each.id, each.name, tuple(counts[each.id, role] for role in roles)) for each in source.classes)
