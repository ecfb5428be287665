"""The text tower of the same weights in `torch.compile` and onnxruntime: rates, features, bits.

Texts of one length, in the batches that ours go in, with as many threads. Loading, exporting and compiling don't count.
"""

import copy
import importlib.util
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measure import Comparison, Figure, seconds_in_turn
from evaluators import OpenClipModel
from evaluators.models.image_text_model import FloatArray
from evaluators.models.text_tower import TextBatch, filled, text_batches, tokens_per_batch, unit_rows

if TYPE_CHECKING:
    import torch

__all__ = ["peers", "text_network"]

Encode = Callable[["torch.Tensor"], "torch.Tensor"]
NEEDED = ("onnx", "onnxscript", "onnxruntime")


def peers(models: Mapping[str, OpenClipModel], texts: list[str]) -> list[Comparison | Figure]:
    """Each peer against ours with torch's products and with oneDNN's."""
    import torch

    model = models["torch"]
    tokens, batch = _commonest(model, texts)
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    rows: list[Comparison | Figure] = []
    if missing:
        told = f"not measured: {', '.join(missing)} not installed; pip install 'prompt-search[onnx]'"
        rows.append(Figure("text tower, peers: onnxruntime", told, 0, "rows"))
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        network = text_network(model, batch.length)
        example = tokens[:1, : batch.length].repeat(batch.size, 1)
        ways: dict[str, Encode] = {"torch.compile": torch.compile(network, options={"freezing": True}, dynamic=False)}
        if not missing:
            ways["onnxruntime"] = _in_onnxruntime(network, example, Path(folder))
        chosen = [text for text, own in zip(texts, model.token_keys(texts), strict=True) if own in _keys(tokens)]
        runs: dict[str, Callable[[], FloatArray]] = {
            **{name: partial(_encode, way, model, chosen, batch) for name, way in ways.items()},
            **{name: partial(own.encode_texts, chosen) for name, own in models.items()},
        }
        features = {name: run() for name, run in runs.items()}
        least = seconds_in_turn(runs)
        for name, way in ways.items():
            note = _about_bits(way, tokens[: batch.size, : batch.length])
            rows += [
                Comparison(
                    f"text tower, products {own}: {name}",
                    f"{len(chosen)} texts of up to {batch.length} tokens, batches of {batch.size}, fp32",
                    f"{name}, the same weights, batches and threads",
                    "texts/s",
                    len(chosen) / least[name],
                    len(chosen) / least[own],
                    float(np.abs(features[name] - features[own]).max()),
                    note=note,
                )
                for own in models
            ]
    return rows


def text_network(model: OpenClipModel, length: int) -> "torch.nn.Module":
    """A network that encodes token rows [N, length] to unit features [N, D], of a plain CLIP model's own weights."""
    import torch

    class Network(torch.nn.Module):
        def __init__(self, clip: Any) -> None:  # noqa: ANN401
            super().__init__()
            self.clip = clip

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            made: torch.Tensor = self.clip.encode_text(tokens, normalize=True)
            return made

    network: Any = model.network
    shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    clip = copy.deepcopy(network, shared)
    del clip.visual
    clip.positional_embedding = torch.nn.Parameter(network.positional_embedding[:length].detach(), requires_grad=False)
    clip.attn_mask = network.attn_mask[:length, :length].clone()
    return Network(clip).eval()


def _commonest(model: OpenClipModel, texts: list[str]) -> tuple["torch.Tensor", TextBatch]:
    """The token rows of the commonest length, and a batch of it."""
    import torch

    tokens = torch.unique(model._tokenizer(texts), dim=0)
    batches = list(text_batches(tokens, None, tokens_per_batch(model.device), model._text_tower._end))
    counts: Counter[int] = Counter()
    for each in batches:
        counts[each.length] += len(each.rows)
    length = counts.most_common(1)[0][0]
    own = [each for each in batches if each.length == length]
    return tokens[[row for each in own for row in each.rows]], own[0]


def _keys(tokens: "torch.Tensor") -> set[bytes]:
    return {row.tobytes() for row in tokens.numpy().astype("<i4")}


def _encode(way: Encode, model: OpenClipModel, texts: list[str], batch: TextBatch) -> FloatArray:
    """Unit-length features of texts, in batches of one shape, as our own tower does."""
    tokens, features = model._tokenizer(texts), []
    for start in range(0, len(tokens), batch.size):
        rows = list(range(start, min(start + batch.size, len(tokens))))
        made = way(tokens[filled(rows, batch.size), : batch.length])
        features.append(unit_rows(made)[: len(rows)])
    return np.concatenate(features)


def _in_onnxruntime(network: "torch.nn.Module", example: "torch.Tensor", folder: Path) -> Encode:
    import onnxruntime
    import torch

    path = str(folder / "text.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            path,
            dynamo=True,
            external_data=True,
            verbose=False,
            input_names=["tokens"],
            output_names=["features"],
        )
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return lambda tokens: torch.from_numpy(session.run(["features"], {"tokens": tokens.numpy()})[0])


def _about_bits(way: Encode, tokens: "torch.Tensor") -> str:
    """Whether a text's features have the same bits at every place and beside any others, in batches of one shape."""
    import torch

    mixed = way(tokens.contiguous())
    for place in range(len(tokens)):
        repeated = way(tokens[place : place + 1].repeat(len(tokens), 1))
        if not torch.equal(repeated, mixed[place].expand_as(repeated)):
            return "a text has other bits at other places in a batch"
    return "a text has the same bits at every place in a batch"
