"""Class ids that are one word in several spellings: other capitals, another Unicode form, `_` for a space."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import Listing
from prompt_search.data.names.printable import listed

__all__ = ["check_spellings", "plain_spelling", "spelled_out"]

WAYS = "capitals, Unicode form, `_` or `-` for a space, `1.0` for `1`"


def check_spellings(listing: Listing) -> tuple[str, ...]:
    """Warnings about classes whose ids differ in spelling only. Letters may be classes in both cases.

    Raises:
        DataError: if such classes are in different splits, so that they can only be one class.
    """
    by_plain: dict[str, list[str]] = defaultdict(list)
    for class_id in listing.class_ids:
        by_plain[plain_spelling(class_id)].append(class_id)
    groups = [ids for plain, ids in by_plain.items() if len(ids) > 1 and not (len(plain) == 1 and plain.isalpha())]
    if apart := [ids for ids in groups if _in_different_splits(listing, ids)]:
        raise DataError(
            f"classes differ between the splits only in spelling ({WAYS}): "
            f"{'; '.join(spelled_out(ids) for ids in apart[:5])}{_more(apart)}; rename them alike in every split"
        )
    return tuple(
        f"the classes {spelled_out(ids)} differ only in spelling ({WAYS}), and are "
        "read as different classes; if they are one, rename them alike"
        for ids in groups
    )


def plain_spelling(class_id: str) -> str:
    r"""What is left of an id without capitals, Unicode forms, the kind of its spaces, and the form of its number.

    >>> plain_spelling("Cafe\u0301_Noir") == plain_spelling("caf\u00e9 noir")
    True
    >>> plain_spelling("01"), plain_spelling("1.0"), plain_spelling("1.5")
    ('1', '1', '1.5')
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", class_id).casefold())
    spaced = " ".join(text.replace("_", " ").replace("-", " ").split()) or text
    number = re.fullmatch(r"0*(\d+)(\.0+)?", spaced)
    return number[1] if number else spaced


def spelled_out(ids: Sequence[str]) -> str:
    r"""The ids as `listed`, with escapes where they would look the same.

    >>> print(spelled_out(["Cat", "cat"]), spelled_out(["caf\u00e9", "cafe\u0301"]))
    'Cat', 'cat' 'caf\xe9', 'cafe\u0301'
    """
    alike = len({unicodedata.normalize("NFC", class_id) for class_id in ids}) < len(ids)
    return ", ".join(ascii(class_id) for class_id in ids) if alike else listed(ids)


def _in_different_splits(listing: Listing, ids: Sequence[str]) -> bool:
    """Whether one of the classes lacks pictures in a given split where another has some."""
    roles = {class_id: {image.given for image in listing.images if image.class_id == class_id} for class_id in ids}
    return bool(listing.given) and len(set(map(frozenset, roles.values()))) > 1


def _more(groups: Sequence[object]) -> str:
    return f" and {len(groups) - 5} more" if len(groups) > 5 else ""
