"""A bench carried out: runs in folders, the same table again without a question, what fails and what was there."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from optimizers import Sample
from optimizers.errors import LanguageModelUnavailable
from prompt_search import Bench, Budget
from prompt_search.bench.bench import Progress
from prompt_search.errors import RunError, RunMismatch
from prompt_search.run.run import Run
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.bench.conftest import FILE, Open
from tests.prompt_search.conftest import plausible


def silent(sample: Sample) -> str:
    raise AssertionError("the language model is asked")


def failing_for_cupl(sample: Sample) -> str:
    if "template" not in sample.request.messages[-1].content:
        raise LanguageModelUnavailable("no answer from the server")
    return plausible(sample)


def test_the_same_bench_again_gives_the_same_table_and_asks_nothing(done: Bench, open_bench: Open) -> None:
    told: list[Progress] = []
    files = {name: (done.folder / name).read_bytes() for name in ("table.md", "table.csv", "picture.svg")}
    for name in files:
        (done.folder / name).unlink()
    again = open_bench(llm=ScriptedModel(silent)).execute(told.append)
    assert {name: (done.folder / name).read_bytes() for name in files} == files
    assert [progress.recorded for progress in told] == [True] * 4
    assert open_bench(llm=ScriptedModel(silent)).so_far() == again


def test_every_cell_is_a_run_in_its_own_folder_with_the_same_limits(done: Bench) -> None:
    table = done.so_far()
    for cell in done.file.cells():
        run = Run.open(done.folder / cell.folder)
        assert run.budget == Budget(max_calls=9)
        assert run.config.seed == cell.seed
        assert json.loads((done.folder / cell.folder / "prompts.json").read_text())["result"]["rows"]
    strategies = [row for row in table.rows if row.kind == "strategy"]
    assert [row.name for row in strategies] == ["hill-climb", "cupl + hill-climb"]
    assert all((row.calls or 0) <= 9 and (row.evaluations or 0) > 0 and (row.seconds or 0) > 0 for row in strategies)
    assert {row.kind for row in table.rows} >= {"strategy", "baseline", "placebo", "adapter"}


def test_an_interrupted_bench_goes_on_where_it_stopped(open_bench: Open) -> None:
    asked: list[Sample] = []

    def twice(sample: Sample) -> str:
        asked.append(sample)
        if len(asked) > 6:
            raise KeyboardInterrupt
        return plausible(sample)

    once = FILE.replace("seeds = 2", "seeds = 1")
    with pytest.raises(KeyboardInterrupt):
        open_bench(once, llm=ScriptedModel(twice)).execute()
    told: list[Progress] = []
    table = open_bench(once).execute(told.append)
    assert [progress.recorded for progress in told] == [True, False]
    assert table.missing == ()


def test_a_run_that_fails_is_named_and_the_others_go_on(open_bench: Open) -> None:
    once, told = FILE.replace("seeds = 2", "seeds = 1"), list[Progress]()
    table = open_bench(once, llm=ScriptedModel(failing_for_cupl)).execute(told.append)
    assert [row.name for row in table.rows if row.kind == "strategy"] == ["hill-climb"]
    assert [bool(progress.failure) for progress in told] == [False, True]
    assert all("no answer from the server" in each for each in table.missing)
    assert open_bench(once).execute().missing == ()  # tried once more


def test_a_changed_setting_is_another_run_and_is_refused_in_the_same_folder(done: Bench, open_bench: Open) -> None:
    with pytest.raises(RunMismatch, match="choose another folder"):
        open_bench(FILE.replace("iterations = 2", "iterations = 3")).execute()


def test_a_strategy_more_asks_only_for_its_own_runs(done: Bench, open_bench: Open) -> None:
    told: list[Progress] = []
    more = FILE + "\n[strategies.glov]\nset = { steps = 1, samples = 2 }\n"
    open_bench(more).execute(told.append)
    assert [progress.cell.strategy for progress in told if not progress.recorded] == ["glov", "glov"]


def test_so_far_is_the_table_of_what_is_finished(open_bench: Open, finished: Path) -> None:
    with pytest.raises(RunError, match="has no finished run"):
        open_bench().so_far()
    bench = open_bench()
    for cell in bench.file.cells()[:2]:
        shutil.copytree(finished / cell.folder, bench.folder / cell.folder)
    table = open_bench(llm=ScriptedModel(silent)).so_far()
    assert len(table.missing) == 2
    assert table.rows[0].seeds == 1


def test_a_damaged_run_is_named_with_the_way_out_and_the_others_are_told(done: Bench) -> None:
    result, journal = (done.folder / cell.folder for cell in done.file.cells()[:2])
    (result / "prompts.json").write_text('{"result": {"rows": [{}]}}')
    (journal / "journal.jsonl").write_text("{}\n")
    for table in (done.so_far(), done.execute()):
        assert len(table.missing) == 2
        assert re.search(r"prompts\.json is damaged: KeyError.*delete the folder to run it again", table.missing[0])
        assert "journal.jsonl, line 1 is damaged" in table.missing[1]


def test_seconds_of_all_starts_count_and_damaged_lines_do_not(done: Bench) -> None:
    done.file = replace(done.file, seeds=(0,))
    path = done.folder / "seconds.jsonl"
    first = done.file.cells()[0]
    starts = [json.dumps({"cell": first.folder.as_posix(), "seconds": seconds}) for seconds in (2, 3)]
    path.write_text("\n".join([*starts, "[]", "{"]))
    assert done.so_far().rows[0].seconds == 5.0


def test_the_library_reads_a_bench_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[data.photos]\n[strategies.cupl]\n")
    bench = Bench.read(tmp_path / "mine.toml", seeds=[4])
    assert bench.folder == Path("runs/bench-mine")
    assert [cell.seed for cell in bench.file.cells()] == [4]
