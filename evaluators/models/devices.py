"""Devices by name: which there are, and where a model is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evaluators.errors import ModelError

if TYPE_CHECKING:
    import torch

    from evaluators.models.image_text_model import ImageTextModel

__all__ = ["check_device", "check_devices", "product_devices"]


def check_device(name: str) -> str:
    """The device's name, with `auto` decided.

    Raises:
        ModelError: if the name is not a device's, or the device isn't there; those that are there are named.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    device = _device(name)
    if device.type == "cuda" and (device.index or 0) >= _cuda_devices():
        there = ", ".join(["cpu", *(f"cuda:{index}" for index in range(_cuda_devices()))])
        raise ModelError(f"there is no device {name!r} here; there are: {there}")
    return name


def check_devices(names: Sequence[str]) -> tuple[str, ...]:
    """Devices that share work, with `auto` decided.

    The CPU may be named several times, which serves to try sharing out; a GPU named twice would only hold all weights
    twice.

    Raises:
        ModelError: if there are none, one isn't there, a GPU is named twice, or they are of several kinds, which round
            differently.

    >>> check_devices(["cpu", "cpu"])
    ('cpu', 'cpu')
    """
    if not names:
        raise ModelError("no device is named; give cpu, cuda, cuda:N, auto, or several like cuda:0,cuda:1")
    checked = tuple(map(check_device, names))
    devices = [_device(name) for name in checked]
    if len({device.type for device in devices}) > 1:
        raise ModelError(f"devices that share work must be of one kind, got {', '.join(checked)}")
    places = [device.index or 0 for device in devices]
    if devices[0].type != "cpu" and len(set(places)) < len(places):
        raise ModelError(f"a device is named twice: {', '.join(checked)}")
    return checked


def product_devices(model: "ImageTextModel") -> tuple[str, ...]:
    """Where products with a model's features run by default: on the GPUs it is on, else on the CPU.

    A model that does not say where it is counts as being on the CPU; so does one on an accelerator other than CUDA,
    which may have no float64.
    """
    named: Sequence[str] = getattr(model, "devices", None) or (getattr(model, "device", "cpu"),)
    return tuple(named) if all(_device(str(name)).type == "cuda" for name in named) else ("cpu",)


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _device(name: str) -> "torch.device":
    import torch

    try:
        return torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"unknown device {name!r}; choose cpu, cuda, cuda:N or auto") from error
