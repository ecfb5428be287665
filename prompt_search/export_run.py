"""Exports from a run folder or a prompt file."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from prompt_search.errors import SettingsError
from prompt_search.prompt_files.classifier import write_classifier
from prompt_search.prompt_files.export import EXPORTS, write_export
from prompt_search.prompt_files.prompts_json import PromptFile, read_prompts_json

__all__ = ["CLASSIFIER", "export_prompts"]

CLASSIFIER = "safetensors"


def export_prompts(source: Path, names: Sequence[str], out: Path | None = None, *, device: str = "auto") -> list[Path]:
    """Write prompts in other forms; all names are checked before anything is written.

    Args:
        source: a run folder, or a `prompts.json`.
        names: of `EXPORTS`, or `safetensors`.
        out: a folder; `exports/` beside the prompts by default.
        device: of the model, where a classifier is computed.

    Raises:
        InputError: if the source or a name can't be used, or a form has no place for these prompts.
    """
    known = [*EXPORTS, CLASSIFIER]
    if not names:
        raise SettingsError(f"name the forms to write: {', '.join(known)}")
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"choose of {', '.join(known)}"
            raise SettingsError(f"there is no export {name!r}; {hint}")
    path = source / "prompts.json" if source.is_dir() else source
    content = read_prompts_json(path)
    folder = out or path.parent / "exports"
    for name in names:
        if name in EXPORTS:
            EXPORTS[name](content.prompts)  # a form with no place for these stops all before any is written
    written: list[Path] = []
    for name in names:
        if name == CLASSIFIER:
            written.append(_write_classifier(content, folder, device))
        else:
            written += write_export(content.prompts, name, folder)
    return written


def _write_classifier(content: PromptFile, folder: Path, device: str) -> Path:
    from evaluators import class_weights
    from prompt_search.models import load_prompt_model

    model = load_prompt_model(content.model, device=device)
    path = folder / "classifier.safetensors"
    weights = class_weights(content.prompts.compiled(), model)
    write_classifier(path, weights, model.logit_scale, content.prompts, content.model)
    return path
