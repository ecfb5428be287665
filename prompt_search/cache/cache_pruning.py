"""Makes the cache smaller without getting in the way of programs that use it."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from prompt_search.cache.disk_use import bytes_of, statuses_of
from prompt_search.errors import StoreError
from prompt_search.llm.completion_cache import CompletionCache

__all__ = ["Pruned", "prune"]

COMPLETIONS = "completions.sqlite"
EMBEDDINGS = "embeddings"
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed: replies, embedding stores, bytes on disk; and the stores left alone as they may be in use."""

    replies: int
    stores: int
    bytes: int
    in_use: tuple[str, ...]


def prune(cache_dir: Path, unused_days: int, max_bytes: int | None = None) -> Pruned:
    """Remove replies and embeddings that were not used for that many days, and more until the rest fits.

    To fit, the least recently used embeddings go first, as they cost time only, then replies, which may cost money.
    A store of embeddings that was opened within a day, or that another program is writing to, stays.

    Args:
        cache_dir: the cache directory.
        unused_days: 0 or more.
        max_bytes: of embeddings and replies together.

    Raises:
        StoreError: if something can't be removed.
    """
    before = _size(cache_dir)
    stores = sorted((cache_dir / EMBEDDINGS).glob("*/"), key=_opened_at)
    old = [store for store in stores if time.time() - _opened_at(store) > unused_days * DAY]
    removed = [store for store in old if _remove(store)]
    replies = _prune_replies(cache_dir, unused_days, None)
    if max_bytes is not None:
        for store in stores:
            if store not in removed and _size(cache_dir) > max_bytes and _remove(store):
                removed.append(store)
        if _size(cache_dir) > max_bytes:
            left = bytes_of(store for store in stores if store not in removed)
            replies += _prune_replies(cache_dir, unused_days, max(0, max_bytes - left))
    wanted = stores if max_bytes is not None and _size(cache_dir) > max_bytes else old
    in_use = tuple(store.name for store in wanted if store not in removed)
    return Pruned(replies, len(removed), max(0, before - _size(cache_dir)), in_use)


def _prune_replies(cache_dir: Path, unused_days: int, max_bytes: int | None) -> int:
    path = cache_dir / COMPLETIONS
    return CompletionCache(path).prune(unused_days, max_bytes) if path.exists() else 0


def _opened_at(store: Path) -> float:
    """When a program last opened the store, which touches its files; seconds since 1970."""
    return max((status.st_mtime for status in statuses_of([store])), default=0.0)


def _remove(store: Path) -> bool:
    """Remove a store unless it may be in use. It first gets another name, so that nobody opens half of it."""
    if time.time() - _opened_at(store) < DAY:
        return False
    leaving = store.with_name(f".pruned-{store.name}")
    try:
        with FileLock(store / "lock", timeout=0):
            shutil.rmtree(leaving, ignore_errors=True)
            store.rename(leaving)
        shutil.rmtree(leaving)
    except Timeout:
        return False
    except OSError as error:
        raise StoreError(f"{store} can't be removed: {error.strerror or error}") from error
    return True


def _size(cache_dir: Path) -> int:
    """Bytes of embeddings and replies."""
    return bytes_of([cache_dir / EMBEDDINGS, *cache_dir.glob(f"{COMPLETIONS}*")])
