"""Names of folders that lie beside or inside class folders and are no classes."""

import re

__all__ = ["is_beside", "is_no_picture_of_a_class"]

OVERLAYS = re.compile(
    r"(segmented_)?masks?|annotat(ed|ions?)|labels?|bbox(es)?|box(es)?|xml|json|csv|txt|gt|ground_?truths?"
    r"|segmentations?|segs?|depths?|heatmaps?"
)
PAPERS = re.compile(r"docs?|documentation|meta(data)?|scripts?|code|src|logs?|models?|cache")


def is_no_picture_of_a_class(name: str) -> bool:
    """Whether a folder of this name, found in every class, holds annotations of the pictures and not pictures.

    >>> is_no_picture_of_a_class("Masks"), is_no_picture_of_a_class("images")
    (True, False)
    """
    return OVERLAYS.fullmatch(_plain(name)) is not None


def is_beside(name: str) -> bool:
    """Whether a folder of this name may lie beside the only folder of images.

    >>> is_beside("Annotations"), is_beside("cat")
    (True, False)
    """
    return is_no_picture_of_a_class(name) or PAPERS.fullmatch(_plain(name)) is not None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
