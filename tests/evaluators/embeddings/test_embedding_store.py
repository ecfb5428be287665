"""The store keeps what it was given, whoever writes beside it and wherever a writer dies."""

import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators import EmbeddingStore
from evaluators.embeddings.embedding_rows import ROW
from evaluators.errors import StoreError
from evaluators.models.image_text_model import FloatArray

WIDTH = 3
ROOT = Path(__file__).parents[3]

WRITER = """
import sys, time
from pathlib import Path
import numpy as np
from evaluators.embeddings.embedding_store import EmbeddingStore
folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
store = EmbeddingStore(folder, 3)
(folder / f"ready-{first}").touch()
while not (folder / "go").exists():
    time.sleep(0.001)
for i in range(first, last):
    store.put([b"%d" % i], np.full((1, 3), i, dtype=np.float32))
"""


def key(i: int) -> bytes:
    return b"%d" % i


def vectors(*numbers: int) -> FloatArray:
    """Vector i is (i, i, i), as the writer process has it."""
    return np.repeat(np.array(numbers, dtype=np.float32)[:, None], WIDTH, axis=1)


def filled(folder: Path, count: int) -> EmbeddingStore:
    store = EmbeddingStore(folder, WIDTH)
    store.put([key(i) for i in range(1, count + 1)], vectors(*range(1, count + 1)))
    return store


def start_writer(folder: Path, first: int, last: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(first), str(last)], cwd=ROOT)


def assert_only_right_vectors(store: EmbeddingStore, numbers: range) -> list[int]:
    """Every vector that is there is the right one; returns which are."""
    absent = store.missing([key(i) for i in numbers])
    there = [i for i in numbers if key(i) not in absent]
    np.testing.assert_array_equal(store.get([key(i) for i in there]), vectors(*there).reshape(-1, WIDTH))
    return there


def test_vectors_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    store = filled(tmp_path / "a" / "b", 4)
    np.testing.assert_array_equal(store.get([key(3), key(1), key(3)]), vectors(3, 1, 3))


def test_a_store_opened_again_has_everything(tmp_path: Path) -> None:
    filled(tmp_path, 4)
    assert assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(1, 6)) == [1, 2, 3, 4]


def test_missing_names_each_absent_key_once_in_order(tmp_path: Path) -> None:
    assert filled(tmp_path, 2).missing([key(9), key(1), key(7), key(9)]) == [key(9), key(7)]


def test_an_absent_vector_can_not_be_got(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="1 of 2 embeddings"):
        filled(tmp_path, 2).get([key(1), key(5)])


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path, WIDTH)
    store.put([], np.empty((0, WIDTH), dtype=np.float32))
    assert store.missing([]) == []
    assert store.get([]).shape == (0, WIDTH)


@pytest.mark.parametrize("shape", [(1, WIDTH + 1), (1, WIDTH - 1), (2, WIDTH), (WIDTH,)])
def test_vectors_of_another_shape_are_refused_and_nothing_is_written(tmp_path: Path, shape: tuple[int, ...]) -> None:
    store = EmbeddingStore(tmp_path, WIDTH)
    with pytest.raises(StoreError, match=r"1 keys need vectors \[1, 3\]"):
        store.put([key(1)], np.zeros(shape, dtype=np.float32))
    assert (tmp_path / "vectors.f32").stat().st_size == 0


def test_a_key_is_stored_once_and_keeps_its_first_vector(tmp_path: Path) -> None:
    store = filled(tmp_path, 2)
    store.put([key(1), key(3), key(3)], vectors(8, 3, 3))
    assert (tmp_path / "keys.bin").stat().st_size == 3 * ROW.size
    assert assert_only_right_vectors(store, range(1, 4)) == [1, 2, 3]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.binary(max_size=40), st.floats(-1e6, 1e6, width=32)), max_size=12))
def test_any_keys_and_vectors_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[bytes, float]]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    expected = dict(reversed(rows))
    store = EmbeddingStore(folder, WIDTH)
    for name, number in rows:
        store.put([name], np.full((1, WIDTH), number, dtype=np.float32))
    for opened in (store, EmbeddingStore(folder, WIDTH)):
        assert [float(v[0]) for v in opened.get(list(expected))] == list(expected.values())


def test_another_process_sees_and_adds_vectors(tmp_path: Path) -> None:
    store = filled(tmp_path, 2)
    (tmp_path / "go").touch()
    assert start_writer(tmp_path, 2, 6).wait(300) == 0
    assert assert_only_right_vectors(store, range(1, 8)) == [1, 2, 3, 4, 5]
    assert (tmp_path / "keys.bin").stat().st_size == 5 * ROW.size


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [start_writer(tmp_path, 0, 150), start_writer(tmp_path, 100, 250)]
    while len(list(tmp_path.glob("ready-*"))) < 2:
        assert all(writer.poll() is None for writer in writers)
        time.sleep(0.01)
    (tmp_path / "go").touch()
    assert [writer.wait(300) for writer in writers] == [0, 0]
    assert assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(250)) == list(range(250))
    assert (tmp_path / "keys.bin").stat().st_size == 250 * ROW.size


@pytest.mark.parametrize("file", ["keys.bin", "vectors.f32"])
def test_a_file_cut_at_any_byte_loses_only_what_was_cut_and_heals(tmp_path: Path, file: str) -> None:
    filled(tmp_path / "whole", 4)
    row = ROW.size if file == "keys.bin" else WIDTH * 4
    for length in range(2 * row, 4 * row + 1):
        folder = tmp_path / str(length)
        shutil.copytree(tmp_path / "whole", folder)
        with (folder / file).open("r+b") as handle:
            handle.truncate(length)
        store = EmbeddingStore(folder, WIDTH)
        assert assert_only_right_vectors(store, range(1, 5)) == list(range(1, length // row + 1)), length
        store.put([key(i) for i in range(1, 6)], vectors(1, 2, 3, 4, 5))
        for healed in (store, EmbeddingStore(folder, WIDTH)):
            assert assert_only_right_vectors(healed, range(1, 6)) == [1, 2, 3, 4, 5], length


@pytest.mark.parametrize("file", ["keys.bin", "vectors.f32"])
def test_what_a_dead_writer_left_behind_is_overwritten(tmp_path: Path, file: str) -> None:
    filled(tmp_path, 2)
    with (tmp_path / file).open("ab") as handle:
        handle.write(b"\xff" * 7)
    store = EmbeddingStore(tmp_path, WIDTH)
    store.put([key(3)], vectors(3))
    assert assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(1, 5)) == [1, 2, 3]


@pytest.mark.parametrize("byte", range(WIDTH * 4, 2 * WIDTH * 4))
def test_a_damaged_vector_counts_as_missing_and_can_be_made_again(tmp_path: Path, byte: int) -> None:
    filled(tmp_path, 3)
    flip(tmp_path / "vectors.f32", byte)
    store = EmbeddingStore(tmp_path, WIDTH)
    assert assert_only_right_vectors(store, range(1, 4)) == [1, 3]
    store.put([key(2)], vectors(2))
    assert assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(1, 4)) == [1, 2, 3]


def test_a_flip_of_any_byte_of_a_key_row_never_gives_a_wrong_vector(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    for byte in range(ROW.size, 2 * ROW.size):
        flip(tmp_path / "keys.bin", byte)
        assert assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(1, 4)) == [1, 3]
        flip(tmp_path / "keys.bin", byte)


def flip(file: Path, byte: int) -> None:
    content = bytearray(file.read_bytes())
    content[byte] ^= 0xFF
    file.write_bytes(content)


def test_a_folder_that_can_not_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="choose another cache directory"):
        EmbeddingStore(tmp_path / "file" / "store", WIDTH)


def test_a_folder_that_may_not_be_written_is_a_store_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, whom permissions do not stop.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        EmbeddingStore(tmp_path, WIDTH)


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """As on a full disk: the kernel refuses to let any file grow beyond `size`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 13, 40, 100])
def test_a_full_disk_is_a_store_error_and_what_was_there_stays(tmp_path: Path, room: int) -> None:
    store = filled(tmp_path, 2)
    with files_limited_to(2 * WIDTH * 4 + room), pytest.raises(StoreError, match="free some disk space"):
        store.put([key(i) for i in range(3, 20)], vectors(*range(3, 20)))
    assert set(assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(1, 20))) >= {1, 2}
    store.put([key(i) for i in range(3, 20)], vectors(*range(3, 20)))
    assert assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(1, 20)) == list(range(1, 20))


@pytest.mark.parametrize("garbage", [b"\xff" * 5000, bytes(5000), b"not keys" * 9])
def test_keys_that_are_none_are_set_aside_with_a_note(
    tmp_path: Path, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, 4)
    (tmp_path / "keys.bin").write_bytes(garbage)
    store = EmbeddingStore(tmp_path, WIDTH)
    assert caplog.text.count("set aside as *.damaged") == 1
    assert (tmp_path / "keys.bin.damaged").read_bytes() == garbage
    assert store.missing([key(1)]) == [key(1)]
    store.put([key(1)], vectors(1))
    assert assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(1, 5)) == [1]
    assert caplog.text.count("set aside") == 1


@pytest.mark.parametrize("garbage", [b"\xff" * 5000, b"", None])
def test_vectors_that_are_none_are_made_again_with_a_note(
    tmp_path: Path, garbage: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, 4)
    if garbage is None:
        (tmp_path / "vectors.f32").unlink()
    else:
        (tmp_path / "vectors.f32").write_bytes(garbage)
    store = EmbeddingStore(tmp_path, WIDTH)
    assert store.missing([key(n) for n in range(1, 5)]) == [key(n) for n in range(1, 5)]
    store.put([key(n) for n in range(1, 5)], vectors(1, 2, 3, 4))
    assert assert_only_right_vectors(store, range(1, 5)) == [1, 2, 3, 4]
    assert assert_only_right_vectors(EmbeddingStore(tmp_path, WIDTH), range(1, 5)) == [1, 2, 3, 4]
    assert "damaged in places" in caplog.text


@pytest.mark.parametrize("lost", ["keys.bin", "vectors.f32", "."])
@pytest.mark.parametrize("others", [False, True])
def test_a_store_that_is_deleted_in_use_is_written_again(
    tmp_path: Path, lost: str, others: bool, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "store"
    store = filled(folder, 4)
    before = store.view([key(2)])
    if lost == ".":
        shutil.rmtree(folder)
    else:
        (folder / lost).unlink()
    if others:
        EmbeddingStore(folder, WIDTH).put([key(4), key(9)], vectors(4, 9))
    assert store.missing([key(5)]) == [key(5)]
    store.put([key(5)], vectors(5))
    expected = [1, 2, 3, 4, 5, 9] if others else [1, 2, 3, 4, 5]
    assert assert_only_right_vectors(store, range(10)) == expected
    assert assert_only_right_vectors(EmbeddingStore(folder, WIDTH), range(10)) == expected
    np.testing.assert_array_equal(before[:], vectors(2))
    assert "written again" in caplog.text


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the system does not tell")
def test_what_was_read_of_a_large_store_does_not_stay_in_memory(tmp_path: Path) -> None:
    def resident() -> int:
        """Bytes of the mapped vectors that are in this process's memory."""
        maps = Path("/proc/self/smaps").read_text().split("VmFlags:")
        ours = [each for each in maps if str(tmp_path / "vectors.f32") in each]
        return sum(1024 * int(each.partition("\nRss:")[2].split()[0]) for each in ours)

    count, width = 8192, 1024
    rows = np.arange(count * width, dtype=np.float32).reshape(count, width)
    store = EmbeddingStore(tmp_path, width)
    store.put([key(i) for i in range(count)], rows)
    most = 0
    for some in np.arange(count).reshape(-1, 64):
        assert np.array_equal(store.get([key(i) for i in some.tolist()]), rows[some])
        if some[0] % 1024 == 960:
            most = max(most, resident())
    assert most < rows.nbytes / 2
