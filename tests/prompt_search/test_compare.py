"""Two prompt files on the same images, one on several models, and a look at what is wrong with one."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluators import ClassLabel, OpenClipModel, PromptSet, class_weights
from prompt_search.cli.main import run_program
from prompt_search.compare_files import compare
from prompt_search.errors import SettingsError
from prompt_search.prompt_doctor import diagnose_prompts
from prompt_search.report.statistics import exact_p, paired_interval
from prompt_search.run.progress import Silent
from prompt_search.run.resources import Resources
from prompt_search.transfer_models import transfer
from tests.fakes.tiny_clip import save_tiny_clip
from tests.fakes.tiny_variants import save_variant
from tests.prompt_search.conftest import COLOURS, World, paint
from tests.prompt_search.exports.exported import prompts_file

CLASSES = tuple(sorted(ClassLabel(name, name.replace("_", " ")) for name in COLOURS))
GOOD = PromptSet.of(CLASSES, ["a photo of a {}.", "one {} here"])
OTHER = PromptSet.of(CLASSES, ["{} {} {}"], {"red_ball": ["a blue sky"]})


@pytest.fixture
def images(tmp_path: Path) -> str:
    return str(paint(tmp_path / "images"))


@pytest.fixture
def clip(tiny_clip: str) -> OpenClipModel:
    return OpenClipModel(tiny_clip)


def resources(tmp_path: Path) -> Resources:
    return Resources(cache_dir=tmp_path / "cache", observer=Silent())


def test_a_comparison_counts_what_each_alone_gets_right(tmp_path: Path, images: str, clip: OpenClipModel) -> None:
    a, b = (prompts_file(tmp_path / n, p, clip) for n, p in (("a", GOOD), ("b", OTHER)))
    found = compare(a, b, images, resources=resources(tmp_path))
    pictures = [Path(images) / flip.image for flip in found.flips]
    assert found.n == sum(each.n for each in found.classes) > 0
    assert found.right_a == sum(each.right_a for each in found.classes)
    assert found.right_b - found.right_a == found.counts.only_first - found.counts.only_second
    assert len(found.flips) == found.counts.only_first + found.counts.only_second > 0
    assert (found.p, found.interval) == (exact_p(found.counts), paired_interval(found.counts))
    ids = [label.id for label in CLASSES]
    features = clip.encode_images([Image.open(path).convert("RGB") for path in pictures])
    for prompts, said in ((GOOD, [f.a for f in found.flips]), (OTHER, [f.b for f in found.flips])):
        best = (features @ class_weights(prompts, clip)).argmax(axis=1)
        assert [ids[i] for i in best] == said


def test_a_file_compared_with_itself_differs_in_nothing(tmp_path: Path, images: str, clip: OpenClipModel) -> None:
    a = prompts_file(tmp_path / "a", GOOD, clip)
    found = compare(a, a, images, resources=resources(tmp_path))
    assert (found.flips, found.p) == ((), 1.0)
    assert "both get as many right" in found.verdict()
    assert "nothing is proven" in found.verdict()


def test_each_file_is_used_with_the_model_it_was_found_for(tmp_path: Path, images: str, clip: OpenClipModel) -> None:
    other = OpenClipModel(save_tiny_clip(tmp_path / "other", seed=7))
    a, b = prompts_file(tmp_path / "a", GOOD, clip), prompts_file(tmp_path / "b", GOOD, other)
    used = resources(tmp_path)
    found = compare(a, b, images, resources=used)
    assert found.flips
    assert isinstance(used.observer, Silent)
    assert not any("WRONG MODEL" in line for line in used.observer.warnings)
    compare(a, b, images, model=clip, resources=used)
    assert sum("WRONG MODEL" in line for line in used.observer.warnings) == 1


def test_the_command_prints_a_verdict_and_the_same_as_json(
    tmp_path: Path, images: str, clip: OpenClipModel, capsys: pytest.CaptureFixture[str]
) -> None:
    a = str(prompts_file(tmp_path / "a", GOOD, clip))
    (tmp_path / "mine.txt").write_text("the {} of {}\n")
    arguments = ["compare", a, str(tmp_path / "mine.txt"), images, "--cache-dir", str(tmp_path / "cache")]
    assert run_program(arguments) == 0
    told = capsys.readouterr().out
    assert "exact McNemar" in told
    assert "red ball" in told
    assert run_program([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] in told


def test_transfer_scores_prompts_and_the_plain_template_on_each_model(
    tmp_path: Path, images: str, clip: OpenClipModel, capsys: pytest.CaptureFixture[str]
) -> None:
    path = prompts_file(tmp_path / "a", OTHER, clip)
    other = save_tiny_clip(tmp_path / "other", seed=7)
    rows = transfer(path, images, [clip.name, other], resources=resources(tmp_path))
    assert [row.own for row in rows] == [True, False]
    (tmp_path / "plain.txt").write_text("a photo of a {}.\n")
    same = compare(tmp_path / "plain.txt", path, images, model=clip, resources=resources(tmp_path))
    assert (rows[0].plain, rows[0].prompts) == (same.right_a / same.n, same.right_b / same.n)
    assert rows[0].interval == same.interval
    assert rows[0].p >= same.p
    models = ",".join([clip.name, other])
    assert run_program(["transfer", str(path), images, "--models", models, "--cache-dir", str(tmp_path / "c")]) == 0
    assert "(found for it)" in capsys.readouterr().out


def test_transfer_says_where_a_text_is_too_long_and_goes_on(tmp_path: Path, images: str, clip: OpenClipModel) -> None:
    long = PromptSet.of(CLASSES, ["a {} " + "of many words " * 8])
    short = save_variant(tmp_path / "short", text={"context_length": 16})
    rows = transfer(prompts_file(tmp_path / "a", long, clip), images, [short, clip.name], resources=resources(tmp_path))
    assert "longer than the model's context" in (rows[0].refused or "")
    assert np.isnan(rows[0].prompts)
    assert rows[1].n > 0
    with pytest.raises(SettingsError, match="name the models"):
        transfer(tmp_path / "a", images, [], resources=resources(tmp_path))


def test_the_doctor_finds_nothing_wrong_with_a_run(world: World) -> None:
    world.run()
    checks = diagnose_prompts(world.folder / "run")
    assert {check.name for check in checks} >= {"model", "token ids", "padding", "classifier.safetensors"}
    assert [check.found for check in checks if not check.usable] == []


def test_the_doctor_names_what_is_wrong(tmp_path: Path, clip: OpenClipModel) -> None:
    twins = (ClassLabel("a", "Crane"), ClassLabel("b", "crane"), ClassLabel("c", "owl"), ClassLabel("d", "owl"))
    prompts = PromptSet.of(twins, ["a {}."], {"c": ["very " * 90], "d": ["an owl"]})
    path = prompts_file(tmp_path / "a", prompts, clip)
    wrong = {check.name: check.found for check in diagnose_prompts(path) if not check.usable}
    assert "'owl'" in wrong["class names"]
    assert "longer than 77 tokens" in wrong["length of texts"]
    assert "'a', 'b'" in wrong["token ids"]
    other = save_tiny_clip(tmp_path / "other", seed=7)
    found = {check.name: check for check in diagnose_prompts(path, model=other)}
    assert not found["model"].usable
    assert "weights or tokenizer differ" in found["model"].found


def test_the_doctor_tells_of_models_whose_texts_must_be_padded(tmp_path: Path) -> None:
    siglip = OpenClipModel(
        save_variant(tmp_path / "m", text={"no_causal_mask": True, "pool_type": "last"}, custom_text=True)
    )
    found = {c.name: c for c in diagnose_prompts(prompts_file(tmp_path / "a", GOOD, siglip))}
    assert "must be padded to 77 tokens" in found["padding"].found


def test_the_doctor_s_command_exits_with_2_where_something_is_wrong(
    tmp_path: Path, clip: OpenClipModel, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = prompts_file(tmp_path / "a", GOOD, clip), tmp_path / "b"
    assert run_program(["doctor", str(good)]) == 0
    twins = PromptSet.of({"a": "crane", "b": "crane"}, ["a {}."])
    assert run_program(["doctor", str(prompts_file(bad, twins, clip))]) == 2
    assert "crane" in capsys.readouterr().out
    assert run_program(["doctor", "--model", "mini-clip"]) == 2
