"""What prompt files are recognised as: small ones of every kind, and the published ones if they are here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluators import ClassLabel, OpenClipModel, PromptSet
from prompt_search.cli.main import run_program
from prompt_search.errors import PromptError
from prompt_search.prompt_files.reading.recognise import recognise
from tests.prompt_search.conftest import paint
from tests.prompt_search.exports.exported import prompts_file

REFERENCE = Path(__file__).resolve().parents[5] / "shared" / "reference"
CUPL = {"abyssinian": ["An Abyssinian is a cat with a ticked coat.", "The abyssinian looks slender."],
        "great pyrenees": ["A Great Pyrenees is a large white dog.", "A great pyrenees has thick fur."]}  # fmt: skip
DCLIP = {"abyssinian": ["pointed ears", "slender legs"], "great pyrenees": ["a thick white coat", "a large head"]}
WAFFLE = ["A photo of a {}, which has jmhj, !J#m.", "A photo of a {}, which is a wnkr, %q2p."]
PAIRS = {
    "0_1": {"classes": [0, 1], "prompt_pairs": [{"attr_type": "size", "prompt_pair": ["a small cat", "a big dog"]}]}
}

Write = Callable[[str, Any], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: Any) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return written


@pytest.mark.parametrize(
    ("content", "form", "line"),
    [
        (CUPL, "4 texts for 2 classes", "sentences by class (CuPL)"),
        (DCLIP, "4 texts for 2 classes", "descriptors by class (DCLIP), joined"),
        ({n: [n, f"{n}**+*+**It is nice."] for n in CUPL}, "4 texts for 2 classes", "ProAPO's names and descriptions"),
        ({n: [n, f"young {n}"] for n in CUPL}, "4 texts for 2 classes", "names by class"),
        ({"top1": ["a {}."]}, "1 template, ProAPO's", "1 template"),
        ({"pets": ["a {c}.", "the {c}."], "cifar10": ["one {c}."]}, "templates by data set", "the entry 'pets'"),
        ({"wds/pets": CUPL, "wds/cats": CUPL}, "class prompts by data set", "the entry 'wds/pets'"),
        (WAFFLE, "2 templates with descriptors behind the name (WaffleCLIP's form)", "2 templates"),
        (["a {}.", "the {}."], "2 templates, JSON", "2 templates"),
    ],
)
def test_the_kinds_of_files_are_recognised(write: Write, content: Any, form: str, line: str) -> None:
    found = recognise(write("prompts.json", content))
    assert found.usable
    assert found.form.startswith(form)
    assert line in found.lines[0]


def test_plain_lines_and_fudd_s_two_files_are_recognised(write: Write) -> None:
    assert recognise(write("mine.txt", "a photo of a {}.\nthe {}\n")).form == "2 templates, one a line"
    path = write("my_prompt_pairs.json", PAIRS)
    assert "class_names" in recognise(path).lines[0]  # what is missing beside it is told
    write("my_class_names.json", ["cat", "dog"])
    found = recognise(path)
    assert (found.form, found.usable, len(found.lines)) == ("FuDD's texts for 1 pair of classes", True, 1)


def test_our_own_files_tell_their_version_and_model(write: Write, tmp_path: Path, tiny_clip: str) -> None:
    clip = OpenClipModel(tiny_clip)
    path = prompts_file(tmp_path / "run", PromptSet.of({"a": "cat", "b": "dog"}, ["a {}."]), clip)
    found = recognise(str(path.parent))
    assert found.usable
    assert len(found.lines) == 1
    assert f"version 1 (this program reads 1), found for {clip.name!r}" in found.form
    other = recognise(write("old.json", json.loads(path.read_text()) | {"version": 7}))
    assert not other.usable
    assert "version 7" in other.lines[0]


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("names.json", ["cat", "dog"], "a list of 2 names"),
        ("split.json", {"train": [["a.jpg", 0, "cat"]], "val": [], "test": []}, "a division of images"),
        ("labels.json", {"0": "cat", "1": "dog"}, "names of 2 classes by id"),
        ("captions.txt", "Image_0:Red flowers.\nImage_1:Blue flowers.\n", "captions of images, one a line (IPO)"),
        ("other.json", {"a": 1}, "0 texts for 1 class"),
    ],
)
def test_what_holds_no_prompts_is_said_to_be_what_it_is(write: Write, name: str, content: Any, form: str) -> None:
    found = recognise(write(name, content))
    assert not found.usable
    assert found.form.startswith(form)


def test_every_class_that_does_not_match_is_listed_with_close_names(write: Write) -> None:
    names = [f"kind number {i}" for i in range(20)]
    path = write(
        "cupl.json", {f"{name} x": [f"A {name} x is here."] for name in names} | {"oven bird": ["An oven bird."]}
    )
    classes = [ClassLabel(f"{i}", name) for i, name in enumerate([*names, "Ovenbird", "zebra"])]
    found = recognise(path, classes)
    assert not found.usable
    assert [each.name for each in found.only_file] == sorted(f"{name} x" for name in names)
    assert {each.name for each in found.only_data} == {*names, "zebra"}
    by_name = {each.name: each.close for each in found.only_data}
    assert "kind number 7 x" in by_name["kind number 7"]
    assert by_name["zebra"] == ()


def test_a_file_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"gone\.json"):
        recognise(str(tmp_path / "gone.json"))


def test_the_command_matches_the_classes_of_images(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = str(paint(tmp_path / "images"))
    good = write("good.json", {n: [f"A {n} seen here."] for n in ("red ball", "green leaf", "Blue Sky")})
    bad = write("bad.json", {n: [f"A {n} seen here."] for n in ("red balls", "green leaf", "blue sky")})
    cache = ["--cache-dir", str(tmp_path / "cache")]
    assert run_program(["import", good, images, *cache]) == 0
    assert run_program(["import", bad, images, *cache]) == 2
    told = capsys.readouterr().out
    assert "'red balls' (did you mean 'red ball'?)" in told
    assert run_program(["import", good, "--names", write("n.json", ["red ball", "green leaf", "blue sky"])]) == 0
    assert run_program(["import", good, images, "--names", "n.json"]) == 2


@pytest.mark.parametrize(
    ("published", "usable"),
    [
        ("cupl/cifar10_prompts_full.json", True),
        ("cupl/pet_prompts_base.json", True),
        ("fudd/clip_templates.json", True),
        ("fudd/eurosat_prompt_pairs.json", True),
        ("fudd/imagenet_class_names.json", False),
        ("ipo/oxford_flowers_1_shot_image.txt", False),
        ("proapo/ProAPO_template.json", True),
        ("proapo/imagenet_80.json", True),
        ("proapo/euro_sat/DCLIP.json", True),
        ("proapo/euro_sat/synonyms.json", True),
        ("proapo/oxford_pets/CuPL_full.json", True),
        ("proapo/oxford_pets/split_zhou_OxfordPets.json", False),
    ],
)
def test_published_files_are_recognised(published: str, usable: bool) -> None:
    path = REFERENCE / published
    if not path.exists():
        pytest.skip("the published files are not part of the project")
    assert recognise(str(path)).usable is usable
