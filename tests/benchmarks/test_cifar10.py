"""The benchmark of the search: the real product on a few small pictures, with a scripted language model."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cifar10
from benchmarks.cifar10 import Setup, carry_out
from benchmarks.cifar10_images import write_parquet
from benchmarks.cifar10_table import Outcome, figures, markdown
from examples.mini_clip.photos import CLASSES
from optimizers import Sample
from prompt_search.data.load import load_splits
from prompt_search.errors import SettingsError
from tests.fakes.pixel_model import PixelModel
from tests.fakes.scripted_model import ScriptedModel

TRAIN, TEST = 12, 7


def pictures(per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten classes of noisy colours, like CIFAR-10's arrays."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(10), per_class)
    colours = np.random.default_rng(1).integers(0, 256, (10, 1, 1, 3))[labels]
    return np.clip(colours + rng.integers(-40, 40, (len(labels), 32, 32, 3)), 0, 255).astype(np.uint8), labels


def says(sample: Sample) -> str:
    """A template or a sentence that depends on the question alone."""
    word = random.Random(sample.key).choice(["close", "bright", "dark", "small", "wide", "plain", "sharp"])
    return f"a {word} view of a {{}}." if "template" in sample.request.messages[-1].content else f"It is {word}."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CIFAR-10; every third train image has to stay unused."""
    target = tmp_path_factory.mktemp("cifar10") / "cifar10.parquet"
    pool = [index for index in range(10 * TRAIN) if index % 3]
    write_parquet(target, pictures(TRAIN, seed=2), pool, pictures(TEST, seed=3))
    return target


@pytest.fixture
def setup(data: Path, tmp_path: Path) -> Setup:
    """The real product, but for the two models."""
    return Setup(data, tmp_path / "runs", llm=ScriptedModel(says), model=PixelModel(), cache_dir=tmp_path / "cache")


def test_searches_draw_from_the_pool_alone_and_every_test_image_is_sealed(data: Path, tmp_path: Path) -> None:
    drawn = [load_splits(data, PixelModel(), cache_dir=tmp_path, shots=2, select_shots=2, seed=s) for s in range(4)]
    used = {image for splits in drawn for part in (splits.search, splits.select) for image in part.image_ids}
    assert all(int(re.findall(r"(\d+)\.png$", image)[0]) % 3 for image in used)
    assert len({splits.search.image_ids for splits in drawn}) == 4
    for splits in drawn:
        assert len(splits.search.image_ids) == len(splits.select.image_ids) == 20
        assert len(splits.test.image_ids) == 10 * TEST
        assert all(image.startswith("test/") for image in splits.test.image_ids)
    assert [label.name for label in drawn[0].classes] == list(CLASSES)


def test_outcomes_are_the_figures_of_the_product_s_own_results(setup: Setup) -> None:
    outcomes = carry_out(setup, ["hill-climb"], [1, 2], [0, 1])
    assert [(o.strategy, o.shots, o.draw) for o in outcomes] == [
        ("hill-climb", shots, draw) for draw in (0, 1) for shots in (1, 2)
    ]
    assert len({outcome.photo for outcome in outcomes}) == 1  # the same test images whatever is drawn
    for outcome in outcomes:
        written = json.loads((setup.runs / f"hill-climb-{outcome.shots}-{outcome.draw}/prompts.json").read_text())
        assert outcome.top1 == pytest.approx(100 * written["result"]["rows"][0]["test"]["top1"])
        assert outcome.calls > 0


def test_every_outcome_is_told_as_it_comes(setup: Setup) -> None:
    told: list[int] = []
    carry_out(setup, ["hill-climb"], [1, 2], [0], lambda found: told.append(len(found)))
    assert told == [1, 2]


def test_an_unknown_strategy_is_refused_before_anything_runs(setup: Setup) -> None:
    with pytest.raises(SettingsError, match="did you mean 'hill-climb'"):
        carry_out(setup, ["hill-climb", "hill-clim"], [1], [0])
    assert not setup.runs.exists()


def test_the_command_writes_outcomes_and_prints_the_table(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cifar10, "cifar10_file", lambda work: setup.data)
    monkeypatch.setattr(cifar10, "Setup", lambda data, runs, llm, device: replace(setup, data=data, runs=runs))
    file = tmp_path / "outcomes.json"
    cifar10.main(
        ["--draws", "2", "--first-draw", "3", "--shots", "1,2", "--strategies", "hill-climb", "--json", str(file)]
    )
    outcomes = [Outcome(**each) for each in json.loads(file.read_text())["outcomes"]]
    assert [(o.shots, o.draw) for o in outcomes] == [(1, 3), (2, 3), (1, 4), (2, 4)]
    printed = capsys.readouterr()
    assert printed.out == markdown(outcomes, "SmolLM2-135M") + "\n"
    assert printed.err.count("hill-climb, ") == 4


@pytest.mark.parametrize("wrong", [["--shots", "1,0"], ["--draws", "0"], ["--draws", "five"]])
def test_numbers_that_are_none_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cifar10.main(wrong)
    assert "is not a whole number of at least 1" in capsys.readouterr().err


def test_the_command_refuses_an_unknown_strategy_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cifar10, "cifar10_file", lambda work: pytest.fail("fetched"))
    with pytest.raises(SystemExit):
        cifar10.main(["--strategies", "hill-climb,cupl + proap"])
    assert "there is no strategy 'proap'; did you mean 'proapo'?" in capsys.readouterr().err


OURS = [Outcome("ours", 4, draw, top1, 60.0, placebo, 10) for draw, top1, placebo in ((0, 62.0, 61.0), (1, 66.0, 61.0))]
THEIRS = [Outcome("theirs", 4, draw, top1, 60.0, None, 141) for draw, top1 in ((1, 61.0), (0, 59.0))]


def test_the_table_has_means_errors_and_the_words_own_share() -> None:
    lines = markdown([*OURS, *THEIRS], "a model").splitlines()
    assert lines[0].startswith('Gain in points over "a photo of a {}." (60.00 %), mean of 2 draws')
    assert lines[2:] == [
        "| search + select images a class | 4+4 |",
        "|---|---|",
        "| **ours** | +4.00 ± 2.00 |",
        "| the words' own share | +3.00 ± 2.00 |",
        "| language model calls | 10 |",
        "| **theirs** | +0.00 ± 1.00 |",
        "| the words' own share | not measured |",
        "| language model calls | 141 |",
        "",
        "- 4+4: ours minus theirs: +4.00 ± 1.00, paired t test over 2 draws: p = 0.1560",
    ]


def test_figures_have_what_the_table_has() -> None:
    found = {figure.name: figure.value for figure in figures([*OURS, *THEIRS], "a model")}
    assert found == {
        'cifar10: ours, a model, 4+4: gain over "a photo of a {}."': 4.0,
        "cifar10: ours, a model, 4+4: the words' own share": 3.0,
        'cifar10: theirs, a model, 4+4: gain over "a photo of a {}."': 0.0,
    }
