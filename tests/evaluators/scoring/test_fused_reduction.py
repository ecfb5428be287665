"""The fused reduction equals the eager one, in Triton's interpreter, and is compiled for GPUs; neither needs a GPU."""

import os
import subprocess
import sys
from pathlib import Path

COMPARE = """
import numpy as np
import torch
from evaluators.scoring import fused_reduction
from evaluators.scoring.class_blocks import NOTHING_THERE, ClassBlocks
from evaluators.scoring.fused_reduction import reduce_fused
from evaluators.scoring.score import COSTLY_FIGURES
from evaluators.scoring.reductions import reduce_cosines

for classes, n, sets, scale, most in [
    (1, 5, 2, 100, 9), (2, 1, 1, 10, 9), (7, 130, 3, 100, 28), (1030, 20, 2, 100, 1), (6, 40, 2, 1e4, 2**22)
]:
    fused_reduction.PARTIAL_SUMS = most
    generator = torch.Generator().manual_seed(classes)
    cosines = torch.rand((classes + 9, n), generator=generator) * 2 - 1
    cosines[3] = cosines[4]
    index = torch.randint(0, classes + 9, (sets, classes), generator=generator)
    index[0, : min(classes, 3)] = 4
    labels = torch.randint(0, classes, (n,), generator=generator)
    cosines = torch.cat([cosines, torch.full((1, n), NOTHING_THERE)])
    lower = np.full((sets, 1), scale)
    blocks = ClassBlocks.of(index.numpy(), lower)
    eagerly = reduce_cosines(cosines, index.numpy(), blocks, labels, scale, lower, 2**20, COSTLY_FIGURES)
    (_, eager, _), *others = eagerly
    assert not others
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
    assert (one.fitted_cross_entropy, one.fitted_scale) == (other.fitted_cross_entropy, other.fitted_scale)
    assert abs(one.cross_entropy - other.cross_entropy) < 5e-6 > abs(one.marginal_entropy - other.marginal_entropy)
print("compared")
"""


COMPILE = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from evaluators.scoring.fused_reduction import _kernel

types = dict.fromkeys(_kernel.arg_names, "*fp32") | {"index": "*i64", "labels": "*i64", "n": "i32", "scale": "fp32"}
types |= {"ranks": "*i32", "predicted": "*i32"} | dict.fromkeys(("CLASSES", "CLASS_TILE", "IMAGE_TILE"), "constexpr")
for classes, class_tile, image_tile in [(1, 1, 128), (1000, 1024, 16), (2500, 1024, 16)]:
    constants = {"CLASSES": classes, "CLASS_TILE": class_tile, "IMAGE_TILE": image_tile}
    source = ASTSource(fn=_kernel, signature=types, constexprs=constants)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": 8})
    assert ".target sm_90" in compiled.asm["ptx"]
print("compiled")
"""


def interpreted(code: str, *arguments: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"TRITON_INTERPRET": "1"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.stdout.strip() == "compared", run.stderr[-3000:]


def test_every_statistic_equals_the_eager_reduction() -> None:
    interpreted(COMPARE)


def test_the_kernel_can_be_compiled_for_a_gpu(tmp_path: Path) -> None:
    """Triton's interpreter takes what its compiler refuses."""
    run = subprocess.run(
        [sys.executable, "-c", COMPILE],
        env=os.environ | {"TRITON_CACHE_DIR": str(tmp_path)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.stdout.strip() == "compiled", run.stderr[-3000:]


def test_an_evaluator_that_reduces_in_the_kernel_gives_the_same_scores(tmp_path: Path) -> None:
    interpreted(SCORE, str(tmp_path))
