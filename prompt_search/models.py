"""Image-text models by the names a person uses."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prompt_search.errors import ModelError
from prompt_search.model_names import open_clip_name

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from evaluators.precision import Precision, ProductsBy

__all__ = ["backbone_warning", "describe_model", "has_weights_of", "load_model", "load_prompt_model"]


def load_model(
    name: str,
    *,
    device: str | Sequence[str] = "auto",
    precision: "Precision" = "fp32",
    products: "ProductsBy" = "torch",
) -> "ImageTextModel":
    """Load `mini-clip` (bundled) or any model of open_clip: `ViT-B-32/laion2b_e16`, `hf-hub:...`, `local-dir:...`.

    Other spellings are understood too, see `prompt_search.model_names`; the `name` of what is returned is open_clip's.

    Args:
        device: `auto`, `cpu`, `cuda`, `cuda:N`, or several, like `cuda:0,cuda:1`, which share images and texts.
        products: see `evaluators.OpenClipModel`.

    Raises:
        ModelError: if it can't be loaded, or a device is not there or can't have such products, which is seen before
            anything is loaded.
    """
    from evaluators.models.devices import check_devices
    from evaluators.models.open_clip_model import OpenClipModel
    from evaluators.models.shared_out_model import SharedOutModel

    devices = check_devices(_named(device))
    copies = [
        OpenClipModel(open_clip_name(name), device=each, precision=precision, products=products) for each in devices
    ]
    return copies[0] if len(copies) == 1 else SharedOutModel(copies)


def _named(device: str | Sequence[str]) -> Sequence[str]:
    return [name.strip() for name in device.split(",")] if isinstance(device, str) else device


def load_prompt_model(described: Mapping[str, Any], *, device: str | Sequence[str] = "auto") -> "ImageTextModel":
    """Load the model a prompt file was found for, with the products that it had, or torch's where it can't have them.

    Raises:
        ModelError: if it can't be loaded, or the one of that name has other weights.
    """
    name, precision = str(described.get("name")), described.get("precision", "fp32")
    model = load_model(name, device=device, precision=precision, products=_products_here(described, device))
    if not has_weights_of(described, model):
        raise ModelError(
            f"the model {described.get('name')!r} here is not the one the prompts were found for: its weights differ; "
            "name a model to use it all the same"
        )
    return model


def _products_here(described: Mapping[str, Any], device: str | Sequence[str]) -> "ProductsBy":
    """Features differ by rounding only, so prompts that were found with oneDNN's products are used anywhere."""
    if described.get("products") != "onednn":
        return "torch"
    from evaluators.models.devices import check_devices
    from evaluators.models.onednn import why_not

    precision = described.get("precision", "fp32")
    return "torch" if any(why_not(each, precision) for each in check_devices(_named(device))) else "onednn"


def has_weights_of(described: Mapping[str, Any], model: "ImageTextModel") -> bool:
    """Whether a model is the one a prompt file was found for, whatever multiplies its matrices.

    Args:
        described: what the prompt file says of its model.
    """
    return bool(described.get("fingerprint") == getattr(model, "weights_fingerprint", model.fingerprint))


def backbone_warning(described: Mapping[str, Any], model: "ImageTextModel") -> str | None:
    """What a person must know who uses prompts with another model than theirs; `None` if it is theirs.

    Args:
        described: what the prompt file says of the model it was found for.
        model: the one in use.
    """
    if has_weights_of(described, model):
        return None
    return (
        f"WRONG MODEL: these prompts were found for {described.get('name')!r} ({described.get('precision')}) and are "
        f"used with {model.name!r}. Texts do not carry over between models, and none of the file's figures holds; "
        "`prompt-search transfer` measures what they are worth on another one"
    )


def describe_model(name: str, precision: str, model: "ImageTextModel") -> dict[str, Any]:
    """What a prompt file says of the model it was found for; of products only if they are not torch's."""
    products = getattr(model, "products", "torch")
    return {
        "name": name,
        "precision": precision,
        **({} if products == "torch" else {"products": products}),
        "fingerprint": getattr(model, "weights_fingerprint", model.fingerprint),
        "width": model.width,
        "context_length": model.context_length,
        "logit_scale": round(model.logit_scale, 6),
        "preprocessing": model.preprocessing,
    }
