"""The code in the READMEs that classifies an image, run exactly as it is written there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import prompt_search
from evaluators import ImageTextModel, class_weights
from optimizers import HillClimbing
from prompt_search.models import load_model
from prompt_search.report.result import Result
from tests.examples.bundled_photos import newcomers_cache, photos
from tests.fakes.scripted_model import ScriptedModel

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippet(readme: Path) -> str:
    """The one Python block of a README that loads the classifier."""
    blocks = PYTHON_BLOCK.findall(readme.read_text(encoding="utf-8"))
    (found,) = (block for block in blocks if "classifier.safetensors" in block)
    return str(found)


def imports(code: str) -> set[str]:
    """The top-level packages that code imports."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def printed_by(code: str, folder: Path) -> str:
    """What code prints when it runs in a folder."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def mini_clip() -> ImageTextModel:
    """The bundled model."""
    return load_model("mini-clip")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, mini_clip: ImageTextModel) -> Result:
    """A small run in `runs/demo` of a folder."""
    return prompt_search.optimize(
        "photos",
        llm=ScriptedModel(lambda sample: f"a photo number {sample.occurrence} of a {{}}."),
        strategy=HillClimbing(iterations=2, pool=4),
        out=tmp_path_factory.mktemp("readme") / "runs/demo",
        resources=prompt_search.Resources(cache_dir=newcomers_cache(tmp_path_factory)),
    )


def predicted(picture: Image.Image, result: Result, model: ImageTextModel) -> str:
    """The class that the winning prompts give a picture, without any file."""
    logits = model.encode_images([picture]) @ class_weights(result.prompts, model)
    return result.prompts.classes[int(logits.argmax())].name


def a_photo_told_apart(result: Result, model: ImageTextModel, class_name: str) -> Image.Image:
    """A photo of a class that the winning prompts get right, so that a snippet that guesses can't."""
    return next(p for p in photos(class_name, "test") if predicted(p, result, model) == class_name)


def test_the_readme_of_the_project_classifies_as_the_library_does(result: Result, mini_clip: ImageTextModel) -> None:
    folder = result.folder.parents[1]
    (folder / "prompt_search").symlink_to(CHECKOUT / "prompt_search")  # as in a checkout
    a_photo_told_apart(result, mini_clip, "ship").save(folder / "image.png")
    assert printed_by(snippet(CHECKOUT / "README.md"), folder) == "ship"


def test_the_readme_of_a_run_classifies_as_the_library_does(result: Result, mini_clip: ImageTextModel) -> None:
    a_photo_told_apart(result, mini_clip, "horse").save(result.folder / "image.png")
    assert printed_by(snippet(result.folder / "README.md"), result.folder) == "horse"


def test_neither_needs_more_than_open_clip_and_safetensors(result: Result) -> None:
    for readme in (CHECKOUT / "README.md", result.folder / "README.md"):
        assert imports(snippet(readme)) == {"json", "open_clip", "torch", "PIL", "safetensors"}


def test_both_are_the_same_code_but_for_names(result: Result) -> None:
    ours, theirs = (
        re.sub(r'(runs/demo/|local-dir:[^"]*)', "", snippet(folder / "README.md"))
        for folder in (CHECKOUT, result.folder)
    )
    assert ours == theirs
