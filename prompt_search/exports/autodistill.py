"""Autodistill's `CaptionOntology`."""

from prompt_search.exports.form import Files, Folded, MatrixForm
from prompt_search.exports.one_text import check_one_text, one_text_each
from prompt_search.exports.text_files import json_bytes

__all__ = ["AUTODISTILL"]


def autodistill_files(folded: Folded) -> Files:
    """`{prompt: class}`, which `CaptionOntology` takes as it is; repeated class names come with their ids."""
    chosen = one_text_each(folded, "Autodistill's ontology")
    names = [label.name for label in folded.classes]
    called = [n if names.count(n) == 1 else f"{n} ({c.id})" for n, c in zip(names, folded.classes, strict=True)]
    return {"autodistill.json": json_bytes(dict(zip(chosen.texts, called, strict=True)))}


AUTODISTILL = MatrixForm("{prompt: class} for CaptionOntology; one text per class", autodistill_files, check_one_text)
