"""ONNX: pixels in, probabilities out, in one file."""

import importlib.util
import json
import logging
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompt_search.errors import ModelError, SettingsError
from prompt_search.exports.form import Files, Folded, MatrixForm, Told
from prompt_search.exports.network import Pixels, pixels_of, tower_copy
from prompt_search.exports.text_files import json_bytes
from prompt_search.prompt_files.prompts_json import PromptFile

if TYPE_CHECKING:
    import torch

__all__ = ["ONNX"]

NEEDED = ("onnx", "onnxscript", "onnxruntime")
FOLDER = "onnx"
TOLERANCE = 1e-4
"""Of a cosine."""


def onnx_files(folded: Folded) -> Files:
    """`classifier.onnx`, and `classifier.json` with the classes and what comes before the input.

    Input `pixels` [N, 3, H, W] float32: RGB in [0, 1], resized and cropped. Outputs `cosines` and `probabilities`
    [N, C]. Normalisation, tower, classes and temperature are in the graph. onnxruntime's result is compared with
    open_clip's before anything is written.

    Raises:
        ModelError: if the tower can't be exported, or does not give the same.
    """
    pixels = pixels_of(folded, "onnx")
    graph = _graph(folded, pixels)
    with tempfile.TemporaryDirectory() as made:
        _export(graph, pixels, Path(made) / "classifier.onnx", folded)
        _check(graph, pixels, Path(made) / "classifier.onnx")
        files = {f"{FOLDER}/{path.name}": path.read_bytes() for path in sorted(Path(made).iterdir())}
    return files | {f"{FOLDER}/classifier.json": json_bytes(_about(folded, pixels))}


def _graph(folded: Folded, pixels: Pixels) -> "torch.nn.Module":
    import torch

    class Classifier(torch.nn.Module):
        """The whole way from pixels to probabilities."""

        def __init__(self) -> None:
            super().__init__()
            self.network = tower_copy(folded, "onnx")
            self.register_buffer("mean", torch.tensor(pixels.mean)[:, None, None])
            self.register_buffer("std", torch.tensor(pixels.std)[:, None, None])
            self.register_buffer("weight", torch.from_numpy(folded.weight.copy()))

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            features = self.network.encode_image((pixels - self.mean) / self.std, normalize=True)  # type: ignore[operator]
            cosines = features @ self.weight
            return cosines, torch.softmax(folded.logit_scale * cosines, dim=1)

    return Classifier().eval()


def _export(graph: "torch.nn.Module", pixels: Pixels, path: Path, folded: Folded) -> None:
    import torch

    logging.getLogger("onnxscript").setLevel(logging.ERROR)  # it tells what it did not optimise
    example = torch.rand(2, 3, *pixels.size)
    batch = torch.export.Dim("batch", min=1, max=65536)
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")  # of the exporter, about itself
            program = torch.onnx.export(
                graph,
                (example,),
                input_names=["pixels"],
                output_names=["cosines", "probabilities"],
                dynamic_shapes={"pixels": {0: batch}},
                dynamo=True,
                external_data=False,
                verbose=False,
            )
            assert program is not None
            program.model.metadata_props["prompt_search"] = json.dumps(_about(folded, pixels))
            program.save(str(path), external_data=_is_large(graph))
    except Exception as error:  # whatever torch's exporter makes of a foreign network
        said = str(error).strip().partition("\n")[0][:120]
        raise ModelError(f"torch can't export this image tower to ONNX: {said}; export to safetensors") from error


def _is_large(graph: "torch.nn.Module") -> bool:
    """Whether the weights do not fit into the 2 GB of one file."""
    total: int = sum(each.numel() * each.element_size() for each in graph.state_dict().values())
    return total > 1_900_000_000


def _check(graph: "torch.nn.Module", pixels: Pixels, path: Path) -> None:
    import numpy as np
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    example = torch.rand(3, 3, *pixels.size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = graph(example)[0].numpy()
    (made,) = session.run(["cosines"], {"pixels": example.numpy()})
    if not np.allclose(made, wanted, atol=TOLERANCE):
        raise ModelError("onnxruntime does not give what torch does for this tower; export to safetensors instead")


def _about(folded: Folded, pixels: Pixels) -> dict[str, Any]:
    return {
        "classes": [{"id": label.id, "name": label.name} for label in folded.classes],
        "input": pixels.to_json() | {"values": "RGB in [0, 1]; normalisation is in the graph"},
        "logit_scale": folded.logit_scale,
        "calibrated": folded.calibrated,
        "model": dict(folded.described),
    }


def _packages(content: PromptFile, told: Told) -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        from prompt_search.installation import install_command

        raise SettingsError(f"the form onnx needs {', '.join(missing)}: {install_command('onnx')}")


ONNX = MatrixForm("image tower, classes and temperature in one ONNX file", onnx_files, _packages, holds_probe=True)
