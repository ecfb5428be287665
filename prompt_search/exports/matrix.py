"""`classifier.safetensors`: one matrix, which loads anywhere."""

from prompt_search.exports.form import Files, Folded, MatrixForm
from prompt_search.prompt_files.classifier import classifier_bytes

__all__ = ["MATRIX"]


def matrix_files(folded: Folded) -> Files:
    """The file that a run writes, too; of a probe it is copied and not made here."""
    assert folded.content is not None
    content = folded.content
    made = classifier_bytes(
        folded.weight, folded.model.logit_scale, content.prompts, content.model, content.calibrated_logit_scale
    )
    return {"classifier.safetensors": made}


MATRIX = MatrixForm("one matrix [D, C] and the logit scale", matrix_files, holds_probe=True)
