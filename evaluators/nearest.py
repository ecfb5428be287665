"""What a misspelt name may be meant to be."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

__all__ = ["nearest"]

WORD = 0.75
"""How alike a word of a longer name must be to stand for it; below, short words stand for anything."""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is most like this one, in any capitals; else one that has a word most like it.

    Args:
        name: which is not among them.
        known: names, of words joined by `-` or `_`.
        cutoff: how alike whole names must be, in [0, 1].

    >>> known = ["ensemble-selection", "cupl", "hill-climb"]
    >>> nearest("CuPl", known), nearest("ensmble", known), nearest("zzz", known)
    ('cupl', 'ensemble-selection', None)
    """
    names = list(known)
    whole = [(_alike(name, each), each) for each in names]
    words = [(_alike(name, word), each) for each in names for word in re.split(r"[-_]", each)]
    for pairs, least in ((whole, cutoff), (words, WORD)):
        if likely := [pair for pair in pairs if pair[0] >= least]:
            return max(likely, key=lambda pair: pair[0])[1]
    return None


def _alike(a: str, b: str) -> float:
    return SequenceMatcher(None, a.lower(), b.lower()).ratio()
