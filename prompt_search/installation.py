"""How this project is installed, and so how the rest of it is."""

import importlib.metadata
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["install_command"]

DISTRIBUTION = "prompt-search"
CHECKOUT = Path(__file__).resolve().parents[1]


def install_command(extra: str | None = None, *, again: bool = False) -> str:
    """The command that installs this project once more, with one of its extras, from where it came the first time.

    What came from a checkout, editable or not, is installed from there: the command is to be given in its folder.

    Args:
        extra: an optional part, as `pyproject.toml` has it.
        again: put back files that are missing, too.

    >>> install_command("hf").endswith("install '.[hf]'")  # here, as in every checkout
    True
    """
    pip = "pip" if importlib.util.find_spec("pip") else "uv pip"
    forced = ("--force-reinstall --no-deps " if pip == "pip" else "--reinstall --no-deps ") if again else ""
    wanted = _requirement(f"[{extra}]" if extra else "")
    return f"{pip} install {forced}" + (f"'{wanted}'" if extra or " " in wanted else wanted)


def _requirement(extra: str) -> str:
    if (CHECKOUT / "pyproject.toml").is_file():
        return f".{extra}"
    origin = _origin()
    url = str(origin.get("url", ""))
    if not url or "dir_info" in origin:
        return f".{extra}" if url else f"{DISTRIBUTION}{extra}"
    vcs = origin["vcs_info"]["vcs"] + "+" if "vcs_info" in origin else ""
    return f"{DISTRIBUTION}{extra} @ {vcs}{url}"


def _origin() -> Mapping[str, Any]:
    """What an installer wrote down of where the project came from; empty if it was a package index. (PEP 610)"""
    try:
        written = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        found = json.loads(written or "{}")
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
