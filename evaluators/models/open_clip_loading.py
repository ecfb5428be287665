"""Loads an open_clip model by name, and says in one sentence why it can't."""

import contextlib
import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from evaluators.errors import ModelError
from evaluators.precision import Precision

if TYPE_CHECKING:
    import torch

__all__ = [
    "fault_of_hub",
    "hub_or_cache",
    "is_missing",
    "load",
    "network_digest",
    "preprocessing_of",
    "torch_dtype",
]


SECONDS = 4.0
LOOKING_UP = 3.0
"""More, for the name of the server: no limit of a request covers that."""
ABSENT = {
    "LocalEntryNotFoundError": "is not on this machine",
    "OfflineModeIsEnabled": "is not on this machine",
    "RepositoryNotFoundError": "is not on the Hugging Face hub, or it is private and needs HF_TOKEN",
    "GatedRepoError": "needs HF_TOKEN, and its terms accepted on the Hugging Face hub",
    "EntryNotFoundError": "is on the Hugging Face hub, but without open_clip's files",
    "RemoteEntryNotFoundError": "is on the Hugging Face hub, but without open_clip's files",
}
"""What the hub's errors mean for a model, by the names of their classes."""


@contextlib.contextmanager
def hub_or_cache() -> Iterator[str]:
    """What fails at the hub, empty if nothing does; if something does, its files come from the cache until the end.

    One request is made, of a few seconds at most, the way the hub's own client makes them.
    """
    from huggingface_hub import constants

    was_offline = constants.HF_HUB_OFFLINE
    fault = "HF_HUB_OFFLINE is set" if was_offline else fault_of_hub(constants.ENDPOINT)
    constants.HF_HUB_OFFLINE = bool(fault)  # its functions look here at every call
    try:
        yield fault
    finally:
        constants.HF_HUB_OFFLINE = was_offline


def fault_of_hub(address: str, seconds: float = SECONDS) -> str:
    """Why an address can't be reached, in a few words; empty if it answers, whatever it says."""
    faults = [f"no answer in {seconds + LOOKING_UP:.0f} s"]

    def ask() -> None:
        from huggingface_hub import get_session

        try:
            get_session().head(address, timeout=seconds)
            faults.append("")
        except Exception as error:  # noqa: BLE001 - whatever proxies, certificates and name servers can make of it
            faults.append(type(error).__name__)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds + LOOKING_UP)
    return f"{address} can't be reached ({faults[-1]})" if faults[-1] else ""


def is_missing(error: BaseException | None) -> str:
    """What an error of the hub's client, or one that it caused, says of a model; empty for any other."""
    while error is not None:
        if type(error).__name__ in ABSENT:
            return ABSENT[type(error).__name__]
        error = error.__cause__ or error.__context__
    return ""


def torch_dtype(precision: Precision) -> "torch.dtype":
    """Torch's name of a precision.

    Raises:
        ModelError: if there is no such precision.
    """
    import torch

    if precision not in get_args(Precision):
        raise ModelError(f"unknown precision {precision!r}; choose one of {', '.join(get_args(Precision))}")
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def load(name: str, device: str, random_weights: bool) -> tuple[Any, Callable[..., Any], Any]:
    """The network in evaluation mode, its preprocessing, and its tokenizer.

    Args:
        name: as `OpenClipModel` takes it.
        device: where the weights go.
        random_weights: allow a name without weights; they are drawn with seed 0.

    Raises:
        ModelError: if the model is unknown, can't be fetched or doesn't load.
    """
    import open_clip
    import torch

    architecture, _, tag = (name, "", "") if ":" in name else name.partition("/")
    if ":" not in name:
        _check_known(architecture, tag, random_weights)
    from_hub = (tag and not Path(tag).is_file()) or _asks_hub(architecture)
    hub = hub_or_cache() if from_hub else contextlib.nullcontext("")
    with hub as fault:
        try:
            with torch.random.fork_rng(devices=[]), _quiet():
                torch.manual_seed(0)
                network, _, preprocess = open_clip.create_model_and_transforms(
                    architecture,
                    pretrained=tag or None,
                    device=device,
                    require_pretrained=not random_weights,  # a folder without weights would load as a random model
                )
                tokenizer = open_clip.get_tokenizer(architecture)
        except Exception as error:  # whatever a foreign file can make open_clip, safetensors or pickle raise
            raise ModelError(_said(name, fault, error)) from error
    return network.eval(), preprocess, tokenizer


def network_digest(network: "torch.nn.Module", precision: Precision, sample: bytes) -> str:
    """Hex digest of everything that decides a network's features.

    Args:
        network: its architecture, settings and weights count.
        precision: of its weights and computation.
        sample: what its tokenizer makes of a few texts.
    """
    import torch

    digest = hashlib.sha256()
    digest.update(json.dumps([type(network).__name__, precision, repr(network)]).encode())
    digest.update(json.dumps(_module_settings(network)).encode())
    digest.update(sample)
    tensors = dict(network.named_parameters()) | dict(network.named_buffers())
    for key, tensor in sorted(tensors.items()):
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data if tensor.dim() else b"")
        if not tensor.dim():
            digest.update(str(tensor.item()).encode())
    return digest.hexdigest()


def preprocessing_of(network: "torch.nn.Module") -> str:
    """Canonical description of what is done to an image before the tower."""
    import open_clip

    return json.dumps(open_clip.get_model_preprocess_cfg(network), sort_keys=True, default=str)


def _module_settings(network: "torch.nn.Module") -> list[tuple[str, str, bool | int | float | str]]:
    """What changes a network's features and shows in neither its weights nor its `repr`: heads, pooling."""
    return sorted(
        (path, name, value)
        for path, module in network.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, bool | int | float | str) and not name.startswith("_")
    )


def _asks_hub(name: str) -> bool:
    """Whether a model takes its weights or its tokenizer from the hub."""
    import open_clip

    if name.startswith("hf-hub:"):
        return True
    try:
        text = open_clip.get_model_config(name)["text_cfg"]
        return any(key.startswith("hf_") for key in text)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False  # loading it will say what is wrong with it


def _said(name: str, fault: str, error: Exception) -> str:
    absent = is_missing(error)
    if absent and fault:
        return (
            f"the image-text model {name!r} is not on this machine, and {fault}; connect, or fetch it elsewhere and "
            "give its folder: local-dir:FOLDER"
        )
    if absent:
        return f"the image-text model {name!r} {absent}; check the name"
    architecture, _, file = ("", "", "") if ":" in name else name.partition("/")
    if file and Path(file).is_file():
        if "state_dict" in _first_line(error):
            return f"the weights in the file {file!r} are not of {architecture}; {_first_line(error)}"
        return (
            f"the file {file!r} holds no weights that torch or safetensors can read ({_first_line(error)}); give one "
            f"saved with torch.save(model.state_dict(), ...), or fetch it again"
        )
    return (
        f"the image-text model {name!r} can't be loaded: {_first_line(error)}; for a folder write local-dir:FOLDER "
        "(it needs open_clip_config.json and weights), for a hub model check the name and the connection"
    )


def _check_known(architecture: str, tag: str, random_weights: bool) -> None:
    import difflib

    import open_clip

    known = open_clip.list_models()
    if architecture not in known:
        close = difflib.get_close_matches(architecture, known, n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else "; `local-dir:FOLDER` loads a model of your own"
        raise ModelError(f"open_clip has no architecture {architecture!r}{hint}")
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if tag and tag not in tags and not Path(tag).is_file():
        close = difflib.get_close_matches(tag, tags, n=3) or tags[:8]
        raise ModelError(f"{architecture} has no weights {tag!r}; there are: {', '.join(close)}")
    if not tag and not random_weights:
        hint = f"; add one of its tags, e.g. {architecture}/{tags[0]}" if tags else ""
        raise ModelError(f"{architecture!r} alone would have random weights{hint}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """open_clip logs its own progress through the root logger; a person asked for none of it."""
    previous = logging.root.manager.disable
    logging.disable(logging.ERROR)  # what it logs as an error, it raises too
    try:
        yield
    finally:
        logging.disable(previous)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"
