"""Reads a Hugging Face model with transformers."""

from contextlib import redirect_stderr
from io import StringIO
from typing import Any

from optimizers.errors import LanguageModelRejected
from prompt_search.llm.hf_files import ModelFiles

__all__ = ["context_length", "end_tokens", "load_network", "load_tokenizer"]

USUAL_CONTEXT = 2048
"""Tokens, where a model does not say how many it can read."""


def load_network(files: ModelFiles, device: str) -> Any:  # noqa: ANN401 - transformers has no types
    """The model in evaluation mode: in its own precision on a GPU, in float32 on a CPU.

    Args:
        files: of the model.
        device: `auto` (the first GPU if there is one), `cpu`, `cuda`, `cuda:N`.

    Raises:
        LanguageModelRejected: if transformers can't load it.
    """
    import torch
    from transformers import AutoModelForCausalLM

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.float32 if device == "cpu" else "auto"
    return _read(AutoModelForCausalLM, files, dtype=dtype, use_safetensors=True).to(device).eval()


def load_tokenizer(files: ModelFiles) -> Any:  # noqa: ANN401 - transformers has no types
    """The tokenizer.

    Raises:
        LanguageModelRejected: if transformers can't load it, or it has no chat template.
    """
    from transformers import AutoTokenizer

    tokenizer = _read(AutoTokenizer, files)
    if not tokenizer.chat_template:
        raise LanguageModelRejected(f"{files.name} has no chat template: name a model tuned for conversation")
    return tokenizer


def context_length(network: Any) -> int:  # noqa: ANN401 - transformers has no types
    """The most tokens of prompt and completion together."""
    return int(getattr(network.config.get_text_config(), "max_position_embeddings", None) or USUAL_CONTEXT)


def end_tokens(network: Any, tokenizer: Any) -> frozenset[int]:  # noqa: ANN401 - transformers has no types
    """The tokens that end a turn."""
    configured = network.generation_config.eos_token_id
    several = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in (*several, tokenizer.eos_token_id) if token is not None)


def _read(kind: Any, files: ModelFiles, **options: Any) -> Any:  # noqa: ANN401 - transformers has no types
    path = files.path
    if files.is_gguf:
        path, options = path.parent, options | {"gguf_file": path.name}
    try:
        with redirect_stderr(StringIO()):  # progress bars, one of which no setting of transformers stops
            return kind.from_pretrained(str(path), **options, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise LanguageModelRejected(
            f"transformers can't load {files.path}: {str(error)[:500]} "
            "The model may be damaged, or too new for this version of transformers."
        ) from error
