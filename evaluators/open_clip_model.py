"""open_clip models behind the `ImageTextModel` protocol."""

import contextlib
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np

from evaluators.errors import ModelError
from evaluators.image_text_model import FloatArray
from evaluators.text_batches import BATCH, text_batches

if TYPE_CHECKING:
    import torch
    from PIL import Image

__all__ = ["OpenClipModel", "Precision"]

Precision = Literal["fp32", "bf16", "fp16"]

IMAGE_BATCH = 16
T = TypeVar("T")

# The names under which open_clip keeps what depends on a text's length, for its two kinds of model.
LENGTH_DEPENDENT = ("positional_embedding", "attn_mask", "text.positional_embedding", "text.attn_mask")
PROBES = ("a cat", "a photo of a small red wooden house by the sea.", "two dogs and one bird, 3 of them brown")


class OpenClipModel:
    """Any model open_clip can build, as unit-length float32 features.

    Args:
        name: an architecture (`ViT-B-32`), `local-dir:FOLDER`, or `hf-hub:OWNER/MODEL`. A pretrained tag may follow an
            architecture after a slash: `ViT-B-32/laion2b_s34b_b79k`. Without a tag, an architecture is refused: it
            would have random weights.
        device: `cpu`, `cuda`, `cuda:1`, or `auto` (CUDA where there is one).
        precision: of weights and computation; features are always returned as float32.
        random_weights: allow an architecture without a tag, seeded with 0 (for tests and benchmarks).

    Raises:
        ModelError: if the model is unknown, can't be fetched or doesn't load, or the device isn't there.
    """

    def __init__(
        self, name: str, *, device: str = "auto", precision: Precision = "fp32", random_weights: bool = False
    ) -> None:
        self.name = name
        self.precision = precision
        self.device = _device(device)
        if precision not in get_args(Precision):
            raise ModelError(f"unknown precision {precision!r}; choose one of {', '.join(get_args(Precision))}")
        model, self._preprocess, self._tokenizer = _load(name, self.device, random_weights)
        self.context_length = int(self._tokenizer.context_length)
        self.logit_scale = float(model.logit_scale.detach().exp())  # before the cast: bfloat16 makes 99 of 100
        self._model = model.to(_dtype(precision))
        self.preprocessing = _describe_preprocessing(self._model)
        self.fingerprint = self._fingerprint()
        self.cut_is_exact = self._detect_cut()
        self.width = self.encode_texts(["a photo"]).shape[1]

    def token_keys(self, texts: Sequence[str]) -> list[bytes]:
        """For each text the bytes of its token ids, padding included."""
        return [row.tobytes() for row in self._tokenizer(list(texts)).numpy().astype("<i4")] if texts else []

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """For each text its length in tokens before truncation, start and end tokens counted.

        open_clip's tokenizers truncate without a word; the same tokenizer with a longer context tells the true length.
        """
        if not texts:
            return []
        longest = max(len(text.encode(errors="surrogatepass")) for text in texts)
        tokens = self._tokenizer(list(texts), context_length=max(self.context_length, 2 * longest + 8))
        # Padding is one repeated id at the end, so a text's length is where its row stops changing.
        changes = (tokens[:, 1:] != tokens[:, :-1]).numpy()
        return [int(np.flatnonzero(row)[-1]) + 1 if row.any() else 1 for row in changes]

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D] float32, equal to `model.encode_text(..., normalize=True)`."""
        import torch

        if not texts:
            return np.empty((0, self.width), dtype=np.float32)
        tokens = self._tokenizer(list(texts))
        features: FloatArray | None = None
        with torch.inference_mode():
            for rows, length in text_batches(tokens, self.context_length if not self.cut_is_exact else None):
                encoded = self._encode_tokens(tokens[_filled(rows, BATCH)], length)
                if features is None:
                    features = np.empty((len(texts), encoded.shape[1]), dtype=np.float32)
                features[rows] = encoded[: len(rows)]
        assert features is not None
        return features

    def encode_images(self, images: Sequence["Image.Image"]) -> FloatArray:
        """Unit-length features [len(images), D] float32, equal to `model.encode_image(..., normalize=True)`."""
        import torch

        if not images:
            return np.empty((0, self.width), dtype=np.float32)
        dtype = next(self._model.parameters()).dtype
        features = []
        with torch.inference_mode():
            for start in range(0, len(images), IMAGE_BATCH):
                batch = [self._preprocess(image) for image in images[start : start + IMAGE_BATCH]]
                pixels = torch.stack(_filled(batch, IMAGE_BATCH)).to(self.device, dtype)
                features.append(_unit_rows(self._model.encode_image(pixels, normalize=True))[: len(batch)])
        return np.concatenate(features)

    def _encode_tokens(self, tokens: "torch.Tensor", length: int) -> FloatArray:
        tokens = tokens.to(self.device)
        if length == tokens.shape[1]:
            return _unit_rows(self._model.encode_text(tokens, normalize=True))
        return _unit_rows(_encode_cut(self._model, tokens, length))

    def _detect_cut(self) -> bool:
        """Whether texts may be cut to their real length, found by trying: so for causal towers that pool at the end."""
        import torch

        tokens = self._tokenizer(list(PROBES))
        if tokens.shape[1] <= 32:
            return False
        with torch.inference_mode():
            full = self._encode_tokens(tokens, tokens.shape[1])
            try:
                cut = self._encode_tokens(tokens, 32)
            except (RuntimeError, ValueError, IndexError, TypeError):
                return False  # this tower takes one length only
        tolerance = 1e-5 if self.precision == "fp32" else 2e-2
        return bool(np.abs(full - cut).max() <= tolerance)

    def _fingerprint(self) -> str:
        import torch

        digest = hashlib.sha256()
        digest.update(json.dumps([type(self._model).__name__, self.precision, repr(self._model)]).encode())
        digest.update(json.dumps(_module_settings(self._model)).encode())
        digest.update(self._tokenizer(list(PROBES)).numpy().tobytes())
        tensors = dict(self._model.named_parameters()) | dict(self._model.named_buffers())
        for key, tensor in sorted(tensors.items()):
            digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data if tensor.dim() else b"")
            if not tensor.dim():
                digest.update(str(tensor.item()).encode())
        return digest.hexdigest()


def _filled(batch: list[T], size: int) -> list[T]:
    """A batch brought to its fixed size by repeating its last element; see `text_batches` for why."""
    return batch + batch[-1:] * (size - len(batch))


def _module_settings(model: "torch.nn.Module") -> list[tuple[str, str, bool | int | float | str]]:
    """What changes a model's features and shows in neither its weights nor its `repr`: heads, pooling."""
    return sorted(
        (path, name, value)
        for path, module in model.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, bool | int | float | str) and not name.startswith("_")
    )


def _unit_rows(features: "torch.Tensor") -> FloatArray:
    """As float32 on the CPU; half precision leaves rows a little off unit length."""
    from torch.nn import functional

    rows: FloatArray = functional.normalize(features.float(), dim=-1).cpu().numpy()
    return rows


def _encode_cut(model: "torch.nn.Module", tokens: "torch.Tensor", length: int) -> "torch.Tensor":
    """Encode only the first `length` tokens of each text.

    open_clip sizes the position table and the causal mask for the full context, so both are swapped for their
    leading part during the call.
    """
    import torch

    sized: dict[str, torch.Tensor] = dict(model.named_parameters()) | dict(model.named_buffers())
    cut: dict[str, torch.Tensor] = {}
    for name in LENGTH_DEPENDENT:
        if name in sized:
            whole = sized[name]
            cut[name] = whole[:length, :length] if name.endswith("attn_mask") else whole[:length]
    output = torch.func.functional_call(model, cut, kwargs={"text": tokens[:, :length]})
    features = output["text_features"] if isinstance(output, Mapping) else output[1]
    assert isinstance(features, torch.Tensor)
    return features


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"unknown device {name!r}; choose cpu, cuda, cuda:N or auto") from error
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise ModelError(f"there is no device {name!r} here; choose cpu or auto")
    return name


def _dtype(precision: Precision) -> "torch.dtype":
    import torch

    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def _load(name: str, device: str, random_weights: bool) -> tuple[Any, Callable[..., Any], Any]:
    """The model in evaluation mode, its preprocessing, and its tokenizer."""
    import open_clip
    import torch

    architecture, _, tag = (name, "", "") if ":" in name else name.partition("/")
    if ":" not in name:
        _check_known(architecture, tag, random_weights)
    try:
        with torch.random.fork_rng(devices=[]), _quiet():
            torch.manual_seed(0)
            model, _, preprocess = open_clip.create_model_and_transforms(
                architecture,
                pretrained=tag or None,
                device=device,
                require_pretrained=not random_weights,  # a folder without weights would load as a random model
            )
            tokenizer = open_clip.get_tokenizer(architecture)
    except Exception as error:  # whatever a foreign file can make open_clip, safetensors or pickle raise
        raise ModelError(
            f"the image-text model {name!r} can't be loaded: {_first_line(error)}; for a folder write local-dir:FOLDER "
            "(it needs open_clip_config.json and weights), for a hub model check the name and the connection"
        ) from error
    return model.eval(), preprocess, tokenizer


def _check_known(architecture: str, tag: str, random_weights: bool) -> None:
    import difflib

    import open_clip

    known = open_clip.list_models()
    if architecture not in known:
        close = difflib.get_close_matches(architecture, known, n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else "; `local-dir:FOLDER` loads a model of your own"
        raise ModelError(f"open_clip has no architecture {architecture!r}{hint}")
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if tag and tag not in tags:
        close = difflib.get_close_matches(tag, tags, n=3) or tags[:8]
        raise ModelError(f"{architecture} has no weights {tag!r}; there are: {', '.join(close)}")
    if not tag and not random_weights:
        hint = f"; add one of its tags, e.g. {architecture}/{tags[0]}" if tags else ""
        raise ModelError(f"{architecture!r} alone would have random weights{hint}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """open_clip logs its own progress through the root logger; a person asked for none of it."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(previous)


def _describe_preprocessing(model: "torch.nn.Module") -> str:
    import open_clip

    return json.dumps(open_clip.get_model_preprocess_cfg(model), sort_keys=True, default=str)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"
