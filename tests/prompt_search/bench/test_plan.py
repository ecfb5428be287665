"""The plan of a bench: calls and candidates of every run, offline, with images and models that are not here."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from optimizers import Cupl, HillClimbing
from prompt_search.bench.bench_file import read_bench
from prompt_search.bench.plan import plan_bench
from prompt_search.errors import SettingsError
from tests.prompt_search.bench.conftest import Open

Write = Callable[[str], Path]
PAPERS = sorted((Path(__file__).parents[3] / "benchmarks/papers").glob("*.toml"))


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection is made"))


def test_a_run_s_calls_and_candidates_are_the_strategies_own_plans(open_bench: Open) -> None:
    bench = open_bench()
    plan = bench.plan()
    assert [(row.strategy, row.runs, row.calls, row.limited) for row in plan.rows] == [
        ("hill-climb", 2, 4, False),
        ("cupl + hill-climb", 2, 3 * 3 + 2, True),
    ]
    assert plan.calls == 2 * 4 + 2 * 9
    assert plan.runs == 4
    assert not bench.folder.exists()


def test_images_that_are_not_here_are_planned_by_the_number_of_classes(written: Write, tmp_path: Path) -> None:
    text = "shots = 1\n[data.pets]\nn_classes = 37\n[data.own]\n[strategies.cupl]\n[strategies.hill-climb]\n"
    plan = plan_bench(read_bench(written(text)), tmp_path)
    assert [row.calls for row in plan.rows] == [37 * 3 * Cupl().samples, 2 * HillClimbing().iterations, None, None]
    assert plan.calls is None
    assert any(note.startswith("not at hand: pets: planned") for note in plan.notes)
    assert any(note.startswith("not at hand, and not planned: own: n_classes") for note in plan.notes)


def test_base_to_new_is_planned_with_the_first_half_of_the_classes(written: Write, tmp_path: Path) -> None:
    text = "[settings]\nbase_to_new = true\n[data.pets]\nn_classes = 37\n[strategies.cupl]\nset = { samples = 1 }\n"
    assert plan_bench(read_bench(written(text)), tmp_path).rows[0].calls == 3 * 19


def test_a_model_that_is_not_here_is_said_and_one_that_open_clip_lacks_is_refused(
    written: Write, tmp_path: Path
) -> None:
    text = '[settings]\nmodel = "{}"\n[data.pets]\nn_classes = 3\n[strategies.cupl]\n'
    plan = plan_bench(read_bench(written(text.format("ViT-B/32"))), tmp_path)
    assert any("the weights of ViT-B/32 come from a hub" in note for note in plan.notes)
    with pytest.raises(SettingsError, match="open_clip has no model 'ViT-B-32/laion9'"):
        plan_bench(read_bench(written(text.format("ViT-B-32/laion9"))), tmp_path)


def test_a_language_model_that_can_be_none_is_refused(written: Write, tmp_path: Path) -> None:
    text = '[settings]\nllm = "gpt"\n[data.pets]\nn_classes = 3\n[strategies.cupl]\n'
    with pytest.raises(SettingsError, match="gpt"):
        plan_bench(read_bench(written(text)), tmp_path)


@pytest.mark.parametrize("path", PAPERS, ids=[path.stem for path in PAPERS])
def test_the_protocol_of_every_paper_can_be_planned(path: Path, tmp_path: Path) -> None:
    file = read_bench(path)
    plan = plan_bench(file, tmp_path)
    assert len(plan.rows) == len(file.data) * len(file.shots) * len(file.strategies)
    assert plan.calls is not None
    assert all(row.calls and row.evaluations for row in plan.rows)


def test_there_is_a_protocol_for_every_paper() -> None:
    assert [path.stem for path in PAPERS] == ["cupl", "fudd", "glov", "hill_climbing", "ipo", "proapo"]


@pytest.mark.parametrize("name", ["photos", "emoji", "cifar10"])
def test_our_own_benches_can_be_planned(name: str, tmp_path: Path) -> None:
    plan = plan_bench(read_bench(PAPERS[0].parents[1] / f"{name}.toml"), tmp_path)
    assert plan.calls


def test_the_file_of_the_docs_is_one(written: Write, tmp_path: Path) -> None:
    page = (PAPERS[0].parents[2] / "docs/bench.md").read_text(encoding="utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    file = read_bench(written(text))
    assert len(plan_bench(file, tmp_path).rows) == 2 * 2 * 3
