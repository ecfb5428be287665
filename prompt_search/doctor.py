"""What of this project can be used here, what can't, and the exact way to mend that. Nothing is asked or spent."""

import ctypes
import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evaluators.printable import counted
from prompt_search.cache.disk_use import bytes_of
from prompt_search.cache.writable import check_writable
from prompt_search.errors import PromptSearchError, SettingsError
from prompt_search.installation import install_command
from prompt_search.llm.api.connection_settings import check_connection_settings, find_key
from prompt_search.llm.choose import language_model
from prompt_search.llm.hf.files import missing_packages
from prompt_search.llm.local.install import find_local_model
from prompt_search.testbed.bundled import BUNDLED_DATA, BUNDLED_MODEL, TESTBED
from prompt_search.tracking.tracker import TRACKERS

__all__ = ["Check", "diagnose", "diagnose_language_model"]

Part = Literal["images", "language models", "cache", "trackers", "prompts"]

KEYS = (
    "ANTHROPIC_API_KEY",
    "AZURE_API_KEY",
    "DEEPSEEK_API_KEY",
    "GEMINI_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "OPENROUTER_API_KEY",
    "TOGETHERAI_API_KEY",
)
"""The keys of providers that many reach through litellm; any other it knows works too."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        part: of the project.
        name: what was looked at.
        usable: whether it can be used here.
        found: what there is, or why it can't be used; never a key.
        fix: what to do, where something can be done.
    """

    part: Part
    name: str
    usable: bool
    found: str
    fix: str | None = None


def diagnose(cache_dir: Path) -> list[Check]:
    """Everything but a particular language model, in a fixed order. Where there may be a GPU, torch is asked for it,
    whose import takes seconds.

    Args:
        cache_dir: looked at, and made if it does not exist.
    """
    return [
        _package("images", "torch", "pip install torch"),
        _devices(),
        _package("images", "open_clip", "pip install open_clip_torch", distribution="open_clip_torch"),
        _bundled(),
        _local_model(cache_dir),
        _package("language models", "xllamacpp", "pip install xllamacpp", use="local and gguf:PATH"),
        _hugging_face(),
        _key("OPENAI_API_KEY"),
        _package("language models", "litellm", install_command(), use="PROVIDER/NAME and prices"),
        _other_keys(),
        _attempt("language models", "proxy, certificates", check_connection_settings),
        _cache(cache_dir),
        _runs(),
        *(_package("trackers", name, install_command(name), use=f"--track {name}") for name in TRACKERS),
    ]


def diagnose_language_model(spec: str, base_url: str | None, cache_dir: Path) -> Check:
    """Whether a run could begin with this language model. It is set up and not called, so a dead server goes unseen."""
    return _attempt(
        "language models",
        "--llm",
        lambda: f"{language_model(spec, base_url=base_url, cache_dir=cache_dir).name} can be set up; no call was made",
    )


def _attempt(part: Part, name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(part, name, True, look())
    except PromptSearchError as error:
        return Check(part, name, False, str(error))


def _package(part: Part, name: str, fix: str, *, distribution: str | None = None, use: str | None = None) -> Check:
    purpose = f", for {use}" if use else ""
    if missing_packages([name]):
        return Check(part, name, False, f"not installed{purpose}", fix)
    return Check(part, name, True, f"{_version(distribution or name)}{purpose}")


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def _devices() -> Check:
    if missing_packages(["torch"]):
        return Check("images", "devices", False, "unknown without torch", "pip install torch")
    gpus = _gpus() if _has_gpu_driver() else []
    return Check("images", "devices", True, "; ".join([f"cpu with {counted(os.cpu_count() or 1, 'core')}", *gpus]))


def _gpus() -> list[str]:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(count)]


def _has_gpu_driver() -> bool:
    """Whether there is what torch reaches a GPU through: NVIDIA's library, or the device of AMD's driver."""
    if Path("/dev/kfd").exists():
        return True
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _bundled() -> Check:
    files = [TESTBED / BUNDLED_MODEL, *BUNDLED_DATA.values()]
    missing = [file.name for file in files if not file.exists()]
    if missing:
        found = f"missing from this installation: {', '.join(missing)}"
        return Check("images", "bundled", False, found, install_command(again=True))
    return Check("images", "bundled", True, f"the model {BUNDLED_MODEL}, the images {' and '.join(BUNDLED_DATA)}")


def _local_model(cache_dir: Path) -> Check:
    path = find_local_model(cache_dir)
    if path is None:
        return Check("language models", "local", False, "not installed", "prompt-search llm install")
    return Check("language models", "local", True, str(path))


def _hugging_face() -> Check:
    needed = ("transformers", "accelerate", "gguf")
    missing = missing_packages(needed)
    if missing:
        found = f"{', '.join(missing)} not installed, for hf:PATH and steering"
        return Check("language models", "transformers", False, found, install_command("hf"))
    return Check("language models", "transformers", True, f"{_version('transformers')}, for hf:PATH and steering")


def _key(variable: str) -> Check:
    check = _attempt("language models", variable, lambda: "set" if find_key(variable) else "")
    if check.usable and not check.found:
        fix = f"export {variable}=..., or {variable}_FILE=PATH"
        return Check(check.part, variable, False, "not set, for openai/NAME; a server of your own may need none", fix)
    return check


def _other_keys() -> Check:
    found = [key for key in KEYS if os.environ.get(key, "").strip() or os.environ.get(f"{key}_FILE", "").strip()]
    if found:
        return Check("language models", "other keys", True, f"set: {', '.join(found)}")
    fix = f"export the provider's variable, e.g. {KEYS[0]}=..."
    return Check("language models", "other keys", False, "none of the usual ones is set, for PROVIDER/NAME", fix)


def _cache(cache_dir: Path) -> Check:
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        check_writable(cache_dir, "")
        size = bytes_of([cache_dir])
        free = shutil.disk_usage(cache_dir).free
    except SettingsError as error:
        return _unusable_cache(str(error).rstrip("; "))
    except OSError as error:
        return _unusable_cache(f"{cache_dir} can't be used: {error.strerror or error}")
    return Check("cache", "cache", True, f"{cache_dir}, {size / 2**20:.0f} MB, {free / 2**30:.1f} GB free on the disk")


def _runs() -> Check:
    """Where runs go by default."""
    folder = Path("runs").absolute()
    try:
        check_writable(folder, "")
    except SettingsError as error:
        return Check("cache", "runs", False, str(error).rstrip("; "), "go to another folder, or give --out FOLDER")
    return Check("cache", "runs", True, f"{folder}, unless --out names another")


def _unusable_cache(found: str) -> Check:
    return Check("cache", "cache", False, found, "set PROMPT_SEARCH_CACHE to a folder that can be written to")
