"""The fused reduction equals the eager one; without a GPU, in Triton's interpreter."""

import os
import subprocess
import sys
from pathlib import Path

COMPARE = """
import torch
from evaluators.fused_reduction import reduce_fused
from evaluators.reductions import reduce_cosines

for classes, n, sets, scale in [(1, 5, 2, 100), (2, 1, 1, 10), (7, 130, 3, 100), (1030, 20, 2, 100), (6, 40, 2, 1e4)]:
    generator = torch.Generator().manual_seed(classes)
    cosines = torch.rand((classes + 9, n), generator=generator) * 2 - 1
    cosines[3] = cosines[4]
    index = torch.randint(0, classes + 9, (sets, classes), generator=generator)
    index[0, : min(classes, 3)] = 4
    labels = torch.randint(0, classes, (n,), generator=generator)
    eager = reduce_cosines(cosines[index], labels, scale)
    fused = reduce_fused(cosines, index, labels, scale)
    for name in ("ranks", "predicted", "margins"):
        assert torch.equal(getattr(eager, name), getattr(fused, name)), (classes, name)
    for name in ("cross_entropies", "entropies", "probabilities"):
        torch.testing.assert_close(getattr(fused, name), getattr(eager, name), rtol=2e-6, atol=2e-5)
print("compared")
"""


SCORE = """
import sys
from pathlib import Path
import numpy as np
from evaluators import Evaluator, LabeledImages, PromptSet, TextEncoder
from tests.fakes.hashed_model import HashedModel, random_unit_rows

ids = ("a", "b", "c")
images = LabeledImages(random_unit_rows(30, 32), np.arange(30) % 3, ids, tuple(map(str, range(30))))
sets = [PromptSet.of({i: i for i in ids}, [template]) for template in ("a {}", "the {}")]
encoder = TextEncoder(HashedModel(), Path(sys.argv[1]))
eager, fused = (Evaluator(images, encoder, fused=way).score(sets) for way in (False, True))
for one, other in zip(eager, fused, strict=True):
    assert (one.top1, one.confusions, one.recall) == (other.top1, other.confusions, other.recall)
    assert abs(one.cross_entropy - other.cross_entropy) < 5e-6 > abs(one.marginal_entropy - other.marginal_entropy)
print("compared")
"""


def interpreted(code: str, *arguments: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"TRITON_INTERPRET": "1"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.stdout.strip() == "compared", run.stderr[-3000:]


def test_every_statistic_equals_the_eager_reduction() -> None:
    interpreted(COMPARE)


def test_an_evaluator_that_reduces_in_the_kernel_gives_the_same_scores(tmp_path: Path) -> None:
    interpreted(SCORE, str(tmp_path))
