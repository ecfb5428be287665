"""Groups of prompt sets that fit into the memory limit, out-of-memory devices, and the peak of a real process."""

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from evaluators import Evaluator, LabeledImages, PairwisePrompts, PromptSet, TextEncoder
from evaluators.embeddings.class_weights import RecentlyUsed
from evaluators.errors import ModelError
from evaluators.scoring.products import Products
from evaluators.scoring.scratch import Scratch
from evaluators.scoring.working_memory import WorkingMemory
from tests.fakes.hashed_model import HashedModel, random_unit_rows

MB = 2**20
IDS = tuple(f"c{i:02}" for i in range(40))


def images(n: int = 1100) -> LabeledImages:
    return LabeledImages(random_unit_rows(n, 32), np.arange(n) % len(IDS), IDS, tuple(map(str, range(n))))


def candidates(count: int = 12) -> list[PromptSet]:
    return [PromptSet.of({i: i for i in IDS}, [f"picture {p} of {{}}"]) for p in range(count)]


def evaluator(folder: Path, memory_limit: int = 512 * MB) -> Evaluator:
    return Evaluator(images(), TextEncoder(HashedModel(), folder), memory_limit)


def digests(sets: int, different: int) -> list[list[bytes]]:
    return [[f"{p * different // 10} {c}".encode() for c in range(1000)] for p in range(sets)]


def test_sets_that_share_their_classes_go_through_together() -> None:
    memory = WorkingMemory(256 * MB, images=2000, classes=1000, width=512, device="cpu")
    alike, unlike = list(memory.groups(digests(100, 1))), list(memory.groups(digests(100, 10)))
    for groups in (alike, unlike):
        assert [i for group in groups for i in range(group.start, group.stop)] == list(range(100))
    assert len(alike) == 1
    assert len(unlike) > 3


def test_what_is_reduced_at_once_on_a_gpu_counts() -> None:
    on_cpu, on_gpu = (WorkingMemory(512 * MB, 50_000, 10, 512, device) for device in ("cpu", "cuda:1"))
    assert on_gpu._needs(1, 10, 1, 512) - on_cpu._needs(1, 10, 1, 512) > 4 * 15 * MB


def test_a_set_goes_through_however_little_memory_there_is() -> None:
    memory = WorkingMemory(1, images=2000, classes=1000, width=512, device="cpu")
    assert list(memory.groups(digests(3, 10))) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert memory.chunk == 16
    with pytest.raises(ModelError, match="'cpu' has too little memory even for one prompt set and 16 images"):
        memory.less(1)


def test_chunks_of_images_do_not_depend_on_the_limit_above_a_few_megabytes() -> None:
    assert {WorkingMemory(n * MB, 10**6, 1000, 512, "cpu").chunk for n in (64, 128, 4096)} == {512}


@pytest.mark.parametrize("limit", [8 * MB, 12 * MB, 64 * MB])
def test_the_limit_does_not_change_a_score(tmp_path: Path, limit: int) -> None:
    tight = evaluator(tmp_path, limit)
    assert tight._memory.chunk == 512
    assert tight.score(candidates()) == evaluator(tmp_path).score(candidates())


def test_the_least_recently_used_entry_is_forgotten() -> None:
    cache: RecentlyUsed[int, int] = RecentlyUsed(limit=100)
    for i in range(50):
        cache.put(i, i, size=10)
        assert cache.get(0) == 0
    assert (len(cache), cache.size) == (10, 100)
    assert [i for i in range(50) if i in cache] == [0, *range(41, 50)]
    cache.put(0, 7, size=40)
    assert (cache.get(0), cache.size) == (7, 100)


def test_keys_of_texts_are_forgotten_and_found_again(tmp_path: Path) -> None:
    encoder = TextEncoder(HashedModel(), tmp_path)
    encoder._keys.limit = 2000
    texts = [f"text {i}" for i in range(100)]
    first = encoder.embed(texts)
    assert encoder._keys.size <= 2000
    np.testing.assert_array_equal(encoder.embed(texts[::-1])[::-1], first)
    assert encoder.encoded == 100


class SmallDevice:
    """Stands in for `Products.cosines` on a device with room for a few cosines only."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room, self.error, self.real = room, error, Products.cosines
        self.sizes: list[int] = []

    def __call__(
        self, products: Products, matrix: torch.Tensor, features: torch.Tensor, scratch: Scratch | None = None
    ) -> torch.Tensor:
        self.sizes.append(len(matrix) * len(features))
        if self.sizes[-1] > self.room:
            raise self.error
        return self.real(products, matrix, features, scratch)


OUT_OF_MEMORY = [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("[DefaultCPUAllocator: no]")]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_a_device_out_of_memory_gets_less_and_it_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    expected = evaluator(tmp_path, 32 * MB).score(candidates())
    device = SmallDevice(128 * 512, error)
    monkeypatch.setattr(Products, "cosines", lambda *args: device(*args))
    tight = evaluator(tmp_path, 32 * MB)
    with caplog.at_level(logging.WARNING):
        assert tight.score(candidates()) == expected
        tight.score(candidates())
    assert max(device.sizes) > device.room
    assert [record.message for record in caplog.records] == ["cpu ran out of memory; scoring goes on in smaller chunks"]


def test_ranks_of_images_are_found_on_a_device_that_runs_out_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    candidate, pairwise = candidates(1)[0], PairwisePrompts(candidates(1)[0], (), k=3)
    expected, score = evaluator(tmp_path).label_ranks(candidate), evaluator(tmp_path).score([pairwise])
    device = SmallDevice(64 * 200, RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"))
    monkeypatch.setattr(Products, "cosines", lambda *args: device(*args))
    tight = evaluator(tmp_path)
    np.testing.assert_array_equal(tight.label_ranks(candidate), expected)
    assert tight.score([pairwise])[0].top1 == score[0].top1
    assert device.sizes[:4] == [64 * 512, 64 * 256, 64 * 128, 64 * 128]
    assert len(caplog.records) == 1


def test_what_is_kept_on_a_device_out_of_memory_is_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = SmallDevice(128 * 512, torch.OutOfMemoryError("CUDA out of memory"))
    monkeypatch.setattr(Products, "cosines", lambda *args: device(*args))
    tight = Evaluator(images(), TextEncoder(HashedModel(), tmp_path), devices=["cpu:0"])
    (shard,) = tight._shards
    freed: list[int] = []
    monkeypatch.setattr(shard, "forget", lambda: freed.append(len(shard._kept or ())) or Products.forget(shard))  # type: ignore[func-returns-value]
    tight.score(candidates())
    assert freed
    assert max(freed) > 0
    assert len(shard._kept or ()) == 3


def test_a_device_too_small_for_anything_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = SmallDevice(0, torch.OutOfMemoryError("CUDA out of memory"))
    monkeypatch.setattr(Products, "cosines", lambda *args: device(*args))
    with pytest.raises(ModelError, match="'cpu' has too little memory even for one prompt set and 16 images"):
        evaluator(tmp_path).score(candidates(2))


def test_other_failures_are_not_taken_for_lack_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = SmallDevice(0, RuntimeError("mat1 and mat2 shapes"))
    monkeypatch.setattr(Products, "cosines", lambda *args: device(*args))
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        evaluator(tmp_path).score(candidates(2))


PEAK = """
import sys
from pathlib import Path
import numpy as np
from evaluators import Evaluator, LabeledImages, PromptSet, TextEncoder
from tests.fakes.hashed_model import HashedModel, random_unit_rows

SETS, IMAGES, CLASSES, WIDTH, CHUNKS = 64, 50_000, 1_000, 512, 6

class EnoughError(Exception):
    pass

def score_chunks(number, evaluator):
    real, calls, chunks = evaluator._shards[0].cosines, 0, []
    def cosines(*arguments):
        nonlocal calls
        calls += 1
        chunks.append(arguments)
        del chunks[:-1]
        if calls > number:
            raise EnoughError
        return real(*arguments)
    evaluator._shards[0].cosines = cosines
    try:
        evaluator.score(sets)
    except EnoughError:
        return
    raise AssertionError("there are not so many chunks")

ids = tuple(f"c{i:04}" for i in range(CLASSES))
split = LabeledImages(random_unit_rows(IMAGES, WIDTH), np.arange(IMAGES) % CLASSES, ids, tuple(map(str, range(IMAGES))))
sets = [PromptSet.of({i: i for i in ids}, [f"picture {p} of {{}}"]) for p in range(SETS)]
texts = TextEncoder(HashedModel(WIDTH), Path(sys.argv[1]))
for each in sets:
    assert each.class_digests and texts.embed([text for own in each.rendered for text in own]) is not None
def resident(kind):
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(kind)]
    return 1024 * int(line.split()[1])

few = LabeledImages(random_unit_rows(20, WIDTH), np.arange(20), ids, tuple(map(str, range(20))))
Evaluator(few, texts, 2**22).score(sets[:1])  # torch and its libraries are no working memory
for limit in map(int, sys.argv[2:]):
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    score_chunks(CHUNKS, Evaluator(split, texts, limit))
    print(resident("VmHWM") - before)
"""


def test_the_peak_memory_of_scoring_a_population_is_within_the_limit(tmp_path: Path) -> None:
    """64 sets, 50,000 images, 1,000 classes, 512 dimensions: the first of its chunks for each limit."""
    limits = [128 * MB, 512 * MB]
    command = [sys.executable, "-c", PEAK, str(tmp_path), *map(str, limits)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]
    for limit, used in zip(limits, map(int, run.stdout.split()), strict=True):
        assert limit / 4 < used <= limit, f"{used / MB:.0f} of {limit / MB:.0f} MB"
