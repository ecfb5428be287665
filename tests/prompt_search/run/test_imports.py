"""A run with a model of one's own, from its first line to its report, imports no other model's library."""

import os
import subprocess
import sys
from pathlib import Path

from tests.prompt_search.conftest import paint

PROGRAM = """
import sys
import prompt_search
from prompt_search.run.config import RunConfig
from prompt_search.run.resources import Resources
from tests.fakes.pixel_model import PixelModel

prompt_search.optimize(
    "images", model=PixelModel(), llm=lambda messages: "It is mostly green.\\nIt is dark.", strategy="cupl", out="run",
    config=RunConfig.of(seed=0), resources=Resources(cache_dir="cache"),
)
print(sorted({HEAVY} & sys.modules.keys()))
"""
HEAVY = {"open_clip", "torchvision", "transformers", "timm", "litellm", "openai", "datasets", "torch._dynamo"}


def test_neither_open_clip_nor_transformers_nor_a_compiler_is_imported(tmp_path: Path) -> None:
    paint(tmp_path / "images")
    program = PROGRAM.replace("{HEAVY}", repr(HEAVY))
    paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    for again in (False, True):
        done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=paths, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "[]", f"{again=}"
        assert (tmp_path / "run" / "probe.safetensors").exists()
