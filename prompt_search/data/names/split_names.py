"""Which folders are splits: names for training, validation and test sets in any spelling."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from prompt_search.data.layouts.image_source import Role
from prompt_search.data.names.printable import listed

__all__ = [
    "has_split_word",
    "is_usual",
    "loose_split_roles",
    "split_role",
    "split_roles",
    "split_word",
    "told_roles",
    "with_sealed_test",
]

USUAL: Mapping[str, Role] = {
    "train": "search",
    "search": "search",
    "val": "select",
    "valid": "select",
    "validation": "select",
    "select": "select",
    "test": "test",
}
WORDS: Mapping[str, Role] = {
    **USUAL,
    "training": "search",
    "trn": "search",
    "trainval": "search",
    "trainvalid": "search",
    "traindev": "search",
    "validate": "select",
    "validating": "select",
    "dev": "select",
    "devel": "select",
    "development": "select",
    "testing": "test",
    "tst": "test",
    "eval": "test",
    "evaluation": "test",
    "evaluate": "test",
    "holdout": "test",
    "heldout": "test",
}
PLAIN = {"set", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos", "split", "samples", "folder"}
USES: Mapping[Role, str] = {"search": "to search with", "select": "to select with", "test": "sealed for the test"}

Roles = Mapping[str, Role]


def is_usual(name: str) -> bool:
    """Whether the name is one of those that need no note.

    >>> is_usual("Train"), is_usual("Training")
    (True, False)
    """
    return name.lower() in USUAL


def split_role(name: str) -> Role | None:
    """The role of a split of this name; None if it is no split's.

    >>> [split_role(name) for name in ("Training", "val2017", "hold-out", "TestSet", "cats")]
    ['search', 'select', 'test', 'test', None]
    """
    plain = _plain(name)
    return WORDS.get(plain) or next(
        (WORDS[plain.removesuffix(s)] for s in PLAIN if plain.endswith(s) and plain.removesuffix(s) in WORDS), None
    )


def split_roles(names: Sequence[str]) -> Roles | None:
    """The role of every name, if all are splits' names but for what they begin and end with alike; else None.

    >>> split_roles(["cats_train", "cats_test"])
    {'cats_train': 'search', 'cats_test': 'test'}
    >>> split_roles(["train", "truck"]) is None
    True
    """
    alone = [split_role(name) for name in names]
    if names and all(alone):
        return dict(zip(names, (role for role in alone if role), strict=True))
    plain = [_plain(name) for name in names]
    for before, after in _shared(plain):
        roles = [WORDS.get(text[before : len(text) - after].strip("_")) for text in plain]
        if len(set(roles)) > 1 and all(roles):
            return dict(zip(names, (role for role in roles if role), strict=True))
    return None


def loose_split_roles(names: Sequence[str]) -> Roles | None:
    """The role of every name that has exactly one split's word in it; None if one has not, or all have the same.

    Only for folders whose contents are alike: `Training`, `PublicTest`, `PrivateTest`.

    >>> loose_split_roles(["Training", "PublicTest"])
    {'Training': 'search', 'PublicTest': 'test'}
    """
    words = {name: _split_words(name) for name in names}
    if any(len(own) != 1 for own in words.values()):
        return None
    found = {name: own[0] for name, own in words.items()}
    return found if len(set(found.values())) > 1 else None


def has_split_word(name: str) -> bool:
    """Whether exactly one word of the name is a split's.

    >>> has_split_word("PublicTest"), has_split_word("Public")
    (True, False)
    """
    return len(_split_words(name)) == 1


def split_word(name: str) -> str | None:
    """The one word of the name that is a split's; None if there is none, or there are several.

    >>> split_word("imagenet1k-train-0001"), split_word("shard-0001")
    ('train', None)
    """
    words = [word for word in _plain(name).split("_") if word in WORDS]
    return words[0] if len(words) == 1 else None


def _split_words(name: str) -> list[Role]:
    return [WORDS[word] for word in _plain(name).split("_") if word in WORDS]


def with_sealed_test(roles: Roles) -> tuple[Roles, tuple[str, ...]]:
    """The roles with validation as the test where there is no test, and a note that says so.

    >>> with_sealed_test({"train": "search", "val": "select"})[0]
    {'train': 'search', 'val': 'test'}
    """
    if "test" in roles.values() or "select" not in roles.values():
        return roles, ()
    changed = [name for name, role in roles.items() if role == "select"]
    sealed: dict[str, Role] = {name: "test" if role == "select" else role for name, role in roles.items()}
    note = f"there is no test split: {listed(changed)} is sealed for the test, and the images to select with are drawn"
    return sealed, (note + " from the training split",)


def told_roles(roles: Roles) -> str:
    """The roles in words.

    >>> told_roles({"Training": "search", "Testing": "test"})
    "'Training' to search with, 'Testing' sealed for the test"
    """
    return ", ".join(f"{listed([name])} {USES[role]}" for name, role in roles.items())


def _plain(name: str) -> str:
    """The name in lower case, its words joined by underscores, without numbers and words like `images`.

    >>> _plain("01_TrainImages2017"), _plain("Held-Out"), _plain("train_val")
    ('train', 'heldout', 'trainval')
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    words = [word for part in re.split(r"[\W_]+", apart) if (word := part.strip("0123456789"))]
    kept = [word for word in words if word not in PLAIN] or words
    joined = "_".join(kept)
    return re.sub(r"(h[oe]ld)_(out)\b|(train)_(val|valid|dev)\b", lambda m: "".join(filter(None, m.groups())), joined)


def _shared(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Lengths of what all names begin with and end with, the longest first."""
    shortest = min(map(len, names), default=0)
    before, after = _alike(names), _alike([name[::-1] for name in names])
    for start in range(min(before, shortest), -1, -1):
        for end in range(min(after, shortest - start), -1, -1):
            yield start, end


def _alike(names: Sequence[str]) -> int:
    """How many characters all names begin with."""
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False)))
