"""Class ids that are one word in several spellings: other capitals, another Unicode form, `_` for a space."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from evaluators.errors import DataError
from prompt_search.data.image_source import Listing
from prompt_search.data.printable import listed

__all__ = ["check_spellings", "plain_spelling", "spelled_out"]


def check_spellings(listing: Listing) -> tuple[str, ...]:
    """Warnings about classes whose ids differ in spelling only. Letters may be classes in both cases.

    Raises:
        DataError: if such classes are in different splits, so that they can only be one class.
    """
    by_plain: dict[str, list[str]] = defaultdict(list)
    for class_id in listing.class_ids:
        by_plain[plain_spelling(class_id)].append(class_id)
    groups = [ids for plain, ids in by_plain.items() if len(ids) > 1 and len(plain) > 1]
    if apart := [ids for ids in groups if _in_different_splits(listing, ids)]:
        raise DataError(
            "classes differ between the splits only in capitals, Unicode form, or `_` and `-` for a space: "
            f"{'; '.join(spelled_out(ids) for ids in apart[:5])}{_more(apart)}; rename them alike in every split"
        )
    return tuple(
        f"the classes {spelled_out(ids)} differ only in capitals, Unicode form, or `_` and `-` for a space, and are "
        "read as different classes; if they are one, rename them alike"
        for ids in groups
    )


def plain_spelling(class_id: str) -> str:
    r"""What is left of an id without capitals, Unicode forms and the kind of its spaces.

    >>> plain_spelling("Cafe\u0301_Noir") == plain_spelling("caf\u00e9 noir")
    True
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", class_id).casefold())
    return " ".join(text.replace("_", " ").replace("-", " ").split()) or text


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
