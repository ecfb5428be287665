"""Worker processes make what threads make, and are gone when they should be."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from evaluators.models.image_text_model import TwoStepModel
from prompt_search.data import read_images
from prompt_search.data.encoding.encode import encode, image_store
from prompt_search.data.encoding.file_index import FileIndex
from prompt_search.data.encoding.fingerprints import fingerprint
from prompt_search.data.encoding.processes import WorkersFailed, can_leave_process, map_in_processes
from tests.fakes.shrinking import ShrinkingModel, shrink
from tests.prompt_search.data.pictures_on_disk import write, write_classes

ROOT = Path(__file__).parents[4]


def shifted(number: int) -> tuple[int, torch.Tensor]:
    return number, torch.full((2, 2), number)


def dying(number: int) -> tuple[int, torch.Tensor]:
    """A worker is killed at its first item, as by a system that is out of memory."""
    time.sleep(0.001)
    if multiprocessing.parent_process():
        os.kill(os.getpid(), signal.SIGKILL)
    return shifted(number)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of images is enough for processes."""
    monkeypatch.setattr("prompt_search.data.encoding.encode.FEWEST_FOR_PROCESSES", 1)


@pytest.fixture
def no_threads_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the workers; else threads would be done before they have started."""
    monkeypatch.setattr("prompt_search.data.encoding.processes._are_done", lambda tasks: True)


@pytest.mark.usefixtures("many", "no_threads_meanwhile")
def test_processes_and_threads_store_the_same_bits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write_classes(tmp_path / "data", {"cat": 50, "dog": 30})
    for name in ("cat/010.png", "dog/broken.png"):
        write(folder / name, b"broken" + name.encode())
    images, _ = fingerprint(source := read_images(folder), FileIndex(tmp_path / "index"))
    stored, corrupt = [], []
    for processes in (0, 1):
        model = ShrinkingModel(decoding_processes=processes)
        assert isinstance(model, TwoStepModel)
        store = image_store(model, tmp_path / str(processes))
        corrupt.append(encode(source, images, model, store, batch_size=20))
        stored.append(store.get([image.content for image in images if image.content not in corrupt[0]]))
        assert len(model.pictures) == 79
    assert caplog.messages == []
    assert len(corrupt[0]) == 2
    assert corrupt[0] == corrupt[1]
    np.testing.assert_array_equal(stored[0], stored[1])


@pytest.mark.usefixtures("many")
def test_what_cannot_be_pickled_is_done_in_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompt_search.data.encoding.encode.map_in_processes", None)
    source = read_images(write_classes(tmp_path / "data", {"cat": 3, "dog": 4}))
    images, _ = fingerprint(source, FileIndex(tmp_path / "index"))
    model = ShrinkingModel(decoding_processes=2)
    monkeypatch.setattr(model, "preprocess", lambda image: shrink(image))
    encode(source, images, model, image_store(model, tmp_path / "cache"))
    assert len(model.pictures) == 7


def test_what_main_defines_does_not_leave_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_leave_process(shrink)
    monkeypatch.setattr(sys.modules["__main__"], "shrink", shrink, raising=False)
    monkeypatch.setattr(shrink, "__module__", "__main__")
    assert not can_leave_process(shrink)


def test_a_worker_that_is_killed_is_noticed_and_all_before_it_is_right() -> None:
    done: list[int] = []

    def take_all() -> None:
        for number, tensor in map_in_processes(dying, itertools.count(), processes=1):
            assert (tensor == number).all()
            done.append(number)

    with pytest.raises(WorkersFailed, match="terminated abruptly"):
        take_all()
    assert done == list(range(len(done)))
    assert done
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("many")
def test_threads_go_on_where_processes_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(work: object, items: object, processes: int) -> object:
        yield from map(work, [next(items) for _ in range(5)])  # type: ignore[call-overload]
        raise WorkersFailed("no shared memory")

    monkeypatch.setattr("prompt_search.data.encoding.encode.map_in_processes", failing)
    source = read_images(write_classes(tmp_path / "data", {"cat": 6, "dog": 6}))
    images, _ = fingerprint(source, FileIndex(tmp_path / "index"))
    model = ShrinkingModel(decoding_processes=2)
    store = image_store(model, tmp_path / "cache")
    encode(source, images, model, store)
    assert store.missing([image.content for image in images]) == []
    assert len(model.pictures) == 12
    assert caplog.messages == ["images are decoded in threads from now on, which is slower: no shared memory"]


SCRIPT = """
import sys
from pathlib import Path
from prompt_search.data import load_splits
from prompt_search.data.encoding import processes
from tests.fakes.shrinking import ShrinkingModel, shrink_slowly
print("script runs", flush=True)
sys.modules["prompt_search.data.encoding.encode"].FEWEST_FOR_PROCESSES = 1
processes._are_done = lambda tasks: True
model = ShrinkingModel(decoding_processes=1)
model.preprocess = shrink_slowly
load_splits(Path(sys.argv[1]), model, cache_dir=Path(sys.argv[2]), on_progress=lambda *at: print(*at, flush=True))
"""


def test_ctrl_c_leaves_no_process_and_a_script_without_a_guard_runs_once(tmp_path: Path) -> None:
    write_classes(tmp_path / "data", {"cat": 200, "dog": 200})
    (tmp_path / "script.py").write_text(SCRIPT)
    script = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", tmp_path / "data", tmp_path / "cache"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: len(children(script.pid)) == 2)  # a worker, and who tracks its memory
    workers = children(script.pid)
    assert script.stdout is not None
    assert [script.stdout.readline() for _ in range(2)] == ["script runs\n", "0 400\n"]
    os.killpg(script.pid, signal.SIGINT)  # as a terminal does: to all of them
    printed, errors = script.communicate(timeout=300)
    assert script.returncode == -signal.SIGINT
    assert "script runs" not in printed
    assert errors.count("Traceback") == 1
    wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def wait_until(true: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []
