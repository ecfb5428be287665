"""transformers' pipeline `zero-shot-image-classification`."""

from prompt_search.exports.form import Files, Folded, MatrixForm
from prompt_search.exports.one_text import check_one_text, one_text_each
from prompt_search.exports.text_files import json_bytes

__all__ = ["TRANSFORMERS"]


def transformers_files(folded: Folded) -> Files:
    """The pipeline's arguments, and the class that each label it returns stands for.

    The texts are written out, since the pipeline returns the labels it was given and its own template would be put
    around them: `hypothesis_template` is `{}`.
    """
    chosen = one_text_each(folded, "transformers' pipeline")
    content = {
        "arguments": {"candidate_labels": list(chosen.texts), "hypothesis_template": "{}"},
        "classes": {
            text: {"id": label.id, "name": label.name} for text, label in zip(chosen.texts, folded.classes, strict=True)
        },
        "lost": chosen.lost,
        "model": dict(folded.described),
    }
    return {"transformers.json": json_bytes(content)}


TRANSFORMERS = MatrixForm(
    "arguments of the pipeline zero-shot-image-classification; one text per class",
    transformers_files,
    check_one_text,
)
