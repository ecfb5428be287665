"""Where what is worth keeping between runs is kept."""

import os
from pathlib import Path

__all__ = ["cache_dir"]


def cache_dir(given: str | Path | None = None) -> Path:
    """The cache directory: the given one, `PROMPT_SEARCH_CACHE`, `cache/` of a checkout, or the platform's own."""
    import platformdirs

    chosen = given or os.environ.get("PROMPT_SEARCH_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file() and (checkout / "cache" / "README.md").is_file():
        return checkout / "cache"
    return Path(platformdirs.user_cache_dir("prompt-search", appauthor=False))
