"""Reads prompt files of several makers into prompt sets for given classes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators import ClassLabel, PromptSet, normalize_template
from prompt_search.errors import PromptError
from prompt_search.prompt_files.prompts_json import FORMAT, read_json, read_prompts_json

__all__ = ["match_classes", "read_prompts"]

TEMPLATE_KEYS = {"templates": {"templates", "classnames"}, "top1": {"top1"}}
"""Keys that hold templates, and the keys that may be beside them: any other file is keyed by class."""


def read_prompts(path: Path, classes: Sequence[ClassLabel]) -> PromptSet:
    """Read a prompt file for the given classes.

    Accepted are our `prompts.json`; a text file with one template a line (`#` starts a comment); a JSON list of
    templates; `{"templates": [...]}` and ProAPO's `{"top1": [...]}`; and CuPL's `{class: [sentence, ...]}`.
    Placeholders of other makers (`{c}`, `<CLASS>`) are understood. Classes are matched by id, then by unique name.

    Raises:
        PromptError: if the file is none of these, or its classes are not the given ones.
    """
    if path.suffix == ".json":
        value = read_json(path)
        if isinstance(value, dict) and value.get("format") == FORMAT:
            return _rename(read_prompts_json(path).prompts, classes, path)
        return _from_json(value, classes, path)
    return PromptSet.of(classes, _templates(_lines(path), path))


def match_classes(names: Iterable[str], classes: Sequence[ClassLabel], where: Path) -> dict[str, str]:
    """Map names in a file to class ids: by id, then by unique name, then by name without regard to case and `_`.

    Raises:
        PromptError: naming what matches nothing or several, and the classes left without.
    """
    lookups = [
        {label.id: label.id for label in classes},
        _unique((label.name, label.id) for label in classes),
        _unique((_loose(label.name), label.id) for label in classes),
        _unique((_loose(label.id), label.id) for label in classes),
    ]
    found: dict[str, str] = {}
    for name in names:
        keys = (name, name, _loose(name), _loose(name))
        match = next((lookup[key] for lookup, key in zip(lookups, keys, strict=True) if key in lookup), None)
        if match is not None:
            found[name] = match
    unmatched = [name for name in names if name not in found]
    bare = [label.id for label in classes if label.id not in found.values()]
    repeated = [class_id for class_id, n in Counter(found.values()).items() if n > 1]
    if unmatched or bare or repeated:
        parts = [
            f"{what}: {', '.join(repr(name[:60]) for name in some[:8])}{' ...' if len(some) > 8 else ''}"
            for what, some in (
                ("in the file but not in the data", unmatched),
                ("in the data but not in the file", bare),
                ("matched by several entries", repeated),
            )
            if some
        ]
        raise PromptError(f"the classes of {where} do not match the data; {'; '.join(parts)}")
    return found


def _from_json(value: Any, classes: Sequence[ClassLabel], path: Path) -> PromptSet:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        value = next((value[key] for key, others in TEMPLATE_KEYS.items() if {key} <= set(value) <= others), value)
    if isinstance(value, list):
        return PromptSet.of(classes, _templates(value, path))
    if not isinstance(value, dict):
        raise PromptError(f"{path} holds neither templates nor texts by class")
    texts = {name: _sentences(own, name, path) for name, own in value.items()}
    ids = match_classes(texts, classes, path)
    return PromptSet.of(classes, texts={ids[name]: own for name, own in texts.items()})


def _rename(prompts: PromptSet, classes: Sequence[ClassLabel], path: Path) -> PromptSet:
    """The prompts under the ids and names of the data."""
    same_ids = {label.id for label in prompts.classes} == {label.id for label in classes}
    keys = [label.id if same_ids else label.name for label in prompts.classes]
    ids = match_classes(keys, classes, path)
    texts = {ids[key]: own for key, own in zip(keys, prompts.texts, strict=True)}
    return PromptSet.of(classes, prompts.templates, texts)


def _templates(values: Sequence[Any], path: Path) -> list[str]:
    wrong = next((value for value in values if not isinstance(value, str)), None)
    if wrong is not None or not values:
        raise PromptError(f"{path} holds no templates" if not values else f"{path}: {str(wrong)[:60]!r} is not a text")
    try:
        return [normalize_template(value) for value in values]
    except PromptError as error:
        raise PromptError(f"{path}: {error}") from error


def _sentences(value: object, name: str, path: Path) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise PromptError(f"{path}: the entry {name[:60]!r} is not a list of texts")
    sentences = [" ".join(text.split()) for text in value]
    if not any(sentences):
        raise PromptError(f"{path}: the class {name[:60]!r} has no text")
    return [text for text in sentences if text]


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path} can't be read: {error}") from error
    return [line.strip() for line in content.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _unique(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    listed = list(pairs)
    counts = Counter(name for name, _ in listed)
    return {name: class_id for name, class_id in listed if counts[name] == 1}


def _loose(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()
