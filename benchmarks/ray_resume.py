"""Synthetic images encoded with Ray by a driver that is killed in the middle, and then by the same command again.

    python -m benchmarks.ray_resume --images 2000 --workers 2

says how many images were stored when the driver died, how many the second start encoded (together all of them, but for
what the first had not stored), and the rate. Noise of 64 x 64 pixels, the bundled model; needs the extra `[ray]`.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

DRIVER = """
import sys, time
from pathlib import Path
import ray
from prompt_search.cluster.ray_images import RayImages
from prompt_search.data import load_splits
from prompt_search.models import load_model
ray.init(num_cpus=int(sys.argv[3]), include_dashboard=False, object_store_memory=200 * 2**20, log_to_driver=False)
load_splits(Path(sys.argv[1]), load_model("mini-clip", device="cpu"), cache_dir=Path(sys.argv[2]),
            work=RayImages("ray"), on_progress=lambda done, total: print(done, total, time.time(), flush=True))
"""


def main() -> None:
    """Write the images, kill the first driver when half is stored, let the second finish."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        _write(Path(folder) / "images", given.images)
        first = _start(Path(folder), given.workers, stop_at=given.images // 2)
        second = _start(Path(folder), given.workers, stop_at=None)
    stored, left = first[-1][0], second[0][1]
    seconds = second[-1][2] - second[1][2]
    rate = (second[-1][0] - second[1][0]) / seconds if seconds > 0 else float("nan")
    print(f"{given.images} images: {stored} stored when the driver was killed, {left} left for the second start")
    print(f"{rate:.0f} images/s after the first shard, with {given.workers} workers")


def _write(folder: Path, images: int) -> None:
    drawn = np.random.default_rng(0)
    for number in range(images):
        place = folder / f"class_{number % 10}" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(place, compress_level=1)


def _start(folder: Path, workers: int, stop_at: int | None) -> list[tuple[int, int, float]]:
    """Start a driver; what it said of its progress, until the end or until so much was done that it was killed."""
    command = [sys.executable, "-c", DRIVER, str(folder / "images"), str(folder / "cache"), str(workers)]
    said: list[tuple[int, int, float]] = []
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            done, total, at = line.split()
            said.append((int(done), int(total), float(at)))
            if stop_at is not None and int(done) >= stop_at:
                driver.kill()
                break
    time.sleep(5)  # Ray's own processes end when they miss the driver
    return said


if __name__ == "__main__":
    main()
