"""Prompt files for the tiny model, exported to a folder, and what we predict of the same pictures."""

import random
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluators import Candidate, ClassLabel, OpenClipModel, PromptSet, class_weights
from prompt_search.exports.export import export
from prompt_search.models import describe_model
from prompt_search.prompt_files.prompts_json import PromptFile, write_prompts_json
from prompt_search.run.progress import Silent

__all__ = ["CLASSES", "EACH_ONE", "OWN_TEXTS", "TEMPLATES", "exported", "our_cosines", "pictures", "prompts_file"]

CLASSES = tuple(ClassLabel(f"n0{i}", name) for i, name in enumerate(["tabby cat", "{0} dog", "Ovenbird", "red } fox"]))
TEMPLATES = PromptSet.of(CLASSES, ["a {} photo.", "stray } brace { and {}", "a {}, a kind of {}."])
OWN_TEXTS = PromptSet.of(
    CLASSES, ["a {}."], {"n00": ['it says "meow"', "{c} {} 🐱"], "n01": ["{} barks"], "n03": ["orange fur"]}
)
EACH_ONE = PromptSet.of(CLASSES, texts={c.id: [f"one {c.name} {i * '!'}{{}}"] for i, c in enumerate(CLASSES)})
RUN = {"seed": 0, "shots": None, "select_shots": None, "data": {"fingerprint": "d", "source": "wds/pets"}}


def prompts_file(folder: Path, prompts: Candidate, model: OpenClipModel, result: dict[str, Any] | None = None) -> Path:
    """A `prompts.json` in a folder."""
    folder.mkdir(exist_ok=True)
    described = describe_model(model.name, "fp32", model)
    write_prompts_json(folder / "prompts.json", PromptFile(prompts, described, RUN, result or {}))
    return folder / "prompts.json"


def exported(folder: Path, prompts: Candidate, model: OpenClipModel, form: str, **arguments: Any) -> list[Path]:
    """The files of a form."""
    path = prompts_file(folder, prompts, model, arguments.pop("result", None))
    return export(path, [form], model=model, **{"observer": Silent(), **arguments})


def pictures(n: int = 12, size: tuple[int, int] = (41, 36)) -> list[Image.Image]:
    """Different coloured noise."""
    found = []
    for seed in range(n):
        rng = random.Random(seed)
        own = np.array([[rng.randrange(256) for _ in range(3)] for _ in range(9)], dtype=np.uint8).reshape(3, 3, 3)
        found.append(Image.fromarray(own).resize(size, Image.Resampling.BICUBIC))
    return found


def our_cosines(prompts: Candidate, model: OpenClipModel) -> NDArray[np.float32]:
    """[12, C] of `pictures()`."""
    return model.encode_images(pictures()) @ class_weights(prompts.compiled(), model)
