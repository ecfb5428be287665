"""What became of every image a person gave, in plain lines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prompt_search.data.layouts.image_source import ROLES, Role
from prompt_search.data.names.printable import listed, printable

__all__ = ["DataReport"]

MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was used, what was left out, and why.

    Attributes:
        classes: how many there are.
        used: how many images each role has.
        unused: images left over in the given splits after search and select were drawn from them.
        corrupt: image ids with the reason why they can't be read or decoded, here at least.
        duplicates: image ids with the id of the image of the same bytes and class that was kept.
        contradictions: groups of (image id, class id) whose bytes are the same and whose classes differ.
        unlabelled: rows without a class or a picture, with the reason.
        near_duplicates: image ids with the id of the image of a more sealed split that they nearly are, and the cosine.
        ignored: files that are no pictures.
        notes: what was recognised and how it was read, one sentence each.
        warnings: what a person should know, one sentence each.

    >>> for line in DataReport(2, {"search": 4, "select": 4, "test": 9}, corrupt=(("cat/1.png", "cut off"),)).lines():
    ...     print(line)
    2 classes: 4 images to search with, 4 to select with, 9 sealed for the test
    1 unreadable image left out:
      cat/1.png: cut off
    """

    classes: int
    used: Mapping[Role, int]
    unused: int = 0
    corrupt: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()
    contradictions: tuple[tuple[tuple[str, str], ...], ...] = ()
    unlabelled: tuple[tuple[str, str], ...] = ()
    near_duplicates: tuple[tuple[str, str, float], ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The sizes of the splits, then the findings."""
        search, select, test = (self.used[role] for role in ROLES)
        sizes = f"{search} images to search with, {select} to select with, {test} sealed for the test"
        return [f"{self.classes} classes: {sizes}", *self.findings()]

    def findings(self) -> list[str]:
        """What was found, one finding per line; names are escaped, long lists are cut with their count."""
        lines = []
        if self.unused:
            lines.append(f"{_images(self.unused)} of the given splits not used")
        lines += _section(
            f"{_images(len(self.corrupt), 'unreadable ')} left out:",
            (f"{printable(image)}: {printable(reason)}" for image, reason in self.corrupt),
        )
        rows = "row" if len(self.unlabelled) == 1 else "rows"
        lines += _section(
            f"{len(self.unlabelled)} {rows} without a usable label left out:",
            (f"{printable(row)}: {printable(reason)}" for row, reason in self.unlabelled),
        )
        lines += _section(
            f"{_images(len(self.duplicates), 'duplicate ')} left out:",
            (f"{printable(image)}: the same bytes as {printable(kept)}" for image, kept in self.duplicates),
        )
        lines += _section(
            f"{_images(sum(map(len, self.contradictions)))} left out because the same bytes are in different classes:",
            (", ".join(f"{printable(i)} ({printable(c)})" for i, c in group) for group in self.contradictions),
        )
        lines += _section(
            f"{_images(len(self.near_duplicates))} left out of search and select, nearly the same as one of a more "
            "sealed split:",
            (f"{printable(a)}: like {printable(b)}, cosine {cosine:.3f}" for a, b, cosine in self.near_duplicates),
        )
        if self.ignored:
            files = "file that is no picture" if len(self.ignored) == 1 else "files that are no pictures"
            lines.append(f"{len(self.ignored)} {files} ignored: {listed(self.ignored)}")
        lines += [printable(note) for note in self.notes]
        return lines + [f"warning: {printable(warning)}" for warning in self.warnings]

    def left_out(self) -> str:
        """All that was left out in one sentence, to explain why a class has too few images; may be empty."""
        parts = [
            ("unreadable", [f"{image} ({reason})" for image, reason in self.corrupt]),
            ("without a usable label", [f"{row} ({reason})" for row, reason in self.unlabelled]),
            ("duplicate", [image for image, _ in self.duplicates]),
            ("nearly the same as another", [image for image, _, _ in self.near_duplicates]),
            ("in several classes", [image for group in self.contradictions for image, _ in group]),
        ]
        told = [f"{len(images)} {what}: {listed(images)}" for what, images in parts if images]
        return f"left out were {'; '.join(told)}" if told else ""


def _images(count: int, kind: str = "") -> str:
    return f"{count} {kind}image{'s' * (count != 1)}"


def _section(title: str, details: Iterable[str]) -> list[str]:
    details = list(details)
    if not details:
        return []
    shown = [f"  {detail}" for detail in details[:MOST_LINES]]
    rest = len(details) - MOST_LINES
    return [title, *shown, *([f"  and {rest} more"] if rest > 0 else [])]
