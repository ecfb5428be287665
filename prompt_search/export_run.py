"""Exports from a run folder or a prompt file."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from prompt_search.errors import PromptError, RunMissing, SettingsError
from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.prompt_files.classifier import PROBE_HEAD, read_classifier, write_classifier
from prompt_search.prompt_files.export import EXPORTS, write_export
from prompt_search.prompt_files.prompts_json import PromptFile, read_prompts_json
from prompt_search.run.progress import Observer, Status, default_observer, showing

if TYPE_CHECKING:
    from evaluators import ImageTextModel

__all__ = ["CLASSIFIER", "HEADS", "PROBE_FILE", "Head", "export"]

CLASSIFIER = "safetensors"
PROBE_FILE = "probe.safetensors"
Head = Literal["prompts", "probe"]
HEADS: tuple[Head, ...] = ("prompts", "probe")


def export(
    source: str | Path,
    names: Sequence[str],
    out: str | Path | None = None,
    *,
    device: str = "auto",
    head: str = "prompts",
    model: "ImageTextModel | None" = None,
    observer: Observer | None = None,
) -> list[Path]:
    """Write prompts in other forms, or a run's linear probe; all names are checked before anything is written.

    Returns the paths of the files.

    Args:
        source: a run folder, or a `prompts.json`.
        names: of `EXPORTS`, or `safetensors`.
        out: a folder; `exports/` beside the prompts by default.
        device: of the model, where a classifier is computed.
        model: in the place of the one that the file names, where a classifier is computed.
        observer: is shown the progress where a classifier is computed, see `Resources`.
        head: of `HEADS`: the prompts, or the probe that the run fitted beside them, which `safetensors` alone holds.

    Raises:
        InputError: if the source or a name can't be used, a form has no place for these prompts or for a probe, or
            the run has no probe.
    """
    _check_names(names)
    _check_head(head, names)
    source, out = Path(source), Path(out) if out else None
    if head == "probe":
        return [_copy_probe(source, out)]
    path = source / "prompts.json" if source.is_dir() else source
    content = read_prompts_json(path)
    folder = out or path.parent / "exports"
    for name in names:
        if name in EXPORTS:
            EXPORTS[name](content.prompts)  # a form with no place for these stops all before any is written
    written: list[Path] = []
    for name in names:
        if name == CLASSIFIER:
            written.append(_write_classifier(content, folder, model, device, observer or default_observer()))
        else:
            written += write_export(content.prompts, name, folder)
    return written


def _check_names(names: Sequence[str]) -> None:
    known = [*EXPORTS, CLASSIFIER]
    if not names:
        raise SettingsError(f"name the forms to write: {', '.join(known)}")
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no export {name!r}; {_meant(name, known)}")


def _check_head(head: str, names: Sequence[str]) -> None:
    if head not in HEADS:
        raise SettingsError(f"there is no head {head!r}; {_meant(head, HEADS)}")
    texts = [name for name in names if name != CLASSIFIER]
    if head == "probe" and texts:
        raise SettingsError(
            f"a probe is a matrix and has no texts, and {texts[0]} holds texts; export the probe with "
            f"to {CLASSIFIER}, or the head `prompts`"
        )


def _meant(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose of {', '.join(known)}"


def _copy_probe(source: Path, out: Path | None) -> Path:
    """Copy the run's probe, whole or not at all, after a look whether it is one."""
    folder = source if source.is_dir() else source.parent
    path = folder / PROBE_FILE
    if not path.is_file():
        raise RunMissing(
            f"{folder} has no {PROBE_FILE}. A run writes it when it first reads the test split, but not with very many "
            "images and classes; a replay has none. Finish the run, run it again into another folder, or export the "
            "head `prompts`"
        )
    if read_classifier(path)[2].get("head") != PROBE_HEAD:
        raise PromptError(f"{path} does not say that it is a linear probe; export the head `prompts`")
    target = (out or folder / "exports") / PROBE_FILE
    write_atomically(target, path.read_bytes())
    return target


def _write_classifier(
    content: PromptFile, folder: Path, model: "ImageTextModel | None", device: str, observer: Observer
) -> Path:
    path = folder / "classifier.safetensors"
    with showing(observer):
        observer.update(Status(phase="loading the model"))
        from evaluators import class_weights
        from prompt_search.models import load_prompt_model

        used = model or load_prompt_model(content.model, device=device)
        observer.update(Status(phase="encoding the prompts"))
        weights = class_weights(content.prompts.compiled(), used)
    calibrated = content.calibrated_logit_scale
    write_classifier(path, weights, used.logit_scale, content.prompts, content.model, calibrated)
    return path
