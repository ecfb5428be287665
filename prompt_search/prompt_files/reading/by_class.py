"""Texts listed by class: whole sentences, descriptors, or names, and what becomes a prompt of each."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evaluators import PHOTO_TEMPLATE, fill
from prompt_search.errors import PromptError
from prompt_search.prompt_files.reading.descriptors import (
    is_about,
    is_adjective,
    is_clause,
    is_picture,
    is_sentence,
    join,
    takes_english,
)
from prompt_search.prompt_files.reading.match_classes import loose

__all__ = ["FORMATS", "ClassTexts", "Format", "class_texts", "share_named"]

Format = Literal["dclip", "cupl"]
FORMATS: tuple[Format, ...] = ("dclip", "cupl")
"""`dclip`: descriptors to be joined with the class's name. `cupl`: texts to be taken as they are."""

MOST = 0.5
"""Share of texts with their class's name from which on they are sentences about it. Published CuPL files have 0.95 to
0.98 (CIFAR-10, Pets) and 0.73 (EuroSAT, whose names are long); DCLIP's have 0.00 and 0.01."""
SOME = 0.2
"""The share up to which what does not fit a form counts as an exception to it."""
FEW = 0.05
"""The share of descriptors among sentences up to which they are left as they are: published CuPL files have 0.00 to
0.02 that are not written as sentences, remains of cut replies ("surrounded by trees.")."""
SHORT = 12
"""Words of a text that reads as a descriptor."""
SEPARATOR = "**+*+**"
"""What ProAPO writes between a name and its description."""
NAME_LENGTH = 4
IGNORED = frozenset(["a", "an", "the", "of", "or", "and", "in", "on", "with"])


@dataclass(frozen=True, slots=True)
class ClassTexts:
    """Prompts made of a file's texts.

    Attributes:
        form: of the file, for a person.
        how: what was done with the texts.
        texts: per entry its prompts.
    """

    form: str
    how: str
    texts: Mapping[str, list[str]]


def class_texts(
    texts: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]], stated: Format | None = None
) -> ClassTexts:
    """What a file's texts are, and the prompts they make.

    Args:
        texts: per entry its texts, some with none.
        names: per entry what its class is called, the name in the data first.
        stated: what they are, where a person says so.

    Raises:
        PromptError: if it can't be told whether the texts are to be joined with the class's name.
    """
    every = [(entry, text) for entry, own in texts.items() for text in own]
    named = share_named(texts, names)
    english = takes_english(text for _, text in every)
    told = f"{100 * named:.0f} % of the texts hold the name of their class"

    def made(form: str, how: str, prompt: Callable[[str, str], str]) -> ClassTexts:
        return ClassTexts(form, how, {e: [prompt(e, text) for text in own] for e, own in texts.items()})

    if any(SEPARATOR in text for _, text in every):
        how = f'the name in "{PHOTO_TEMPLATE}", then the description'
        return made("ProAPO's names and descriptions by class", how, lambda _, text: _of_proapo(text))
    if stated is None and _are_names(texts, names):
        return made("names by class", "as they are, no template around them", lambda _, text: text)
    form = stated or _form(texts, names)
    bare = frozenset() if stated else _bare(texts, names)
    if form == "cupl" and bare:
        how = f"as they are, but for {len(bare)} of {len(every)}: descriptors, joined with the name; {told}"
        return made(
            "sentences and descriptors by class",
            how,
            lambda e, text: join(names[e][0], text, english=english) if (e, text) in bare else text,
        )
    if form == "cupl":
        return made("sentences by class (CuPL)", f"as they are; {told}", lambda _, text: text)
    if form == "dclip":
        how = "joined with the class's name" + ("" if english else " by a comma")
        return made("descriptors by class (DCLIP)", f"{how}; {told}", lambda e, text: _joined(text, names[e], english))
    entry, text = every[0]
    joined = join(names[entry][0], text, english=english)
    raise PromptError(
        f"it is unclear how its texts become prompts ({text[:60]!r}): {told}; say that the format is dclip to join "
        f"each with its class's name ({joined[:80]!r}), or cupl to take them as they are"
    )


def share_named(texts: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]], part: float = 0.5) -> float:
    """The share of texts, in [0, 1], that hold a name of their class, or a part of its words, in whatever form."""
    held = [any(_holds(text, name, part) for name in names[entry]) for entry, own in texts.items() for text in own]
    return sum(held) / max(1, len(held))


def _form(texts: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]]) -> Format | None:
    """What texts are by their shape and their names; `None` where these disagree."""
    every = [text for own in texts.values() for text in own]
    fragments = sum(is_clause(text) or not is_sentence(text) for text in every) / len(every)
    if fragments < 1 - SOME:
        named = share_named(texts, names)
        return "cupl" if named >= MOST or (named > SOME and fragments <= SOME) else None
    whole = share_named(texts, names, part=1.0)  # "black fur" of a black cat has a word of the name
    bare = sum(len(text.split()) == 1 and text.isascii() and not is_adjective(text) for text in every)
    if whole >= MOST:
        return "cupl"
    return "dclip" if whole <= SOME and bare <= MOST * len(every) else None  # many bare words are other names


def _bare(texts: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]]) -> frozenset[tuple[str, str]]:
    """The descriptors among sentences, by entry: a text encoder sees no class in them."""
    found = [(entry, text) for entry, own in texts.items() for text in own if _lacks_name(text, names[entry])]
    unwritten = [(entry, text) for entry, text in found if not _is_written(text)]
    total = sum(map(len, texts.values()))
    if len(found) > SOME * total:
        return frozenset(found)
    return frozenset(unwritten if len(unwritten) > FEW * total else ())


def _lacks_name(text: str, names: Sequence[str]) -> bool:
    """Whether a text is a descriptor without the class: short, no sentence, and of a short name not all words."""
    words = len(text.split())
    if not 0 < words <= SHORT or is_about(text) or (is_sentence(text) and not is_clause(text)):
        return False
    part = 1.0 if words <= NAME_LENGTH and not _is_written(text) else MOST  # "black fur" of a black cat
    return not any(_holds(text, name, part) for name in names)


def _is_written(text: str) -> bool:
    return text[:1].isupper() and text.endswith(".")


def _joined(text: str, names: Sequence[str], english: bool) -> str:
    """The descriptor with its class's name, or the text itself where it is a sentence or picture that has the name."""
    whole = is_picture(text) or (is_sentence(text) and not is_clause(text))
    if whole and any(loose(name) in loose(text) for name in names):
        return text
    return join(names[0], text, english=english)


def _are_names(texts: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]]) -> bool:
    """Whether the lists are synonyms: short, and most of them with the class's own name as one of the texts."""
    own = {entry: {loose(name) for name in names[entry]} for entry in texts}
    filled = {entry: each for entry, each in texts.items() if each}
    with_own = sum(any(loose(text) in own[entry] for text in each) for entry, each in filled.items())
    long = sum(
        len(text.split()) > max(NAME_LENGTH, len(names[e][0].split())) for e, each in filled.items() for text in each
    )
    return with_own > MOST * len(filled) and long <= SOME * sum(map(len, filled.values()))


def _of_proapo(text: str) -> str:
    name, _, description = (part.strip() for part in text.partition(SEPARATOR))
    return f"{fill(PHOTO_TEMPLATE, name)} {description}".rstrip()


def _holds(text: str, name: str, part: float) -> bool:
    whole = not name.isascii() or len(name) >= 2 * NAME_LENGTH  # scripts without spaces; compounds
    if whole and loose(name) in loose(text):
        return True
    said = _words(text)
    wanted = dict.fromkeys([word for word in _words(name) if word not in IGNORED] or _words(name))
    found = sum(any(_is_form_of(word, each) for each in said) for word in wanted)
    return bool(wanted) and found >= part * len(wanted)


def _is_form_of(word: str, said: str) -> bool:
    """Whether a word is another in the plural or another case."""
    root = word[:-2] if len(word) > NAME_LENGTH and word.endswith("es") else word
    root = root[:-1] if len(root) > 3 and root.endswith("s") and not root.endswith("ss") else root
    stem = root[: max(NAME_LENGTH, len(root) - 2)]
    return said.startswith(stem) and len(said) <= len(word) + 3


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
