"""Exports from a run folder or a prompt file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evaluators.nearest import nearest
from prompt_search.errors import PromptError, RunMissing, SettingsError
from prompt_search.exports.form import Files, Folded, MatrixForm, TextForm, Told
from prompt_search.exports.registry import CLASSIFIER, FORMS
from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.prompt_files.classifier import PROBE_HEAD, read_classifier
from prompt_search.prompt_files.prompts_json import PromptFile, read_prompts_json
from prompt_search.run.progress import Observer, Status, default_observer, showing

if TYPE_CHECKING:
    from evaluators import ImageTextModel, PromptSet

__all__ = ["HEADS", "PROBE_FILE", "Head", "export"]

PROBE_FILE = "probe.safetensors"
Head = Literal["prompts", "probe"]
HEADS: tuple[Head, ...] = ("prompts", "probe")
Top1 = Callable[[Sequence["PromptSet"]], list[float]]


def export(
    source: str | Path,
    names: Sequence[str],
    out: str | Path | None = None,
    *,
    device: str = "auto",
    head: str = "prompts",
    model: "ImageTextModel | None" = None,
    observer: Observer | None = None,
    dataset: str | None = None,
    data: str | None = None,
) -> list[Path]:
    """Write prompts in other forms, or a run's linear probe; all files are made before the first is written.

    Returns the paths of the files.

    Args:
        source: a run folder, or a `prompts.json`.
        names: of `FORMS`, e.g. `safetensors`, `cupl`, `onnx`; `docs/deploying.md` tells of each.
        out: a folder; `exports/` beside the prompts by default.
        device: of the model, where one is loaded.
        head: of `HEADS`: the prompts, or the probe that the run fitted beside them, where the form is a matrix.
        model: in the place of the one that the file names, where a model is loaded; of another one is warned.
        observer: is shown the progress where a model is loaded, see `Resources`.
        dataset: what the consumer calls the data set, where its files are keyed by data set; by default the name of
            the run's images.
        data: images, as for `score`, on which the cost of forms that hold one text per class is measured.

    Raises:
        InputError: if the source or a name can't be used, a form has no place for these prompts or for a probe, or
            the run has no probe.
    """
    _check_names(names)
    _check_head(head, names)
    source, out, shown = Path(source), Path(out) if out else None, observer or default_observer()
    if head == "probe":
        folder = out or (source if source.is_dir() else source.parent) / "exports"
        return _write(_of_probe(source, names, Told(dataset or ""), model, device, shown), folder)
    path = source / "prompts.json" if source.is_dir() else source
    content = read_prompts_json(path)
    told = Told(dataset or _data_name(content))
    return _write(_of_prompts(content, names, told, model, device, data, shown), out or path.parent / "exports")


def _check_names(names: Sequence[str]) -> None:
    known = list(FORMS)
    if not names:
        raise SettingsError(f"name the forms to write: {', '.join(known)}")
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no export {name!r}; {_meant(name, known)}")


def _check_head(head: str, names: Sequence[str]) -> None:
    if head not in HEADS:
        raise SettingsError(f"there is no head {head!r}; {_meant(head, HEADS)}")
    texts = [name for name in names if not _holds_probe(name)]
    if head == "probe" and texts:
        raise SettingsError(
            f"a probe is a matrix and has no texts, and {texts[0]} holds texts; export the probe with "
            f"to {CLASSIFIER}, or the head `prompts`"
        )


def _holds_probe(name: str) -> bool:
    form = FORMS[name]
    return isinstance(form, MatrixForm) and form.holds_probe


def _meant(name: str, known: Sequence[str]) -> str:
    close = nearest(name, known)
    return f"did you mean {close!r}?" if close else f"choose of {', '.join(known)}"


def _data_name(content: PromptFile) -> str:
    """What the run called its images, without its folders."""
    source = content.run["data"].get("source")
    return Path(source.partition(":")[2] or source).name or "images" if isinstance(source, str) else "images"


def _write(files: Files, folder: Path) -> list[Path]:
    for name, made in files.items():
        write_atomically(folder / name, made)
    return [folder / name for name in files]


def _of_prompts(
    content: PromptFile,
    names: Sequence[str],
    told: Told,
    model: "ImageTextModel | None",
    device: str,
    data: str | None,
    observer: Observer,
) -> Files:
    forms = [FORMS[name] for name in names]
    texts = {f: f.make(content, told) for f in forms if isinstance(f, TextForm)}  # what these refuse costs no loading
    matrices = [form for form in forms if isinstance(form, MatrixForm)]
    for form in matrices:
        form.check(content, told)
    if not matrices:
        return {name: made for form in texts.values() for name, made in form.items()}
    with showing(observer):
        folded = _fold(content, told, model, device, data, observer)
        observer.update(Status(phase="writing the exports"))
        made_of = [texts[form] if isinstance(form, TextForm) else form.make(folded) for form in forms]
    return {name: made for each in made_of for name, made in each.items()}


def _fold(
    content: PromptFile,
    told: Told,
    model: "ImageTextModel | None",
    device: str,
    data: str | None,
    observer: Observer,
) -> Folded:
    observer.update(Status(phase="loading the model"))
    from evaluators import class_weights

    used = _model(content.model, model, device, observer)
    observer.update(Status(phase="encoding the prompts"))
    weight = class_weights(content.prompts.compiled(), used)
    calibrated = content.calibrated_logit_scale
    return Folded(
        content.prompts.classes,
        weight,
        calibrated or used.logit_scale,
        calibrated is not None,
        content.model,
        used,
        content,
        told,
        observer.warn,
        _top1_on(content, data, used, observer) if data else None,
    )


def _model(
    described: Mapping[str, Any], model: "ImageTextModel | None", device: str, observer: Observer
) -> "ImageTextModel":
    from prompt_search.models import backbone_warning, load_prompt_model

    if model is None:
        return load_prompt_model(described, device=device)
    if wrong := backbone_warning(described, model):
        observer.warn(wrong)
    return model


def _top1_on(content: PromptFile, data: str, model: "ImageTextModel", observer: Observer) -> Top1:
    """Measures prompt sets on the test images of some data."""
    from prompt_search.prompt_data import prompt_evaluator
    from prompt_search.run.resources import Resources

    def top1(sets: "Sequence[PromptSet]") -> list[float]:
        evaluator = prompt_evaluator(content, data, model, Resources(observer=observer))
        return [score.top1 for score in evaluator.score(sets)]

    return top1


def _of_probe(
    source: Path,
    names: Sequence[str],
    told: Told,
    model: "ImageTextModel | None",
    device: str,
    observer: Observer,
) -> Files:
    path = _probe_file(source)
    weight, scale, about = read_classifier(path)
    if about.get("head") != PROBE_HEAD:
        raise PromptError(f"{path} does not say that it is a linear probe; export the head `prompts`")
    files: dict[str, bytes] = {PROBE_FILE: path.read_bytes()} if CLASSIFIER in names else {}
    others = [FORMS[name] for name in names if name != CLASSIFIER]
    if not others:
        return files
    with showing(observer):
        observer.update(Status(phase="loading the model"))
        from evaluators import ClassLabel

        classes = tuple(ClassLabel(each["id"], each["name"]) for each in about["classes"])
        used = _model(about["model"], model, device, observer)
        folded = Folded(classes, weight, scale, False, about["model"], used, None, told, observer.warn)
        for form in others:
            assert isinstance(form, MatrixForm)
            files |= form.make(folded)
    return files


def _probe_file(source: Path) -> Path:
    """The run's probe.

    Raises:
        RunMissing: if there is none.
    """
    folder = source if source.is_dir() else source.parent
    path = folder / PROBE_FILE
    if not path.is_file():
        raise RunMissing(
            f"{folder} has no {PROBE_FILE}. A run writes it when it first reads the test split, but not with very many "
            "images and classes; a replay has none. Finish the run, run it again into another folder, or export the "
            "head `prompts`"
        )
    return path
