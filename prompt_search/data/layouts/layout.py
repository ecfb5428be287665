"""How a folder is read: which folders are classes, which are splits, which tables name labels."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from prompt_search.data.layouts.image_source import Role

__all__ = ["ClassFolder", "Layout"]


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder whose pictures, however deep, are of one class.

    Attributes:
        path: absolute.
        class_id: the class.
        given: the role of its pictures, None if it is to be drawn.
        without: folders directly in it that are passed over.
    """

    path: Path
    class_id: str
    given: Role | None = None
    without: frozenset[str] = frozenset()


@dataclass(slots=True)
class Layout:
    """How a folder is read.

    Attributes:
        base: the folder that holds the class folders, the splits or the pictures: the one given, or one inside.
        classes: their folders; a class may have several.
        tables: metadata files that name pictures and their labels, with the role of those.
        given: the roles that the splits give.
        loose: files that lie beside what is read.
        notes, warnings: what was recognised, and what a person should look at.
    """

    base: Path
    classes: list[ClassFolder] = field(default_factory=list)
    tables: list[tuple[Path, Role | None]] = field(default_factory=list)
    given: frozenset[Role] = frozenset()
    loose: list[os.DirEntry[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
