"""Class ids made readable: looked up, their numbers taken off, CamelCase opened; and every change told."""

import re
from collections.abc import Mapping, Sequence

from prompt_search.data.names.printable import listed, printable
from prompt_search.data.names.wordnet import is_wordnet_id, wordnet_names

__all__ = ["readable_names"]

SYNSET_PREFIX = re.compile(r"n\d{8}[-_. ]+(?=.*\w)")
NUMBER_PREFIX = re.compile(r"(\d+)([-_. ]+)(?=[^\W\d_])")
NO_WORD = re.compile(r"[\W\d_]*[a-z]?[\W\d_]*|(?:class|label|category|cat|cls|id|type|group|cluster|folder)[\W\d_]+")
SHORT_WORDS = re.compile("a[mnst]|b[ey]|do|go|he|i[fnst]|m[ey]|no|o[fnrx]|so|to|u[ps]|we")
HINT = "a classes.json says it better"

Names = Mapping[str, str]


def readable_names(class_ids: Sequence[str]) -> tuple[Names, tuple[str, ...], tuple[str, ...]]:
    """Names for prompts, made from ids alone; notes on what was changed; warnings about ids that are no words.

    Underscores become spaces. WordNet ids are looked up; `001.` and `n02085620-` before names are taken off, numbers
    only if all classes have them and they count; CamelCase is opened in lower case, but acronyms and brands like
    `iPhone` stay. Ids that are only numbers stay as they are: they may be what the pictures show.

    Args:
        class_ids: of all classes; what is a prefix is told from all of them.

    >>> readable_names(["SeaLake", "tabby_cat"])[0]
    {'SeaLake': 'sea lake', 'tabby_cat': 'tabby cat'}
    """
    looked_up = wordnet_names(ids) if (ids := [i for i in class_ids if is_wordnet_id(i)]) else {}
    bare = _without_numbers({i: SYNSET_PREFIX.sub("", i) for i in class_ids if i not in looked_up})
    spaced = {class_id: " ".join(name.replace("_", " ").split()) for class_id, name in bare.items()}
    opened = {class_id: " ".join(map(_open_camel_case, name.split(" "))) for class_id, name in spaced.items()}
    changes = (
        ("WordNet ids were looked up", looked_up),
        ("what stands before names was taken off", {i: spaced[i] for i in bare if bare[i] != i}),
        ("CamelCase was opened", {i: opened[i] for i in opened if opened[i] != spaced[i]}),
    )
    notes = tuple(_told(what, changed, len(class_ids)) for what, changed in changes if changed)
    names = {i: looked_up.get(i) or opened[i] for i in class_ids}
    unknown = {i: names[i] for i in class_ids if i not in looked_up}
    return names, notes, (*_no_words(unknown, len(class_ids)), *_numbered(unknown, len(class_ids)))


def _told(what: str, changed: Names, of: int) -> str:
    pairs = [f"'{printable(before)}' -> '{printable(after)}'" for before, after in changed.items()]
    more = f" and {len(pairs) - 5} more" if len(pairs) > 5 else ""
    return f"class names: {what} ({len(pairs)} of {of}): {', '.join(pairs[:5])}{more}; {HINT}"


def _without_numbers(names: Names) -> Names:
    """Without the numbers that count classes: all have one, all differ, and what is left differs, too.

    >>> _without_numbers({"a": "001.crow", "b": "002.owl"}), _without_numbers({"a": "2_doors", "b": "18_doors"})
    ({'a': 'crow', 'b': 'owl'}, {'a': '2_doors', 'b': '18_doors'})
    """
    found = [NUMBER_PREFIX.match(name) for name in names.values()]
    matches = [match for match in found if match]
    if len(matches) < max(2, len(names)):
        return names
    numbers = [match[1] for match in matches]
    rest = [name[match.end() :] for name, match in zip(names.values(), matches, strict=True)]
    padded = any(number.startswith("0") for number in numbers) and len(set(map(len, numbers))) == 1
    dotted = all("." in match[2] for match in matches)
    counted = sorted(map(int, numbers)) in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))
    if (
        not (padded or dotted or counted)
        or len(set(numbers)) < len(numbers)
        or len(set(map(str.lower, rest))) < len(rest)
    ):
        return names
    return dict(zip(names, rest, strict=True))


def _open_camel_case(word: str) -> str:
    """A word of several in one, opened; anything else as it is.

    >>> [_open_camel_case(w) for w in ("SeaLake", "MRIScan", "BMW", "iPhone", "McDonald", "VitaminC", "OnRoad")]
    ['sea lake', 'MRI scan', 'BMW', 'iPhone', 'McDonald', 'vitamin C', 'on road']
    """
    parts, start = [], 0
    for i in range(1, len(word)):
        begins = word[i - 1].islower() and word[i].isupper()
        if begins or (word[i - 1].isupper() and word[i].isupper() and word[i + 1 : i + 2].islower()):
            parts.append(word[start:i])
            start = i
    parts.append(word[start:])
    if len(parts) < 2 or not all(_is_word(part) for part in parts):
        return word
    return " ".join(part if part[-1].isupper() or part[-1].isdigit() else part.lower() for part in parts)


def _is_word(part: str) -> bool:
    """Whether a part stands for itself: a word of three letters or a short one that is known, or an acronym."""
    return part.isupper() or (len(part) > 2 and part.isalnum()) or SHORT_WORDS.fullmatch(part.lower()) is not None


def _numbered(names: Names, of: int) -> tuple[str, ...]:
    """Numbers that may count classes or belong to their names were left where they are."""
    odd = [(name, match) for name in names.values() if (match := NUMBER_PREFIX.match(name))]
    counting = any(match[1].startswith("0") or "." in match[2] for _, match in odd)
    if not odd or (len(odd) < of and not counting):
        return ()
    some = "all" if len(odd) == of else f"{len(odd)} of {of}"
    found = listed([name for name, _ in odd], most=5)
    return (
        f"{some} class names begin{'s' * (len(odd) == 1)} with numbers, which prompts will say, too: {found}; {HINT}",
    )


def _no_words(names: Names, of: int) -> tuple[str, ...]:
    odd = {
        class_id: name for class_id, name in names.items() if is_wordnet_id(class_id) or NO_WORD.fullmatch(name.lower())
    }
    if not odd:
        return ()
    numbers = all(name.isdigit() for name in odd.values())
    one, many = ("is a number", "are numbers") if numbers else ("is no word", "are no words")
    good = "; if the number is what the pictures show, all is well" if numbers else ""
    return (
        f"{len(odd)} of {of} class names {one if len(odd) == 1 else many}, and prompts will say just that: "
        f'{listed(list(odd.values()))}; give names in a classes.json, {{"{printable(next(iter(odd)))}": "name"}}{good}',
    )
