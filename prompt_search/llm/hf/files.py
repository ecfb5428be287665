"""The files of a Hugging Face model: where they are, what identifies them, and how transformers reads them."""

import hashlib
import importlib.util
import re
from collections.abc import Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable, SettingsError
from prompt_search.cache.home_folder import in_home
from prompt_search.installation import install_command

__all__ = ["ModelFiles", "check_packages", "load_network", "load_tokenizer", "missing_packages"]

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
NEEDED = ("*.json", "*.jinja", "*.safetensors", "*.model", "*.txt")
"""What is fetched from the hub; weights in pickles are left where they are."""
SAMPLED_BYTES = 1 << 20


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model.

    Attributes:
        source: a folder as transformers saves one, a GGUF file, or `OWNER/NAME` on the Hugging Face hub.

    Raises:
        SettingsError: if it is none of these.

    >>> ModelFiles("HuggingFaceTB/SmolLM2-135M-Instruct").name
    'SmolLM2-135M-Instruct'
    """

    source: str

    def __post_init__(self) -> None:
        path = self._path
        if path.is_file() and not self.is_gguf:
            raise SettingsError(f"the language model {path} is a file but no .gguf: name it, or the folder it is in")
        if path.is_dir() and not (path / "config.json").is_file():
            raise SettingsError(f"the folder {path} holds no language model: there is no config.json in it")
        if not path.exists() and (self.is_gguf or not HUB_NAME.fullmatch(self.source)):
            raise SettingsError(
                f"there is no language model {path}: `hf:` is followed by a folder, a .gguf file, or OWNER/NAME"
            )

    @property
    def is_gguf(self) -> bool:
        """Whether it is one GGUF file."""
        return self._path.suffix == ".gguf"

    @property
    def name(self) -> str:
        """The last part of the source, without `.gguf`."""
        return self._path.stem if self.is_gguf else self._path.resolve().name

    @cached_property
    def path(self) -> Path:
        """The GGUF file, or the folder; a model of the hub is fetched, once.

        Raises:
            LanguageModelUnavailable: if it can't be fetched.
        """
        return self._path if self._path.exists() else _fetched(self.source)

    @cached_property
    def digest(self) -> str:
        """16 hex digits from the name, size, first and last megabyte of each file.

        The whole of a large model would take minutes to read at every start. Two models that differ only in the
        middle of their files count as one.
        """
        sha256 = hashlib.sha256()
        files = [self.path] if self.is_gguf else _matching(self.path)
        for file in files:
            size = file.stat().st_size
            sha256.update(f"{file.name}\0{size}\0".encode())
            with file.open("rb") as stream:
                sha256.update(stream.read(SAMPLED_BYTES))
                stream.seek(max(0, size - SAMPLED_BYTES))
                sha256.update(stream.read(SAMPLED_BYTES))
        return sha256.hexdigest()[:16]

    @property
    def _path(self) -> Path:
        return in_home(self.source, SettingsError, "the language model")


def check_packages(*, gguf: bool) -> None:
    """Refuse to go on without the packages; nothing is imported.

    Raises:
        SettingsError: naming what is missing, and the way to get it.
    """
    missing = missing_packages(("transformers", "accelerate", "gguf") if gguf else ("transformers",))
    if missing:
        raise SettingsError(f"hf: needs {' and '.join(missing)}: {install_command('hf')}")


def missing_packages(names: Iterable[str]) -> list[str]:
    """Those of the packages that are not installed."""
    return [name for name in names if importlib.util.find_spec(name) is None]


def load_network(files: ModelFiles, device: str) -> Any:  # noqa: ANN401 - transformers has no types
    """The model in evaluation mode: in its own precision on a GPU, in float32 on a CPU.

    Of its own generation settings only the tokens that end a turn stay: how it samples is for the request to say.

    Args:
        device: `auto` (the first GPU if there is one), `cpu`, `cuda`, `cuda:N`.

    Raises:
        LanguageModelRejected: if transformers can't load it.
    """
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.float32 if device == "cpu" else "auto"
    network = _read(AutoModelForCausalLM, files, dtype=dtype, use_safetensors=True).to(device).eval()
    network.generation_config = GenerationConfig(eos_token_id=network.generation_config.eos_token_id)
    return network


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


def _matching(folder: Path) -> list[Path]:
    return sorted(file for pattern in NEEDED for file in folder.glob(pattern) if file.is_file())


def _fetched(source: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(source, allow_patterns=list(NEEDED)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise LanguageModelUnavailable(
            f"{source} can't be fetched from the Hugging Face hub: {str(error).splitlines()[0]} "
            "Check the name and the connection; a model behind terms of use needs HF_TOKEN."
        ) from None


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
