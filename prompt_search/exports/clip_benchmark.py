"""CLIP_benchmark: class names, templates or class prompts keyed by data set, and a classifier for `--load_clfs`."""

import io

from prompt_search.exports.form import Files, Folded, MatrixForm, Told
from prompt_search.exports.text_files import check_names_differ, format_template, json_bytes
from prompt_search.prompt_files.prompts_json import PromptFile

__all__ = ["CLIP_BENCHMARK"]

PLACE = "{c}"
FOLDER = "clip_benchmark"


def clip_benchmark_files(folded: Folded) -> Files:
    """`classnames.json`, `templates.json` and `classifier.pt` ([D, C], bare), in a folder.

    The classes are in order of their ids, as the labels must be. A probe is the classifier alone.
    """
    files = {f"{FOLDER}/classifier.pt": _saved(folded)}
    if folded.content is not None:
        files |= _texts(folded.content, folded.told)
    return files


def _texts(content: PromptFile, told: Told) -> Files:
    prompts = content.prompts.compiled()
    if prompts.shared_only:
        texts: object = [format_template(each, PLACE) for each in prompts.templates]
    else:  # taken as they are: CLIP_benchmark formats templates only
        texts = {c.name: list(own) for c, own in zip(prompts.classes, prompts.rendered, strict=True)}
    return {
        f"{FOLDER}/classnames.json": json_bytes({told.dataset: [label.name for label in prompts.classes]}),
        f"{FOLDER}/templates.json": json_bytes({told.dataset: texts}),
    }


def _check(content: PromptFile, told: Told) -> None:
    if not content.prompts.compiled().shared_only:
        check_names_differ(content.prompts.classes)


def _saved(folded: Folded) -> bytes:
    import torch

    content = io.BytesIO()
    torch.save(torch.from_numpy(folded.weight.copy()), content)
    return content.getvalue()


CLIP_BENCHMARK = MatrixForm(
    "class names, templates or class prompts by data set, and a classifier for --load_clfs",
    clip_benchmark_files,
    _check,
    holds_probe=True,
)
