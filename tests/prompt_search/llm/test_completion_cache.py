"""Replies on disk: found again, by several processes, and an honest error when the file is damaged."""

import multiprocessing
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from optimizers.errors import LanguageModelUnavailable
from optimizers.language_model import (
    Message,
    Picture,
    Reply,
    Request,
    Sample,
    Steering,
    Traffic,
    abilities,
    attempts,
    watch,
)
from prompt_search.errors import StoreError
from prompt_search.llm.cached_model import CachedModel
from prompt_search.llm.completion_cache import CompletionCache
from tests.prompt_search.llm.samples import replies, sample


@pytest.fixture
def cache(tmp_path: Path) -> CompletionCache:
    return CompletionCache(tmp_path / "new folder" / "completions.sqlite")


class Scripted:
    """Answers with the given replies; where one is missing, it fails. Remembers what it was asked."""

    name = identity = "scripted"

    def __init__(self, *answers: Reply) -> None:
        self.answers = list(answers)
        self.asked: list[Sample] = []

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        for index, asked in enumerate(samples):
            self.asked.append(asked)
            if not self.answers:
                raise LanguageModelUnavailable("gone")
            on_reply(index, self.answers.pop(0))


def test_what_was_put_is_found_and_marked_as_cached(cache: CompletionCache) -> None:
    stored = Reply("über\0all\n", "length", 7, 3, form="json", shortened=True)
    cache.put("m", sample("a"), stored)
    found = cache.get("m", sample("a"))
    assert found == stored
    assert found.cached


@pytest.mark.parametrize("other", [sample("b"), sample("a", seed=1), sample("a", occurrence=1), sample("a", top_p=0.5)])
def test_another_draw_is_not_found(cache: CompletionCache, other: Sample) -> None:
    cache.put("m", sample("a"), Reply("x"))
    assert cache.get("m", other) is None
    assert cache.get("another model", sample("a")) is None


def test_as_a_context_manager_it_works_the_same(cache: CompletionCache) -> None:
    with cache:
        cache.put("m", sample("a"), Reply("x"))
        assert cache.stats().entries == 1
    assert cache.get("m", sample("a")) == Reply("x")


def test_stats_count_and_clear_forgets(cache: CompletionCache) -> None:
    for number in range(3):
        cache.put("m", sample(str(number)), Reply("x" * 10_000))
    assert cache.stats().entries == 3
    assert cache.stats().bytes > 30_000
    cache.clear()
    assert cache.stats().entries == 0
    assert cache.stats().bytes < 30_000


def write_hundred(path: Path, writer: int) -> None:
    cache = CompletionCache(path)
    for number in range(25):
        cache.put(f"writer {writer}", sample(str(number)), Reply("x"))


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "completions.sqlite"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_hundred, args=(path, number)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert CompletionCache(path).stats().entries == 75


@pytest.mark.parametrize("damage", [b"not a database, " * 1000, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_damaged_file_is_set_aside_and_the_run_goes_on(
    cache: CompletionCache, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    cache.path.parent.mkdir()
    cache.path.write_bytes(damage)
    with cache:
        assert cache.get("m", sample()) is None
        cache.put("m", sample(), Reply("x"))
        assert cache.get("m", sample()) == Reply("x")
    aside = cache.path.with_name("completions.sqlite.damaged")
    assert aside.read_bytes() == damage
    assert caplog.text.count("set aside as completions.sqlite.damaged") == 1
    assert str(cache.path) in caplog.text
    cache.clear()
    assert cache.stats().entries == 0
    assert not aside.exists()


def test_a_file_that_is_damaged_or_deleted_in_use_is_begun_anew(cache: CompletionCache) -> None:
    with cache:
        cache.put("m", sample(), Reply("x"))
        shutil.rmtree(cache.path.parent)
        assert cache.get("m", sample()) is None
        cache.put("m", sample(), Reply("y"))
    cache.path.write_bytes(b"\xff" * 5000)
    assert cache.get("m", sample()) is None
    cache.put("m", sample(), Reply("z"))
    assert CompletionCache(cache.path).get("m", sample()) == Reply("z")


def test_a_file_without_its_table_is_begun_anew(cache: CompletionCache) -> None:
    cache.put("m", sample(), Reply("x"))
    with closing(sqlite3.connect(cache.path)) as connection:
        connection.execute("DROP TABLE replies")
    cache.put("m", sample(), Reply("y"))
    assert cache.get("m", sample()) == Reply("y")


@pytest.mark.parametrize(
    "damage",
    ["text = x'ff'", "text = cast(x'ff' as text)", "finish = 'gone'", "prompt_tokens = -1", "prompt_tokens = 'x'",
     "completion_tokens = 1e300", "form = 'xml'", "form = 3", "used_on = 'x'", "shortened = x'00'"],
)  # fmt: skip
def test_what_is_no_reply_counts_as_absent(damage: str, cache: CompletionCache) -> None:
    cache.put(Scripted.identity, sample(), Reply("x"))
    with closing(sqlite3.connect(cache.path)) as connection, connection:
        connection.execute(f"UPDATE replies SET {damage}")
    assert replies(CachedModel(Scripted(Reply("y")), cache), [sample()]) == [Reply("y")]
    assert cache.get(Scripted.identity, sample()) == Reply("y")


@pytest.mark.skipif(os.name == "nt", reason="rights are not in the mode there")
def test_replies_are_readable_by_their_owner_only(cache: CompletionCache) -> None:
    with cache:
        cache.put("m", sample(), Reply("x"))
        files = list(cache.path.parent.glob("completions.sqlite*"))
        assert {file.name for file in files} >= {"completions.sqlite", "completions.sqlite-wal"}
        assert {file.stat().st_mode & 0o077 for file in files if file.suffix != ".lock"} == {0}


@pytest.mark.parametrize(
    "other",
    [
        replace(sample("a").request, steering=Steering("a", "b")),
        Request((Message("user", "a", Picture(b"a png", "image/png")),)),
        Request((Message("user", "a", Picture(b"another", "image/png")),)),
    ],
)
def test_pictures_and_steering_make_another_request(cache: CompletionCache, other: Request) -> None:
    cache.put("m", sample("a"), Reply("x"))
    cache.put("m", Sample(Request((Message("user", "a", Picture(b"third", "image/png")),)), 0, 0), Reply("y"))
    assert cache.get("m", Sample(other, 0, 0)) is None


def test_no_request_is_to_be_read_in_the_file(cache: CompletionCache) -> None:
    cache.put("m@http://host", sample("sk-in-a-prompt"), Reply("whiskers"))
    content = cache.path.read_bytes()
    assert b"whiskers" in content
    assert b"sk-in-a-prompt" not in content
    assert b"host" not in content


def test_the_cached_model_passes_on_what_the_model_says_of_itself(cache: CompletionCache) -> None:
    inner = Scripted()
    plain = CachedModel(inner, cache)
    assert (plain.abilities, plain.attempts, plain.on_traffic) == (frozenset(), 1, None)
    plain.on_traffic = print
    with pytest.raises(LanguageModelUnavailable):
        replies(plain, [sample()])
    assert not hasattr(inner, "on_traffic")


def test_the_cached_model_passes_on_abilities_attempts_and_traffic(cache: CompletionCache) -> None:
    class Able(Scripted):
        abilities = frozenset({"vision"})
        attempts = 8
        on_traffic: Callable[[Traffic], None] | None = None

    inner = Able(Reply("whiskers"))
    model = CachedModel(inner, cache)
    watch(model, print)
    replies(model, [sample()])
    assert abilities(model) == {"vision"}
    assert attempts(model) == 8
    assert inner.on_traffic is print


def test_the_cached_model_passes_on_which_calls_may_be_billed(cache: CompletionCache) -> None:
    class Failing(Scripted):
        billable: Mapping[int, int] = {7: 7}

        def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
            self.billable = {0: 2}
            raise LanguageModelUnavailable("kept failing")

    inner = Failing()
    model = CachedModel(inner, cache)
    assert CachedModel(Scripted(), cache).billable is None
    assert model.billable == {}
    cache.put(model.identity, sample("one"), Reply("whiskers"))
    with pytest.raises(LanguageModelUnavailable):
        model.complete([sample("one"), sample("two"), sample("three")], lambda index, reply: None)
    assert model.billable == {1: 2}


@pytest.mark.parametrize(("version", "said"), [(99, "a newer version"), (1, "an unreleased version")])
def test_a_file_of_another_version_is_refused_and_can_be_cleared(
    version: int, said: str, cache: CompletionCache
) -> None:
    cache.put("m", sample(), Reply("x"))
    with closing(sqlite3.connect(cache.path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match=said):
        cache.get("m", sample())
    cache.clear()
    assert cache.stats().entries == 0


def test_a_folder_that_can_not_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="completions"):
        CompletionCache(tmp_path / "file" / "completions.sqlite").get("m", sample())


def test_the_model_is_asked_only_for_what_is_missing(cache: CompletionCache) -> None:
    replies(CachedModel(Scripted(Reply("B")), cache), [sample("b")])
    inner = Scripted(Reply("A"), Reply("C"))
    found = replies(CachedModel(inner, cache), [sample("a"), sample("b"), sample("c")])
    assert [(r.text, r.cached) for r in found] == [("A", False), ("B", True), ("C", False)]
    assert inner.asked == [sample("a"), sample("c")]


def test_a_model_whose_answers_are_all_there_is_not_called(cache: CompletionCache) -> None:
    replies(CachedModel(Scripted(Reply("A")), cache), [sample("a")])
    assert replies(CachedModel(Scripted(), cache), [sample("a")])[0].text == "A"


def test_replies_before_a_failure_are_stored(cache: CompletionCache) -> None:
    with pytest.raises(LanguageModelUnavailable):
        replies(CachedModel(Scripted(Reply("A")), cache), [sample("a"), sample("b")])
    assert cache.get("scripted", sample("a")) == Reply("A")


def test_only_answers_are_stored(cache: CompletionCache) -> None:
    answers = [Reply("cut", "length"), Reply("", "filter")]
    others = [Reply("", "error", error="x"), Reply("", "budget"), Reply(" \n", "stop")]
    samples = [sample(str(number)) for number in range(5)]
    replies(CachedModel(Scripted(*answers, *others), cache), samples)
    assert [cache.get("scripted", asked) is not None for asked in samples] == [True, True, False, False, False]


def test_text_that_no_file_can_hold_is_handed_over_as_it_is_stored(cache: CompletionCache) -> None:
    (first,) = replies(CachedModel(Scripted(Reply("\ud83d")), cache), [sample()])
    assert first == cache.get("scripted", sample()) == Reply("\ufffd")
