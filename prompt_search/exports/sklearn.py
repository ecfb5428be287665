"""scikit-learn: coefficients of a `LogisticRegression` on unit-length image features, and a program that loads them."""

import json
from importlib.resources import files

import numpy as np

from evaluators.models.image_text_model import FloatArray
from prompt_search.exports.form import Files, Folded, MatrixForm
from prompt_search.exports.text_files import json_bytes

__all__ = ["SKLEARN"]

FOLDER = "sklearn"
PROGRAM = "load_classifier.py"


def sklearn_files(folded: Folded) -> Files:
    """`classifier.safetensors` with `coef_` and `intercept_` as scikit-learn has them, `classes.json`, and a loader.

    `decision_function` is `logit_scale * cosine`, so `predict_proba` is the classifier's own softmax. Nothing is
    pickled, so no version of scikit-learn is asked for.
    """
    from safetensors.numpy import save

    coefficients = _coefficients(folded.weight, folded.logit_scale)
    intercept = np.zeros(len(coefficients), dtype=np.float64)
    classes = [{"id": label.id, "name": label.name} for label in folded.classes]
    about = {"classes": classes, "model": dict(folded.described), "logit_scale": folded.logit_scale}
    tensors = {"coef_": np.ascontiguousarray(coefficients), "intercept_": intercept}
    program = files("prompt_search.exports").joinpath("sklearn_loader.txt").read_bytes()
    return {
        f"{FOLDER}/classifier.safetensors": save(tensors, metadata={"prompt_search": json.dumps(about)}),
        f"{FOLDER}/classes.json": json_bytes(classes),
        f"{FOLDER}/{PROGRAM}": program,
    }


def _coefficients(weight: FloatArray, scale: float) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """[C, D], or the one row [1, D] that scikit-learn has for two classes: second against first."""
    columns = scale * weight.T.astype(np.float64)
    return columns if len(columns) != 2 else columns[1:] - columns[:1]


SKLEARN = MatrixForm("coef_ of a LogisticRegression on image features, and its loader", sklearn_files, holds_probe=True)
