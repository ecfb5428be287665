"""Reads prompt files of several makers into prompt sets for given classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluators import Candidate, ClassLabel, PairwisePrompts, PromptSet, normalize_template
from prompt_search.errors import PromptError
from prompt_search.prompt_files.fudd import is_fudd, pairs_from_fudd
from prompt_search.prompt_files.match_classes import match_classes
from prompt_search.prompt_files.prompts_json import FORMAT, read_json, read_prompts_json

__all__ = ["read_prompts"]

TEMPLATE_KEYS = {"templates": {"templates", "classnames"}, "top1": {"top1"}}
"""Keys that hold templates, and the keys that may be beside them: any other file is keyed by class."""


def read_prompts(path: Path, classes: Sequence[ClassLabel]) -> Candidate:
    """Read a prompt file for the given classes.

    Accepted are our `prompts.json`; a text file with one template a line (`#` starts a comment); a JSON list of
    templates; `{"templates": [...]}` and ProAPO's `{"top1": [...]}`; CuPL's `{class: [sentence, ...]}`; and FuDD's
    pairs, with the list of class names beside them. Placeholders of other makers (`{c}`, `<CLASS>`) are understood.
    Classes are matched by id, then by unique name.

    Raises:
        PromptError: if the file is none of these, or its classes are not the given ones.
    """
    if path.suffix == ".json":
        value = read_json(path)
        if isinstance(value, dict) and value.get("format") == FORMAT:
            return _rename(read_prompts_json(path).prompts, classes, path)
        return _from_json(value, classes, path)
    return PromptSet.of(classes, _templates(_lines(path), path))


def _from_json(value: Any, classes: Sequence[ClassLabel], path: Path) -> Candidate:  # noqa: ANN401 - any JSON value
    if is_fudd(value):
        return pairs_from_fudd(value, classes, path)
    if isinstance(value, dict):
        value = next((value[key] for key, others in TEMPLATE_KEYS.items() if {key} <= set(value) <= others), value)
    if isinstance(value, list):
        return PromptSet.of(classes, _templates(value, path))
    if not isinstance(value, dict):
        raise PromptError(f"{path} holds neither templates nor texts by class")
    texts = {name: _sentences(own, name, path) for name, own in value.items()}
    ids = match_classes(texts, classes, path)
    return PromptSet.of(classes, texts={ids[name]: own for name, own in texts.items()})


def _rename(prompts: Candidate, classes: Sequence[ClassLabel], path: Path) -> Candidate:
    """The prompts under the ids and names of the data."""
    plain = prompts.base if isinstance(prompts, PairwisePrompts) else prompts
    same_ids = {label.id for label in plain.classes} == {label.id for label in classes}
    keys = [label.id if same_ids else label.name for label in plain.classes]
    ids = match_classes(keys, classes, path)
    texts = {ids[key]: own for key, own in zip(keys, plain.texts, strict=True)}
    renamed = PromptSet.of(classes, plain.templates, texts)
    if not isinstance(prompts, PairwisePrompts):
        return renamed
    return prompts.with_classes(renamed, {c.id: ids[key] for c, key in zip(plain.classes, keys, strict=True)})


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
