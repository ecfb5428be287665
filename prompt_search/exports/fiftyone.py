"""FiftyOne's CLIP and open_clip models of its zoo."""

from prompt_search.exports.form import Files, Folded, MatrixForm
from prompt_search.exports.one_text import check_one_text, one_text_each
from prompt_search.exports.text_files import json_bytes

__all__ = ["FIFTYONE"]


def fiftyone_files(folded: Folded) -> Files:
    """Arguments of `fiftyone.zoo.load_zoo_model`, and the class that each label stands for.

    FiftyOne writes `text_prompt`, a space and an entry of `classes`; with an empty `text_prompt` the entries are whole
    texts, as tokenizers drop spaces at the beginning.
    """
    chosen = one_text_each(folded, "FiftyOne")
    content = {
        "arguments": {"text_prompt": "", "classes": list(chosen.texts)},
        "labels": {text: label.name for text, label in zip(chosen.texts, folded.classes, strict=True)},
        "lost": chosen.lost,
        "model": dict(folded.described),
    }
    return {"fiftyone.json": json_bytes(content)}


FIFTYONE = MatrixForm(
    "text_prompt and classes of FiftyOne's CLIP models; one text per class", fiftyone_files, check_one_text
)
