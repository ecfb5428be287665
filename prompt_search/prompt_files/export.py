"""Prompts in the forms other programs read. No export needs this package to be used.

What has no place for pairs of classes gets the compiled form of pairwise prompts.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from evaluators import PLACEHOLDER, Candidate, PromptSet
from prompt_search.errors import PromptError
from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.prompt_files.fudd import fudd_files

__all__ = ["EXPORTS", "cupl_json", "open_clip_json", "write_export"]


def open_clip_json(prompts: PromptSet) -> str:
    """`{"classnames": [...], "templates": [...]}` for `open_clip.build_zero_shot_classifier`, which calls `str.format`.

    Raises:
        PromptError: if classes have texts of their own, which open_clip's function has no place for.
    """
    if not prompts.shared_only:
        raise PromptError(
            "these prompts have texts of each class's own, and open_clip's build_zero_shot_classifier takes templates "
            "only; export to safetensors (loads anywhere) or cupl instead"
        )
    templates = [_format_safe(template) for template in prompts.templates]
    return _pretty({"classnames": [label.name for label in prompts.classes], "templates": templates})


def cupl_json(prompts: PromptSet) -> str:
    """`{class name: [sentence, ...]}`, every text written out.

    Raises:
        PromptError: if two classes share a name, since one would be lost.
    """
    counts = Counter(label.name for label in prompts.classes)
    repeated = [name for name, n in counts.items() if n > 1]
    if repeated:
        raise PromptError(
            f"a file keyed by class name would lose classes: {', '.join(map(repr, repeated[:8]))} stand for several; "
            "give them different names in classes.json, or export to safetensors"
        )
    return _pretty({c.name: list(own) for c, own in zip(prompts.classes, prompts.rendered, strict=True)})


EXPORTS: Mapping[str, Callable[[Candidate], dict[str, str]]] = MappingProxyType(
    {
        "open_clip": lambda prompts: {"open_clip.json": open_clip_json(prompts.compiled())},
        "cupl": lambda prompts: {"cupl.json": cupl_json(prompts.compiled())},
        "fudd": fudd_files,
    }
)
"""The text exports by name: what makes the content of their files, by file name."""


def write_export(prompts: Candidate, name: str, folder: Path) -> list[Path]:
    """Write the files of a text export into a folder, and tell where.

    Raises:
        PromptError: if the form has no place for these prompts.
        RunError: if it can't be written.
    """
    files = {folder / file_name: text for file_name, text in EXPORTS[name](prompts).items()}
    for path, text in files.items():
        write_atomically(path, text.encode())
    return list(files)


def _format_safe(template: str) -> str:
    """Braces that are just braces, doubled for `str.format`; several places for the name all take its one argument."""
    place = PLACEHOLDER if template.count(PLACEHOLDER) == 1 else "{0}"
    return place.join(part.replace("{", "{{").replace("}", "}}") for part in template.split(PLACEHOLDER))


def _pretty(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
