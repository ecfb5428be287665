"""Reads prompt files of several makers into prompt sets for given classes, and tells how they were read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators import PHOTO_TEMPLATE, Candidate, ClassLabel, PairwisePrompts, PromptSet, fill
from evaluators.printable import counted
from prompt_search.errors import PromptError
from prompt_search.prompt_files.fudd import is_fudd, pairs_from_fudd
from prompt_search.prompt_files.prompts_json import FORMAT, PromptFile, is_prompts_json, read_prompts_json
from prompt_search.prompt_files.reading.by_class import Format, class_texts
from prompt_search.prompt_files.reading.by_dataset import chosen_part, split_part
from prompt_search.prompt_files.reading.match_classes import match_classes, match_each
from prompt_search.prompt_files.reading.places import filled, has_place, template
from prompt_search.prompt_files.reading.source import Source, read_source

__all__ = ["ImportedPrompts", "import_prompts", "open_prompts", "own_content", "read_prompts"]

TEMPLATE_KEYS = {"templates": {"templates", "classnames"}, "top1": {"top1"}}
"""Keys that hold templates, and the keys that may be beside them."""
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class ImportedPrompts:
    """A prompt file for given classes.

    Attributes:
        prompts: its prompts.
        reading: what the file was taken for, with three of the prompts; one line each for what a person should know
            beside that.
    """

    prompts: Candidate
    reading: tuple[str, ...] = ()


def read_prompts(path: Path | str, classes: Sequence[ClassLabel], stated: Format | None = None) -> Candidate:
    """The prompts of a file, see `import_prompts`.

    Raises:
        PromptError: as `import_prompts`.
    """
    return import_prompts(path, classes, stated).prompts


def own_content(prompts: str | Path) -> PromptFile | None:
    """What a `prompts.json`, or the one in a run folder, holds; `None` for prompt files of others.

    Raises:
        PromptError: if it can't be read.
    """
    file, _ = split_part(str(prompts))
    file = file / "prompts.json" if file.is_dir() else file
    return read_prompts_json(file) if is_prompts_json(file) else None


def open_prompts(path: Path | str) -> tuple[Source, str | None]:
    """What a prompt file holds, and the data set of `FILE#DATASET`; which classes it is for is not looked at.

    Raises:
        PromptError: if the file can't be read, or is in no notation of `read_source`.
    """
    file, part = split_part(str(path))
    return read_source(file / "prompts.json" if file.is_dir() else file), part


def import_prompts(path: Path | str, classes: Sequence[ClassLabel], stated: Format | None = None) -> ImportedPrompts:
    """Read a prompt file for the given classes.

    Accepted are our `prompts.json`, or the run folder it is in; templates as a JSON list, as `{"templates": [...]}`,
    ProAPO's `{"top1": [...]}`, one a line (`#` starts a comment), or as a list in Python's notation, with the
    placeholders of other makers (`{c}`, `<CLASS>`) too; CuPL's `{class: [sentence, ...]}`; DCLIP's
    `{class: [descriptor, ...]}`, which are joined with the name of the class; ProAPO's
    `{class: [name**+*+**description, ...]}`; FuDD's pairs, with the list of class names beside them; and
    CLIP_benchmark's templates by data set: `FILE#DATASET`.
    Classes are matched by id, then by name, then by name without regard to case, spaces, hyphens and underscores. A
    class with an empty list keeps "a photo of a {}.".

    Args:
        path: the file, or `FILE#DATASET`.
        classes: the classes of the data.
        stated: whether texts by class are descriptors (`dclip`) or prompts (`cupl`), where a person says so.

    Raises:
        PromptError: if the file is none of these, it can't be told what its texts are, or its classes are not the given
            ones.
    """
    source, part = open_prompts(path)
    file = source.path
    value, called = source.value, file.name + (f"#{part}" if part else "")
    if isinstance(value, dict) and value.get("format") == FORMAT:
        own = _rename(read_prompts_json(file).prompts, classes, file)
        return ImportedPrompts(own, (f"{called} is read as prompts that Prompt Search found: {_shown(own)}",))
    if is_fudd(value):
        pairs = pairs_from_fudd(value, classes, file)
        told = f"{called} is read as FuDD's texts for {counted(len(pairs.pairs), 'pair')} of classes: {_shown(pairs)}"
        return ImportedPrompts(pairs, (told,))
    if isinstance(value, dict):
        value = next((value[key] for key, others in TEMPLATE_KEYS.items() if {key} <= set(value) <= others), value)
    value, notes = chosen_part(value, part, classes, file)
    if isinstance(value, dict):
        prompts, form, remarks = _by_class(value, classes, source, stated)
    elif isinstance(value, list):
        prompts = PromptSet.of(classes, _templates(value, source))
        form, remarks = f"{counted(len(prompts.templates), 'template')}, {source.notation}", ()
    else:
        raise PromptError(f"{file} holds neither templates nor texts by class")
    told = f"{called} is read as {form}{''.join(f', {note}' for note in notes)}: {_shown(prompts)}"
    return ImportedPrompts(prompts, (told, *(f"{called}: {remark}" for remark in remarks)))


def _by_class(
    value: Mapping[str, Any], classes: Sequence[ClassLabel], source: Source, stated: Format | None
) -> tuple[PromptSet, str, tuple[str, ...]]:
    raw = {entry: _texts(own, entry, source.path) for entry, own in value.items()}
    ids = match_classes(raw, classes, source.path)
    if not any(raw.values()):
        raise PromptError(f"{source.path}: no class has a text")
    called = {label.id: label.name for label in classes}
    texts = {entry: [filled(text, called[ids[entry][0]]) for text in own] for entry, own in raw.items()}
    names = {entry: list(dict.fromkeys((called[ids[entry][0]], entry))) for entry in texts}
    try:
        made = class_texts(texts, names, stated)
    except PromptError as error:
        raise PromptError(f"{source.path}: {error}") from error
    own_texts = {
        class_id: made.texts[entry] or [fill(PHOTO_TEMPLATE, called[class_id])]
        for entry in ids
        for class_id in ids[entry]
    }
    return PromptSet.of(classes, texts=own_texts), f"{made.form}, {made.how}", tuple(_remarks(raw, ids, called))


def _remarks(
    raw: Mapping[str, Sequence[str]], ids: Mapping[str, Sequence[str]], called: Mapping[str, str]
) -> list[str]:
    """What a person may not expect of the entries of a file."""
    bare = [entry for entry, own in raw.items() if not own]
    shared = [entry for entry in ids if len(ids[entry]) > 1]
    spelled = [entry for entry, own in ids.items() if not {entry} & {n for i in own for n in (i, called[i])}]
    with_place = sum(has_place(text) for own in raw.values() for text in own)
    found = [
        (bare, f"no text for {_listed(bare)}: the prompt is {PHOTO_TEMPLATE!r}"),
        (shared, f"one entry serves several classes of its name: {_listed(shared)}"),
        (spelled, f"names spelled otherwise than in the data: {_listed(spelled)}"),
        (with_place, f"the class name is filled into {counted(with_place, 'text')}"),
    ]
    return [remark for some, remark in found if some]


def _shown(prompts: Candidate) -> str:
    return ", ".join(repr(text[:100]) for text in _examples(prompts))


def _examples(prompts: Candidate) -> list[str]:
    """Texts of pairs or templates as they are; else the first text of the first, the middle and the last class."""
    if isinstance(prompts, PairwisePrompts):
        return [pair.texts(pair.first)[0] for pair in prompts.pairs[:EXAMPLES]]
    if prompts.templates:
        return list(prompts.templates[:EXAMPLES])
    own, last = prompts.texts, len(prompts.texts) - 1
    spread = dict.fromkeys((0, last // 2, last))
    few = [own[i][0] for i in spread]
    return list(dict.fromkeys([*few, *(text for texts in own for text in texts)]))[:EXAMPLES]


def _rename(prompts: Candidate, classes: Sequence[ClassLabel], path: Path) -> Candidate:
    """The prompts under the ids and names of the data."""
    plain = prompts.base if isinstance(prompts, PairwisePrompts) else prompts
    same_ids = {label.id for label in plain.classes} == {label.id for label in classes}
    keys = [label.id if same_ids else label.name for label in plain.classes]
    if not isinstance(prompts, PairwisePrompts) and len(set(keys)) == len(keys):
        shared = match_classes(keys, classes, path)
        texts = {i: own for key, own in zip(keys, plain.texts, strict=True) for i in shared[key]}
        return PromptSet.of(classes, plain.templates, texts)
    ids = match_each(keys, classes, path)
    if len(ids) < len(keys):
        raise PromptError(
            f"{path} has several classes of one name, and other ids than the data: they can't be told apart"
        )
    texts = {ids[key]: own for key, own in zip(keys, plain.texts, strict=True)}
    renamed = PromptSet.of(classes, plain.templates, texts)
    if not isinstance(prompts, PairwisePrompts):
        return renamed
    return prompts.with_classes(renamed, {c.id: ids[key] for c, key in zip(plain.classes, keys, strict=True)})


def _templates(values: Sequence[Any], source: Source) -> list[str]:
    if not values:
        raise PromptError(f"{source.path} holds no templates")
    found = []
    for value in values:
        if not isinstance(value, str):
            raise PromptError(f"{source.path}: {str(value)[:60]!r} is not a text")
        try:
            found.append(template(value))
        except PromptError as error:
            raise PromptError(f"{source.place(value, values)}: {error}") from error
    return found


def _texts(value: object, entry: str, path: Path) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise PromptError(f"{path}: the entry {entry[:60]!r} is not a list of texts")
    return [text for text in (" ".join(each.split()) for each in value) if text]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:60]) for name in names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
