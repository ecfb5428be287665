"""The forms by the names that `--to` takes."""

from collections.abc import Mapping
from types import MappingProxyType

from prompt_search.exports.autodistill import AUTODISTILL
from prompt_search.exports.clip_benchmark import CLIP_BENCHMARK
from prompt_search.exports.cupl import CUPL
from prompt_search.exports.fiftyone import FIFTYONE
from prompt_search.exports.form import MatrixForm, TextForm
from prompt_search.exports.fudd import FUDD
from prompt_search.exports.matrix import MATRIX
from prompt_search.exports.onnx import ONNX
from prompt_search.exports.open_clip import OPEN_CLIP
from prompt_search.exports.proapo import PROAPO
from prompt_search.exports.sklearn import SKLEARN
from prompt_search.exports.timm import TIMM
from prompt_search.exports.transformers import TRANSFORMERS
from prompt_search.exports.webdataset import WEBDATASET

__all__ = ["CLASSIFIER", "FORMS"]

CLASSIFIER = "safetensors"

FORMS: Mapping[str, TextForm | MatrixForm] = MappingProxyType(
    {
        CLASSIFIER: MATRIX,
        "open_clip": OPEN_CLIP,
        "cupl": CUPL,
        "fudd": FUDD,
        "proapo": PROAPO,
        "webdataset": WEBDATASET,
        "clip_benchmark": CLIP_BENCHMARK,
        "transformers": TRANSFORMERS,
        "fiftyone": FIFTYONE,
        "autodistill": AUTODISTILL,
        "sklearn": SKLEARN,
        "timm": TIMM,
        "onnx": ONNX,
    }
)
