"""Images encoded by a real Ray cluster of two nodes on this machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluators.errors import DataError
from prompt_search.cluster.ray_images import RayImages
from prompt_search.data import load_splits
from prompt_search.data.load import DataSplits
from prompt_search.models import load_model
from tests.prompt_search.cluster.two_nodes import REAL_RAY, two_nodes
from tests.prompt_search.data.pictures_on_disk import write, write_classes

pytestmark = REAL_RAY
CLASSES = {"cat": 150, "dog": 150, "owl": 150}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with two_nodes(cpus=1) as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = write_classes(tmp_path_factory.mktemp("images") / "data", CLASSES)
    write(data / "cat" / "broken.png", b"no picture")
    return data


def loaded(folder: Path, cache: Path, work: RayImages | None = None) -> DataSplits:
    return load_splits(folder, load_model("mini-clip", device="cpu"), cache_dir=cache, work=work)


def assert_equal(a: DataSplits, b: DataSplits) -> None:
    assert a.fingerprint == b.fingerprint
    assert a.report == b.report
    for split in ("search", "select", "test"):
        one, other = getattr(a, split), getattr(b, split)
        assert one.image_ids == other.image_ids
        np.testing.assert_array_equal(one.embeddings[:], other.embeddings[:])


@pytest.mark.usefixtures("cluster")
def test_features_have_the_bits_of_one_process_and_are_made_once(folder: Path, tmp_path: Path) -> None:
    work = RayImages("ray")
    there = loaded(folder, tmp_path / "there", work)
    assert_equal(there, loaded(folder, tmp_path / "here"))
    encoded = work.by_worker.total()
    assert encoded >= sum(len(getattr(there, split)) for split in ("search", "select", "test"))
    loaded(folder, tmp_path / "there", work)
    assert work.by_worker.total() == encoded


class Killing(RayImages):
    """Kills something when the first shard has come."""

    def __init__(self, kill: Any) -> None:
        super().__init__("ray")
        self._kill = kill

    def encoded(self, *arguments: Any) -> Iterator[Any]:
        for number, part in enumerate(super().encoded(*arguments)):
            if number == 0:
                self._kill(next(iter(self.by_worker)))
            yield part


def test_a_shard_whose_worker_was_killed_is_done_again(cluster: Any, folder: Path, tmp_path: Path) -> None:
    def kill(worker: str) -> None:
        os.kill(int(worker.partition("/")[2]), signal.SIGKILL)

    there = loaded(folder, tmp_path / "there", Killing(kill))
    assert_equal(there, loaded(folder, tmp_path / "here"))


def test_a_file_that_changed_is_named_without_a_traceback(cluster: Any, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "data", {"cat": 6, "dog": 6})
    loaded(data, tmp_path / "cache")
    victim = next(data.rglob("*.png"))
    status = victim.stat()
    victim.write_bytes(victim.read_bytes()[::-1])
    os.utime(victim, ns=(status.st_atime_ns, status.st_mtime_ns))
    (tmp_path / "cache" / "embeddings").rename(tmp_path / "away")
    with pytest.raises(DataError, match="is not what it was when it was last read"):
        loaded(data, tmp_path / "cache", RayImages("ray"))


DRIVER = """
import sys
from pathlib import Path
from prompt_search.cluster.ray_images import RayImages
from prompt_search.data import load_splits
from prompt_search.models import load_model
load_splits(Path(sys.argv[1]), load_model("mini-clip", device="cpu"), cache_dir=Path(sys.argv[2]),
            work=RayImages(sys.argv[3]), on_progress=lambda *at: print(*at, flush=True))
"""


def test_after_the_driver_was_killed_only_the_rest_is_done(cluster: Any, folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", DRIVER, str(folder), str(tmp_path / "there"), f"ray://{cluster.address}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline().startswith("0 ")
        stored = int(driver.stdout.readline().split()[0])
        driver.kill()
    time.sleep(1)
    work = RayImages("ray")
    there = loaded(folder, tmp_path / "there", work)
    broken_twice = 2  # what is no picture is remembered at the end, so it may be looked at in both
    assert 0 < work.by_worker.total() <= sum(CLASSES.values()) + broken_twice - stored
    assert_equal(there, loaded(folder, tmp_path / "here"))


def test_the_raylet_of_a_node_is_killed_while_images_are_encoded(cluster: Any, folder: Path, tmp_path: Path) -> None:
    other = next(iter(cluster.worker_nodes))
    there = loaded(folder, tmp_path / "there", Killing(lambda worker: cluster.remove_node(other, allow_graceful=False)))
    assert_equal(there, loaded(folder, tmp_path / "here"))
