"""Pruning the cache: what was not used goes, what may be in use stays, and other processes notice nothing."""

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from evaluators import EmbeddingStore
from optimizers.language_model import Reply
from prompt_search.cache.cache_pruning import COMPLETIONS, DAY, prune
from prompt_search.llm.completion_cache import CompletionCache
from tests.prompt_search.llm.samples import sample


def store(cache: Path, name: str, days_ago: float, rows: int = 10) -> Path:
    """A store of embeddings that was opened that long ago."""
    folder = cache / "embeddings" / name
    EmbeddingStore(folder, width=4).put([bytes([row]) for row in range(rows)], np.ones((rows, 4), dtype=np.float32))
    for file in folder.iterdir():
        os.utime(file, (time.time() - days_ago * DAY,) * 2)
    return folder


def completions(cache: Path, days_ago: float = 0.0) -> CompletionCache:
    return CompletionCache(cache / COMPLETIONS, lambda: time.time() - days_ago * DAY)


def test_what_was_not_used_for_that_long_goes_and_the_rest_stays(tmp_path: Path) -> None:
    old, recent = store(tmp_path, "old", 100), store(tmp_path, "recent", 80)
    completions(tmp_path, 100).put("m", sample("old"), Reply("x" * 50_000))
    completions(tmp_path, 80).put("m", sample("recent"), Reply("y"))
    pruned = prune(tmp_path, 90)
    assert (pruned.replies, pruned.stores, pruned.in_use) == (1, 1, ())
    assert pruned.bytes > 40_000
    assert not old.exists()
    assert recent.exists()
    assert completions(tmp_path).get("m", sample("old")) is None
    assert completions(tmp_path).get("m", sample("recent")) == Reply("y")
    assert [path.name for path in (tmp_path / "embeddings").iterdir()] == ["recent"]


def test_using_something_keeps_it(tmp_path: Path) -> None:
    folder = store(tmp_path, "images", 100)
    completions(tmp_path, 100).put("m", sample(), Reply("x"))
    EmbeddingStore(folder, width=4)
    assert completions(tmp_path).get("m", sample()) == Reply("x")
    pruned = prune(tmp_path, 90)
    assert (pruned.replies, pruned.stores) == (0, 0)


def test_to_fit_the_oldest_embeddings_go_before_any_reply(tmp_path: Path) -> None:
    older, newer = store(tmp_path, "older", 3, rows=200), store(tmp_path, "newer", 2, rows=10)
    completions(tmp_path, 5).put("m", sample(), Reply("x"))
    prune(tmp_path, 90, max_bytes=sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) - 1000)
    assert (older.exists(), newer.exists()) == (False, True)
    assert completions(tmp_path).get("m", sample()) == Reply("x")


def test_replies_go_least_recently_used_first(tmp_path: Path) -> None:
    for days in (3, 1, 2):
        completions(tmp_path, days).put("m", sample(str(days)), Reply("x" * 100_000))
    assert completions(tmp_path, 0.0).get("m", sample("3")) is not None
    pruned = prune(tmp_path, 90, max_bytes=250_000)
    assert pruned.replies == 1
    assert [completions(tmp_path).get("m", sample(text)) is not None for text in "321"] == [True, False, True]


def test_a_store_that_was_opened_within_a_day_or_is_written_to_stays_and_is_named(tmp_path: Path) -> None:
    open_, locked = store(tmp_path, "open", 0.5), store(tmp_path, "locked", 100)
    with FileLock(locked / "lock"):
        os.utime(locked / "lock", (0, 0))
        pruned = prune(tmp_path, 0, max_bytes=0)
    assert set(pruned.in_use) == {"open", "locked"}
    assert open_.exists()
    assert locked.exists()


@pytest.mark.parametrize("max_bytes", [None, 0])
def test_an_empty_cache_can_be_pruned(tmp_path: Path, max_bytes: int | None) -> None:
    assert prune(tmp_path / "none", 90, max_bytes).bytes == 0


@pytest.mark.parametrize("gone", [f"{COMPLETIONS}-wal", "keys.bin"])
def test_a_file_that_is_gone_between_its_listing_and_a_look_at_it_is_no_error(
    gone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite removes its -wal when the last program closes the database; a store may be pruned by another program."""
    completions(tmp_path, 100).put("m", sample(), Reply("x" * 50_000))
    store(tmp_path, "images", 3)
    (tmp_path / f"{COMPLETIONS}-wal").touch()
    real, looked = Path.stat, []

    def stat(path: Path, **settings: bool) -> os.stat_result:
        if path.name != gone:
            return real(path, **settings)
        looked.append(path)
        if len(looked) == 1:  # listed, and known to be a file
            return real(path, **settings)
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "stat", stat)
    pruned = prune(tmp_path, 90, max_bytes=10**9)
    assert (pruned.replies, pruned.stores) == (1, 0)
    assert len(looked) > 1


def use(cache: Path, worker: int) -> None:
    replies = completions(cache)
    vectors = EmbeddingStore(cache / "embeddings" / f"store-{worker}", width=4)
    for number in range(40):
        replies.put(f"worker {worker}", sample(str(number)), Reply("x" * 1000))
        assert replies.get(f"worker {worker}", sample(str(number))) is not None
        vectors.put([bytes([number])], np.ones((1, 4), dtype=np.float32))
    assert vectors.missing([bytes([number]) for number in range(40)]) == []


def test_other_processes_go_on_while_it_prunes(tmp_path: Path) -> None:
    completions(tmp_path, 100).put("m", sample(), Reply("x"))
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=use, args=(tmp_path, number)) for number in range(2)]
    for worker in workers:
        worker.start()
    pruned = 0
    while any(worker.is_alive() for worker in workers):
        pruned += prune(tmp_path, 90, max_bytes=10**9).replies
        completions(tmp_path, 100).put("m", sample(), Reply("x"))
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert pruned >= 1
    assert completions(tmp_path).stats().entries >= 80
