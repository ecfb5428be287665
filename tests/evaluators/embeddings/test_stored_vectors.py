"""Vectors on disk act as an array, and stay on disk."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evaluators import EmbeddingStore, LabeledImages
from evaluators.errors import DataError, StoreError
from evaluators.models.image_text_model import FloatArray
from evaluators.precision import StoredAs

ROOT = Path(__file__).parents[3]


def unit_rows(count: int, width: int = 16) -> FloatArray:
    rows = np.random.default_rng(0).normal(size=(count, width))
    unit: FloatArray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def keys(count: int) -> list[bytes]:
    return [b"%d" % i for i in range(count)]


def test_parts_are_those_of_the_whole_array(tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path, 16)
    store.put(keys(9), unit_rows(9))
    order = [7, 0, 3, 3, 8]
    stored, whole = store.view([keys(9)[i] for i in order]), unit_rows(9)[order]
    assert (stored.shape, stored.ndim, len(stored), stored.dtype) == (whole.shape, 2, 5, whole.dtype)
    np.testing.assert_array_equal(np.asarray(stored), whole)
    np.testing.assert_array_equal(stored[1:4], whole[1:4])
    np.testing.assert_array_equal(stored[np.array([4, 0])], whole[[4, 0]])
    assert np.asarray(stored, dtype=np.float64).dtype == np.float64


def test_a_part_can_be_changed_without_changing_what_is_stored(tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path, 16)
    store.put(keys(3), unit_rows(3))
    stored = store.view(keys(3))
    stored[:][:] = 0
    np.testing.assert_array_equal(stored[:], unit_rows(3))


def test_what_is_added_later_does_not_move_what_was_seen(tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path, 16)
    store.put(keys(3), unit_rows(9)[:3])
    stored = store.view(keys(3))
    store.put(keys(9)[3:], unit_rows(9)[3:])
    np.testing.assert_array_equal(stored[:], unit_rows(9)[:3])


def test_half_precision_takes_half_the_space_and_comes_back_as_float32(tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path, 16, "fp16")
    store.put(keys(9), unit_rows(9))
    assert (tmp_path / "vectors.f16").stat().st_size == 9 * 16 * 2
    found = EmbeddingStore(tmp_path, 16, "fp16").get(keys(9))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, unit_rows(9).astype(np.float16))
    np.testing.assert_allclose(found, unit_rows(9), atol=2**-11)


def test_a_damaged_vector_in_half_precision_counts_as_missing(tmp_path: Path) -> None:
    EmbeddingStore(tmp_path, 16, "fp16").put(keys(3), unit_rows(3))
    content = bytearray((tmp_path / "vectors.f16").read_bytes())
    content[16 * 2 + 5] ^= 1
    (tmp_path / "vectors.f16").write_bytes(content)
    assert EmbeddingStore(tmp_path, 16, "fp16").missing(keys(3)) == [b"1"]


def test_another_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="'int8'; choose one of fp32, fp16"):
        EmbeddingStore(tmp_path, 16, "int8")  # type: ignore[arg-type]


@pytest.mark.parametrize("stored_as", ["fp32", "fp16"])
def test_a_split_on_disk_is_checked_beyond_its_first_part(
    tmp_path: Path, stored_as: StoredAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluators.embeddings.labeled_images.ROWS_AT_ONCE", 4)
    rows = unit_rows(10)
    rows[6, 3] = np.inf
    store = EmbeddingStore(tmp_path, 16, stored_as)
    store.put(keys(10), rows)
    with pytest.raises(DataError, match=r"'6.png' are not finite \(1 such images\)"):
        LabeledImages(
            store.view(keys(10)), np.zeros(10, dtype=np.int64), ("cat",), tuple(f"{i}.png" for i in range(10))
        )


BEYOND_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from evaluators import EmbeddingStore, LabeledImages
N, D = 200_000, 512
keys = [i.to_bytes(4, "little") for i in range(N)]
store = EmbeddingStore(Path(sys.argv[1]), D)
for start in range(0, N, 4096):
    rows = np.zeros((len(keys[start : start + 4096]), D), dtype=np.float32)
    rows[np.arange(len(rows)), np.arange(start, start + len(rows)) % D] = 1
    store.put(keys[start : start + 4096], rows)
del store
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")) * 1024
limit = used + 100 * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
store = EmbeddingStore(Path(sys.argv[1]), D)
images = LabeledImages(
    store.view(keys), np.arange(N) % D, tuple(str(i) for i in range(D)), tuple(str(i) for i in range(N))
)
right = sum(
    int((images.embeddings[start : start + 4096].argmax(axis=1) == images.labels[start : start + 4096]).sum())
    for start in range(0, N, 4096)
)
try:
    np.asarray(images.embeddings)
except MemoryError:
    print(right, "and the whole does not fit")
"""


def test_two_hundred_thousand_images_take_little_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEYOND_MEMORY, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("200000 and the whole does not fit\n", "")
