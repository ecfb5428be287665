"""Files and folders that systems and editors leave behind, and that are no part of a data set."""

import re

__all__ = ["is_system"]

FOUND = re.compile(r"found\.\d{3}")
"""Where Windows puts what it found on a damaged disk."""

NAMES = frozenset(
    {
        "__macosx",
        "icon\r",
        "network trash folder",
        "temporary items",
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "$recycle.bin",
        "recycler",
        "recycled",
        "recycle bin",
        "system volume information",
        "lost+found",
        "lost.dir",
        "@eadir",
        "@recycle",
        "@recently-snapshot",
        "@sharebin",
        "@tmp",
        "@transcode",
        "~snapshot",
        "node_modules",
        "venv",
        "#recycle",
        "#snapshot",
        "__pycache__",
        "picasa.ini",
        "zbthumbnail.info",
    }
)


def is_system(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or put there by a NAS, Windows, macOS or an editor.

    >>> [is_system(name) for name in (".DS_Store", "@eaDir", "Thumbs.db", "~$notes.docx", "cat")]
    [True, True, True, True, False]
    """
    lower = name.lower()
    return (
        name.startswith((".", "~$"))
        or lower in NAMES
        or (lower.endswith((":zone.identifier", "@synoeastream")) or FOUND.fullmatch(lower) is not None)
    )
