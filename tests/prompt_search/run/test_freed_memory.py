"""What a search kept is given back when it is over."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from evaluators import LabeledImages, TextEncoder
from prompt_search.run.outcome.split_evaluators import SplitEvaluators
from tests.evaluators.scoring.test_evaluator import candidates, images
from tests.fakes.pixel_model import PixelModel

PROGRAM = """
import mmap
from pathlib import Path
from prompt_search.run.freed_memory import give_back_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

pieces = [bytearray(1000) for _ in range(100_000)]
last = bytearray(1000)  # what is above the others keeps the heap from shrinking by itself
del pieces
before = resident()
give_back_memory()
print(before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a matter of glibc")
def test_pieces_that_were_freed_go_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 50_000_000


def test_class_embeddings_of_all_splits_are_forgotten(tmp_path: Path) -> None:
    evaluators = SplitEvaluators(lambda split: images(), TextEncoder(PixelModel(), tmp_path))
    made = (evaluators.search, evaluators.select)
    before = [each.score(candidates()) for each in made]
    assert all(len(each._embeddings._kept) for each in made)
    evaluators.forget()
    assert [len(each._embeddings._kept) for each in made] == [0, 0]
    assert [each.score(candidates()) for each in made] == before


def test_a_replay_that_forgets_asks_for_no_images(tmp_path: Path) -> None:
    def no_images(split: str) -> LabeledImages:
        raise AssertionError(split)

    evaluators = SplitEvaluators(no_images, TextEncoder(PixelModel(), tmp_path))
    evaluators.forget()
    assert "search" not in vars(evaluators)
