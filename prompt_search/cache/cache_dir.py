"""Where what is worth keeping between runs is kept."""

import os
from pathlib import Path

from prompt_search.cache.home_folder import in_home
from prompt_search.errors import SettingsError

__all__ = ["cache_dir"]

VARIABLE = "PROMPT_SEARCH_CACHE"


def cache_dir(given: str | Path | None = None) -> Path:
    """The cache directory: the given one, `PROMPT_SEARCH_CACHE`, `cache/` of a checkout, or the platform's own.

    Raises:
        SettingsError: if it is in the home folder of nobody, or leads round in a circle, or there is no home.
    """
    chosen = given or os.environ.get(VARIABLE)
    if chosen:
        return _resolved(in_home(chosen, SettingsError, "the cache directory"))
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "cache" / "README.md").is_file():
        return checkout / "cache"
    return _of_the_platform()


def _of_the_platform() -> Path:
    import platformdirs

    try:
        # Older ones leave the ~ as it is where there is no home: that would be a folder of that name right here.
        return Path(platformdirs.user_cache_dir("prompt-search", appauthor=False)).expanduser()
    except RuntimeError as error:
        raise SettingsError(
            f"there is no home folder to keep the cache in; choose a cache directory, or set {VARIABLE}"
        ) from error


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise SettingsError(
            f"the cache directory {path} can't be used: {error}; choose another cache directory"
        ) from error
