"""What a prompt file is, told to a person: whose form, what is in it, and which classes do not match."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators import ClassLabel
from evaluators.printable import counted
from prompt_search.errors import PromptError
from prompt_search.prompt_files.fudd import fudd_class_names, is_fudd
from prompt_search.prompt_files.prompts_json import FORMAT, VERSION, read_prompts_json
from prompt_search.prompt_files.reading.by_class import Format
from prompt_search.prompt_files.reading.by_dataset import PART, parts_by_dataset, split_part
from prompt_search.prompt_files.reading.file_text import read_text
from prompt_search.prompt_files.reading.match_classes import loose
from prompt_search.prompt_files.reading.places import has_place
from prompt_search.prompt_files.reading.read import TEMPLATE_KEYS, import_prompts, open_prompts
from prompt_search.prompt_files.reading.source import Source

__all__ = ["Recognised", "Unmatched", "recognise"]

MOST = 0.5
SOME = (ClassLabel("cat", "cat"), ClassLabel("dog", "dog"))
"""To fill templates with that are looked at without data."""
ROLES = frozenset({"train", "val", "test"})
CAPTION = re.compile(r"^Image_\d+:", re.MULTILINE)
WAFFLE = re.compile(r"(\{\}|[^,]+), which (is|has|is a|has a|is an|has an) \S+.*")
"""WaffleCLIP and DCLIP: a descriptor behind the name."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A class that has no counterpart.

    Attributes:
        name: what it is called, in the file or in the data.
        close: names on the other side that it may be.
    """

    name: str
    close: tuple[str, ...]

    def __str__(self) -> str:
        return repr(self.name) + (f" (did you mean {', '.join(map(repr, self.close))}?)" if self.close else "")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A prompt file, looked at.

    Attributes:
        form: what it is.
        usable: whether it can be used as prompts, with the given classes if there were some.
        lines: how it was read, with examples; or why it can't be used, and what it is good for.
        only_file: entries of the file that are about no class of the data.
        only_data: classes of the data that no entry is about.
    """

    form: str
    usable: bool
    lines: tuple[str, ...]
    only_file: tuple[Unmatched, ...] = ()
    only_data: tuple[Unmatched, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        named = {"form": self.form, "usable": self.usable, "lines": list(self.lines)}
        sides = {"only_in_the_file": self.only_file, "only_in_the_data": self.only_data}
        return named | {side: [{"name": e.name, "close": list(e.close)} for e in own] for side, own in sides.items()}


def recognise(path: str, classes: Sequence[ClassLabel] | None = None, stated: Format | None = None) -> Recognised:
    """Tell what a file is.

    Args:
        path: the file, a run folder, or `FILE#DATASET`.
        classes: of the data that it is for; without them the names in the file are taken for the classes.
        stated: what texts by class are, where a person says so.

    Raises:
        PromptError: if the file can't be read at all.
    """
    try:
        source, part = open_prompts(path)
    except PromptError as error:
        return _unreadable(path, error)
    if reason := _no_prompts(source.value):
        return Recognised(reason[0], False, (reason[1],))
    form = _form(source, part)
    try:
        own = _own_classes(source, part)
    except PromptError as error:
        return Recognised(form, False, (str(error),))
    if classes is not None and own is not None:
        only_file, only_data = _mismatches(own, classes)
        if only_file or only_data:
            of_file = counted(len(only_file), "entry", "entries")
            of_data = counted(len(only_data), "class", "classes")
            found = f"without a counterpart: {of_file} of the file and {of_data} of the data"
            return Recognised(form, False, (found,), only_file, only_data)
    return _read(path, source, part, form, classes or own or SOME, stated)


def _read(
    path: str, source: Source, part: str | None, form: str, classes: Sequence[ClassLabel], stated: Format | None
) -> Recognised:
    """What reading it comes to; of a file by data set every part, where none is named."""
    names = [path]
    if part is None and isinstance(source.value, dict) and not is_fudd(source.value):
        several = parts_by_dataset(source.value) if source.value.get("format") != FORMAT else None
        names = [f"{path}{PART}{name}" for name in several] if several and len(several) > 1 else names
    lines: list[str] = []
    faults = 0
    for name in names:
        own = classes if len(names) == 1 else _own_classes(source, name.rpartition(PART)[2]) or SOME
        try:
            lines += import_prompts(name, own, stated).reading or ("it is read as it is",)
        except PromptError as error:
            faults += 1
            lines.append(str(error))
    return Recognised(form, faults < len(names), tuple(lines))


def _unreadable(path: str, error: PromptError) -> Recognised:
    text = read_text(split_part(path)[0])
    if len(CAPTION.findall(text)) > MOST * len(text.splitlines()):
        return Recognised("captions of images, one a line (IPO)", False, ("they are no prompts: no class is named",))
    return Recognised("nothing that is known here", False, (str(error),))


def _no_prompts(value: object) -> tuple[str, str] | None:
    """What a file is that holds no prompts, and what it is good for."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        if CAPTION.match(value[0]):
            return "captions of images, one a line (IPO)", "they are no prompts: no class is named"
        if not any(map(has_place, value)):
            told = "no text has a place for a class name ({}); as --names it says what the classes are called"
            return f"a list of {counted(len(value), 'name')}", told
    if not isinstance(value, dict) or not value:
        return None
    if set(value) <= ROLES and len(value) > 1:
        return "a division of images (CoOp's split or few-shot file)", "it is data: prompt-search run FILE --image-root"
    if all(isinstance(each, str) for each in value.values()) and "format" not in value:
        return (
            f"names of {counted(len(value), 'class', 'classes')} by id",
            "it is no prompt file; give it to run with --classes",
        )
    return None


def _form(source: Source, part: str | None) -> str:
    value = source.value
    if isinstance(value, dict) and value.get("format") == FORMAT:
        version = value.get("version")
        model = value.get("model")
        found_for = f", found for {model.get('name')!r}" if isinstance(model, dict) else ""
        return f"prompts of Prompt Search, version {version} (this program reads {VERSION}){found_for}"
    if is_fudd(value):
        return f"FuDD's texts for {counted(len(value), 'pair')} of classes"
    if isinstance(value, list):
        return _of_templates(value, source.notation)
    if isinstance(value, dict):
        own = next((value[key] for key, beside in TEMPLATE_KEYS.items() if {key} <= set(value) <= beside), None)
        if isinstance(own, list):
            return _of_templates(own, "ProAPO's" if "top1" in value else "with a key of their own")
        parts = parts_by_dataset(value)
        if parts and part is None:
            kinds = {isinstance(each, dict) for each in parts.values()}
            one = "class prompts" if True in kinds else "templates"
            what = "templates and class prompts" if len(kinds) > 1 else one
            return f"{what} by data set (CLIP_benchmark's form): {', '.join(map(repr, list(parts)[:12]))}"
        return _of_classes(value)
    return "nothing that is known here"


def _of_templates(values: Sequence[object], notation: str) -> str:
    texts = [text for text in values if isinstance(text, str)]
    waffle = sum(bool(WAFFLE.search(text)) for text in texts) > MOST * len(texts)
    maker = " with descriptors behind the name (WaffleCLIP's form)" if waffle else ""
    return f"{counted(len(texts), 'template')}{maker}, {notation}"


def _of_classes(value: Mapping[str, Any]) -> str:
    texts = [text for own in value.values() if isinstance(own, list) for text in own if isinstance(text, str)]
    waffle = sum(bool(WAFFLE.search(text)) for text in texts) > MOST * max(1, len(texts))
    maker = "; a descriptor behind each name (DCLIP, WaffleCLIP)" if waffle else ""
    return f"{counted(len(texts), 'text')} for {counted(len(value), 'class', 'classes')}{maker}"


def _own_classes(source: Source, part: str | None) -> Sequence[ClassLabel] | None:
    """The classes that a file itself is about; `None` where it names none.

    Raises:
        PromptError: if they stand in a file beside it that can't be read, or it is of a version that can't.
    """
    value = source.value
    if is_fudd(value):
        return [ClassLabel(f"{i:06}", name) for i, name in enumerate(fudd_class_names(source.path))]
    if not isinstance(value, dict) or any({key} <= set(value) <= beside for key, beside in TEMPLATE_KEYS.items()):
        return None
    if value.get("format") == FORMAT:
        return read_prompts_json(source.path).prompts.classes
    parts = parts_by_dataset(value)
    chosen: object = value
    if parts is not None:
        chosen = parts.get(part) if part is not None else next(iter(parts.values())) if len(parts) == 1 else None
    if not isinstance(chosen, dict):
        return None
    return sorted(ClassLabel(name, name) for name in chosen if name.strip())


def _mismatches(
    own: Sequence[ClassLabel], classes: Sequence[ClassLabel]
) -> tuple[tuple[Unmatched, ...], tuple[Unmatched, ...]]:
    """Both sides without counterpart, each with names of the other side that are close."""
    in_data, in_file = ({loose(name) for c in side for name in (c.id, c.name)} for side in (classes, own))
    only_file = [c.name for c in own if not {loose(c.id), loose(c.name)} & in_data]
    only_data = [c.name for c in classes if not {loose(c.id), loose(c.name)} & in_file]
    return (
        tuple(Unmatched(name, _close(name, [c.name for c in classes])) for name in only_file),
        tuple(Unmatched(name, _close(name, [c.name for c in own])) for name in only_data),
    )


def _close(name: str, others: Sequence[str]) -> tuple[str, ...]:
    by_loose = {loose(other): other for other in others}
    return tuple(by_loose[each] for each in difflib.get_close_matches(loose(name), by_loose, n=3, cutoff=0.6))
