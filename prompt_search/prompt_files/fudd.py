"""FuDD's own files: pairs of classes by index, and beside them the list of class names that the indices count."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators import PHOTO_TEMPLATE, Candidate, ClassLabel, ClassPair, Difference, PairwisePrompts, PromptSet
from prompt_search.errors import PromptError
from prompt_search.prompt_files.prompts_json import read_json
from prompt_search.prompt_files.reading.match_classes import match_each

__all__ = ["fudd_class_names", "fudd_files", "is_fudd", "pairs_from_fudd"]

PAIRS, NAMES = "prompt_pairs", "class_names"
KEY = re.compile(r"\d{1,9}_\d{1,9}")


def fudd_files(prompts: Candidate) -> dict[str, str]:
    """The two files of FuDD by name; the base and K have no place in them.

    `{"min_max": {"classes": [min, max], "prompt_pairs": [{"attr_type": ..., "prompt_pair": [for min, for max]}]}}`, and
    the list of class names in order of the indices.

    Raises:
        PromptError: if there are no pairs.
    """
    if not isinstance(prompts, PairwisePrompts):
        raise PromptError("these prompts have no texts for pairs of classes, so FuDD's form has no place for them")
    index = {label.id: i for i, label in enumerate(prompts.classes)}
    content = {}
    for pair in prompts.pairs:
        classes = [index[class_id] for class_id in pair.ids]
        told = [{"attr_type": d.attribute, "prompt_pair": [d.first, d.second]} for d in pair.differences]
        content[f"{classes[0]}_{classes[1]}"] = {"classes": classes, "prompt_pairs": told}
    names = [label.name for label in prompts.classes]
    return {f"fudd_{PAIRS}.json": _pretty(content), f"fudd_{NAMES}.json": _pretty(names)}


def is_fudd(value: object) -> bool:
    """Whether a JSON value is FuDD's file of pairs."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(KEY.fullmatch(key) and isinstance(each, dict) and PAIRS in each for key, each in value.items())
    )


def pairs_from_fudd(value: Mapping[str, Any], classes: Sequence[ClassLabel], path: Path) -> PairwisePrompts:
    """Pairwise prompts over "a photo of a {}." from FuDD's file of pairs, with the default K.

    The names that the indices count are in the file of the same name with `class_names` for `prompt_pairs`.

    Raises:
        PromptError: if that file is missing, its names are not those of the classes, or a pair is malformed.
    """
    ids = _ids(path, classes)
    try:
        pairs = tuple(_pair(key, each, ids) for key, each in value.items() if each[PAIRS])
    except (KeyError, TypeError, ValueError, IndexError, PromptError) as error:
        raise PromptError(f"{path}: a pair is not in FuDD's form: {error}") from error
    return PairwisePrompts(PromptSet.of(classes, [PHOTO_TEMPLATE]), pairs)


def fudd_class_names(path: Path) -> list[str]:
    """The names that the indices of a file of pairs count, from the file beside it.

    Raises:
        PromptError: if that is missing, or no list of names.
    """
    beside = path.with_name(path.name.replace(PAIRS, NAMES))
    if beside == path or not beside.is_file():
        raise PromptError(
            f"{path} counts classes by index; put the list of their names beside it: a file of the same name with "
            f"{NAMES} for {PAIRS}"
        )
    names = read_json(beside)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PromptError(f"{beside} is not a list of class names")
    return names


def _ids(path: Path, classes: Sequence[ClassLabel]) -> list[str]:
    """Class ids in order of the indices."""
    beside, names = path.with_name(path.name.replace(PAIRS, NAMES)), fudd_class_names(path)
    ordered = sorted(classes)
    if names == [label.name for label in ordered]:
        return [label.id for label in ordered]
    repeated = [name for name, n in Counter(names).items() if n > 1]
    if repeated:
        raise PromptError(f"{beside}: several classes are called {', '.join(map(repr, repeated[:8]))}")
    ids = match_each(names, classes, beside)
    return [ids[name] for name in names]


def _pair(key: str, value: Mapping[str, Any], ids: Sequence[str]) -> ClassPair:
    one, other = map(int, value["classes"])
    if key != f"{min(one, other)}_{max(one, other)}" or min(one, other) < 0:
        raise ValueError(f"{key!r} is not the key of the classes {one} and {other}")
    found = []
    for told in value[PAIRS]:
        first, second = (" ".join(text.split()) for text in map(_text, told["prompt_pair"]))
        found.append(Difference(_text(told.get("attr_type", "")), first, second))
    return ClassPair.of(ids[one], ids[other], found)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]!r} is not a text")
    return value


def _pretty(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
