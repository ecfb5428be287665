"""Labelled images of a person, read, checked, split into search, select and test, and encoded once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prompt_search.data.load import DataSplits, load_splits
    from prompt_search.data.report import DataReport
    from prompt_search.data.sources.read import read_images
    from prompt_search.data.sources.reading import Reading

__all__ = ["DataReport", "DataSplits", "Reading", "load_splits", "read_images"]

_HOME = {
    "DataReport": "prompt_search.data.report",
    "DataSplits": "prompt_search.data.load",
    "Reading": "prompt_search.data.sources.reading",
    "load_splits": "prompt_search.data.load",
    "read_images": "prompt_search.data.sources.read",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Names are imported when first used: the command line's help needs `Reading`, and no numpy."""
    import importlib

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return found
