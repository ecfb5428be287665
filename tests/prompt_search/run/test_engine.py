"""Whole runs: what they leave behind, how they stop, continue, and repeat themselves."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import prompt_search
from optimizers import Cupl, HillClimbing, Optimizer, ProApo, Sample, Search
from prompt_search import Resources, RunConfig
from prompt_search.errors import (
    DataError,
    LanguageModelUnavailable,
    PromptError,
    RunLocked,
    RunMismatch,
    SettingsError,
)
from prompt_search.prompt_files.prompts_json import read_prompts_json
from prompt_search.report.result import Result
from prompt_search.run.journal.differences import compare_runs
from prompt_search.run.journal.events import ScoredOnSelect
from prompt_search.run.journal.journal import Journal, read_records
from prompt_search.run.money.budget import Budget
from prompt_search.run.run import Run
from tests.fakes.openai_server import OpenAIServer, reply
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import World, paint, plausible


def events(result: Result) -> list[str]:
    return [record.event.kind for record in read_records(result.folder / "journal.jsonl")]


def outputs(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("prompts.json", "classifier.safetensors")}


def test_a_run_leaves_prompts_classifier_report_and_readme(world: World) -> None:
    result = world.run()
    names = {path.name for path in result.folder.iterdir()}
    assert {"prompts.json", "classifier.safetensors", "report.html", "README.md", "journal.jsonl", "run.json"} <= names
    assert read_prompts_json(result.prompts_file).prompts == result.prompts


def test_the_table_has_the_winner_the_baselines_and_a_placebo_on_all_splits(world: World) -> None:
    result = world.run()
    roles = [row.role for row in result.rows]
    assert roles[0] == "winner"
    assert roles.count("baseline") >= 2
    assert "placebo" in roles
    prompts = [row for row in result.rows if row.role != "adapter"]
    assert all(row.search and row.select for row in prompts)
    assert {score.n for row in prompts for score in (row.search, row.select, row.test) if score} == {9}


def test_the_test_split_is_read_once_and_after_the_winner_is_fixed(world: World) -> None:
    order = events(world.run())
    assert order.count("test") == 1
    assert order.index("winner") < order.index("test")
    assert not {"ask", "score", "select"} & set(order[order.index("test") :])


def test_a_strategy_can_not_reach_select_or_test_images(world: World) -> None:
    class Curious:
        def plan(self, task: object) -> None: ...

        def run(self, search: Search) -> list[object]:
            self.sees = {name for name in dir(search.task) if not name.startswith("_")}
            self.n = search.task.n_search
            return []

    curious = Curious()
    world.run(strategy=curious)  # type: ignore[arg-type]  # the least a strategy can be
    assert curious.sees == {
        "classes",
        "n_search",
        "fits",
        "description",
        "start",
        "labels",
        "domain",
        "feedback",
        "template_fits",
    }
    assert curious.n == 9


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_journal(world: World) -> None:
    one, two, three = world.run("one"), world.run("two"), world.run("three", seed=1)
    assert outputs(one.folder) == outputs(two.folder)
    assert compare_runs(one.folder, two.folder) == []
    assert compare_runs(one.folder, three.folder) != []


def test_a_warm_cache_changes_nothing_in_the_record(world: World) -> None:
    cold = world.run("cold", cache_dir=world.folder / "cache")
    warm = world.run("warm", cache_dir=world.folder / "cache")
    assert compare_runs(cold.folder, warm.folder) == []


def test_a_finished_run_given_again_asks_and_scores_nothing(world: World) -> None:
    first = world.run()
    silent = ScriptedModel(lambda _: pytest.fail("asked again"))
    before = (first.folder / "journal.jsonl").read_bytes()
    again = world.run(answer=silent)
    assert again.to_json() == first.to_json()
    assert (first.folder / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("survives", [0.2, 0.5, 0.8, 0.97])
def test_a_run_killed_anywhere_continues_to_the_same_result(world: World, survives: float) -> None:
    whole = world.run("whole")
    journal = (whole.folder / "journal.jsonl").read_bytes()
    killed = world.folder / "killed"
    killed.mkdir()
    (killed / "journal.jsonl").write_bytes(journal[: int(len(journal) * survives)])
    continued = world.run("killed")
    assert outputs(continued.folder) == outputs(whole.folder)
    assert compare_runs(continued.folder, whole.folder) == []


def test_no_recorded_reply_is_asked_for_again(world: World) -> None:
    class Dying:
        def __init__(self) -> None:
            self.left = 19

        def __call__(self, sample: Sample) -> str:
            self.left -= 1
            if self.left < 0:
                raise LanguageModelUnavailable("the server is gone; run the same command again")
            return plausible(sample)

    first = ScriptedModel(Dying())
    with pytest.raises(LanguageModelUnavailable):
        world.run(answer=first)
    second = ScriptedModel(plausible)
    result = world.run(answer=second)
    assert set(first.asked[:19]).isdisjoint(second.asked)
    assert result.cost.llm_calls == 3 * 3 * 2 + 3


def test_the_best_so_far_is_on_disk_when_the_language_model_dies(world: World) -> None:
    def dead(_: Sample) -> str:
        raise LanguageModelUnavailable("gone")

    with pytest.raises(LanguageModelUnavailable):
        world.run(answer=dead)
    best = json.loads((world.folder / "run" / "best_so_far.json").read_text())
    assert best["templates"]
    assert [c["id"] for c in best["classes"]] == ["blue_sky", "green_leaf", "red_ball"]


def test_a_budget_ends_the_run_properly(world: World) -> None:
    result = world.run(budget=Budget(max_calls=19))
    assert result.stopped_by is not None
    assert "19 language model calls" in result.stopped_by
    assert result.cost.llm_calls == 19
    assert result.prompts_file.exists()


def test_a_budget_within_one_question_keeps_the_replies_it_covers(world: World) -> None:
    result = world.run(strategy=Cupl(samples=2), budget=Budget(max_calls=5))
    assert result.cost.llm_calls == 5
    assert any("different usable descriptions from 5 replies" in note for note in result.notes)
    assert result.stopped_by is not None


def test_a_budget_of_nothing_still_compares_the_baselines(world: World) -> None:
    result = world.run(budget=Budget(max_calls=0))
    assert result.found_by == "baseline" or result.found_by == "hill-climb"
    assert result.cost.llm_calls == 0


@pytest.mark.parametrize("first_limit", [0, 5, 18, 19])
def test_a_larger_budget_reopens_the_run_and_comes_to_what_it_would_have(world: World, first_limit: int) -> None:
    unlimited = world.run("unlimited")
    first = ScriptedModel(plausible)
    world.run("limited", answer=first, budget=Budget(max_calls=first_limit))
    second = ScriptedModel(plausible)
    reopened = world.run("limited", answer=second)
    assert reopened.prompts == unlimited.prompts
    assert reopened.test_reads == 2
    assert set(first.asked).isdisjoint(second.asked)
    assert len(first.asked) + len(second.asked) == unlimited.cost.llm_calls


@pytest.mark.parametrize("first_limit", [3, 9])
def test_a_search_that_went_on_without_calls_is_reopened_from_where_they_ended(world: World, first_limit: int) -> None:
    frugal = ProApo(generations=1, keep=6, edits=1, samples=1, groups=1, group_generations=1, domain_words=0)
    both: list[Optimizer] = [Cupl(samples=1), frugal]
    limited = world.run("limited", strategy=both, budget=Budget(max_calls=first_limit))
    assert limited.cost.llm_calls == first_limit
    assert limited.stopped_by is not None
    assert any("proapo: stage 2 ends" in note for note in limited.notes)
    unlimited, reopened = world.run("unlimited", strategy=both), world.run("limited", strategy=both)
    assert reopened.prompts == unlimited.prompts
    assert reopened.notes == unlimited.notes
    assert reopened.cost.llm_calls == unlimited.cost.llm_calls


def test_the_same_budget_again_does_not_reopen(world: World) -> None:
    world.run(budget=Budget(max_calls=5))
    assert world.run(budget=Budget(max_calls=5)).test_reads == 1


def test_a_setting_that_differs_far_behind_is_shown_with_what_is_around_it(world: World) -> None:
    cupl = Cupl(samples=2)
    world.run(strategy=[cupl, HillClimbing(iterations=2, pool=6)])
    with pytest.raises(RunMismatch) as refused:
        world.run(strategy=[cupl, HillClimbing(iterations=3, pool=6)])
    assert "'iterations': 2" in str(refused.value)
    assert "'iterations': 3" in str(refused.value)


def test_other_arguments_in_the_same_folder_are_refused_and_named(world: World) -> None:
    first = world.run()
    before = outputs(first.folder)
    with pytest.raises(RunMismatch, match=r"seed: '0' recorded, '7' now"):
        world.run(seed=7)
    assert outputs(first.folder) == before


def test_changed_images_are_refused_when_a_run_is_continued(world: World) -> None:
    world.run()
    paint(world.images, per_class=10)
    with pytest.raises(RunMismatch, match="data"):
        world.run()


def test_two_processes_can_not_run_in_one_folder(world: World) -> None:
    with Journal(world.folder / "run"), pytest.raises(RunLocked, match="another process"):
        world.run()


def test_a_damaged_journal_is_named_with_its_line(world: World) -> None:
    result = world.run()
    path = result.folder / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"not json\n" + b"".join(lines[2:]))
    with pytest.raises(Exception, match="line 2 is damaged"):
        world.run()


def test_the_users_own_prompts_are_a_baseline_and_a_start(world: World) -> None:
    mine = world.folder / "mine.txt"
    mine.write_text("a blurry snapshot of my {}\n")
    result = world.run(strategy=HillClimbing(iterations=1, pool=2), baseline=[mine], start=[mine])
    names = [row.name for row in result.rows]
    assert "yours: mine.txt" in names or result.winner.name == "yours: mine.txt"


def test_the_description_reaches_the_language_model(world: World) -> None:
    heard: list[str] = []

    def listen(sample: Sample) -> str:
        heard.append(sample.request.messages[-1].content)
        return plausible(sample)

    world.run(answer=listen, description="Coloured things on a table.")
    about_an_image = [text for text in heard if text.startswith("Describe an image of")]
    assert about_an_image
    assert all("Coloured things on a table." in text for text in about_an_image)


def test_an_own_strategy_needs_no_registration(world: World) -> None:
    class OneTemplate:
        called = "one-template"

        def plan(self, task: object) -> None: ...

        def run(self, search: Search) -> list[object]:
            from evaluators import PromptSet

            return [PromptSet.of(search.task.classes, ["an own {}"])]

    result = world.run(strategy=OneTemplate())  # type: ignore[arg-type]  # the least a strategy can be
    assert (
        json.loads((result.folder / "run.json").read_text())["arguments"]["search"]["strategies"][0]["name"]
        == "own:one-template"
    )
    journal = map(json.loads, (result.folder / "journal.jsonl").read_text().splitlines())
    assert next(event["name"] for event in journal if event["event"] == "phase") == "one-template"
    assert "one-template" in (result.folder / "report.html").read_text()
    assert "own:" not in (result.folder / "report.html").read_text()
    with pytest.raises(SettingsError, match="a strategy of your own, one-template: run your script again"):
        Run.open(result.folder).resume()


def test_a_class_name_too_long_for_the_context_is_refused_with_the_way_out(world: World) -> None:
    (world.images / "classes.json").write_text(
        json.dumps({"red_ball": "very " * 100 + "red ball", "green_leaf": "leaf", "blue_sky": "sky"})
    )
    with pytest.raises(PromptError, match=r"red_ball.*classes\.json"):
        world.run()


def test_a_baseline_longer_than_the_context_is_refused(world: World) -> None:
    mine = world.folder / "mine.txt"
    mine.write_text("a very " + "very " * 90 + "nice {}\n")
    with pytest.raises(PromptError, match="longer than the model's context"):
        world.run(baseline=[mine])


def test_two_classes_with_one_name_run_through(world: World) -> None:
    (world.images / "classes.json").write_text(json.dumps({"red_ball": "toy", "green_leaf": "toy", "blue_sky": "sky"}))
    result = world.run()
    assert any("same name" in note for note in result.notes)
    assert len(result.prompts.classes) == 3


def test_hostile_class_names_run_through(world: World) -> None:
    names = {"red_ball": "{0} {} %s", "green_leaf": "../<b>x</b>", "blue_sky": "🐱 \u202e {name}"}
    (world.images / "classes.json").write_text(json.dumps(names))
    result = world.run()
    assert [label.name for label in result.prompts.classes] == [names[i] for i in sorted(names)]
    html = (result.folder / "report.html").read_text()
    assert "<b>x</b>" not in html


def test_a_hostile_reply_is_escaped_in_the_report(world: World) -> None:
    attack = "<script>alert(1)</script> a photo of a {} now"
    result = world.run(answer=lambda _: attack, strategy=HillClimbing(iterations=1, pool=1), max_useless=0)
    html = (result.folder / "report.html").read_text()
    assert "<script>alert" not in html
    assert html.count("<script") == 1  # our own


def test_replies_of_nothing_but_noise_break_nothing(world: World) -> None:
    noise = iter(
        ["", "{" * 500, "null", "\ud800", "[[[[", "```\n```", "\x00\x1b[31m", "{}", "I'm sorry, I can't."] * 40
    )
    result = world.run(answer=lambda _: next(noise), max_useless=0)
    assert result.prompts.n_texts > 0


def test_no_image_folder_is_a_data_error(world: World) -> None:
    shutil.rmtree(world.images)
    with pytest.raises(DataError, match="does not exist"):
        world.run()


@pytest.mark.parametrize("settings", [{"iterations": 0}, {"k": 0}, {"temperature": 3.0}, {"feedback": "loud"}])
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        HillClimbing(**settings)  # type: ignore[arg-type]


def test_strategies_share_one_archive(world: World) -> None:
    seen: list[int] = []

    class Counter:
        def plan(self, task: object) -> None: ...

        def run(self, search: Search) -> list[object]:
            seen.append(len(search.archive))
            return []

    chain: list[Optimizer] = [HillClimbing(iterations=1, pool=2), Counter()]  # type: ignore[list-item]
    world.run(strategy=chain)
    assert seen[0] >= 5


def test_resume_keeps_the_limit_unless_another_is_given(world: World, tiny_clip: str) -> None:
    with OpenAIServer([reply("a tidy {}")] * 40) as server:
        arguments: dict[str, Any] = {
            "model": tiny_clip,
            "llm": "m",
            "config": RunConfig.of(base_url=server.url),
            "resources": Resources(cache_dir=world.folder / "c"),
            "out": world.folder / "run",
        }
        strategy = HillClimbing(iterations=3, pool=2)
        prompt_search.optimize(world.images, strategy=strategy, budget=Budget(max_calls=1), **arguments)
        recorded = Run.open(world.folder / "run", resources=arguments["resources"])
        again = recorded.resume()
        assert (again.cost.llm_calls, again.test_reads) == (1, 1)
        more = recorded.resume(Budget(max_calls=9))
        assert (more.cost.llm_calls, more.test_reads) == (3, 2)


@pytest.mark.parametrize("url", ["http://me:secret@127.0.0.1:9/v1", "http://127.0.0.1:9/v1?token=secret"])
def test_a_base_url_with_a_secret_is_refused(world: World, url: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        RunConfig.of(str(world.images), llm="m", base_url=url)


def test_a_key_that_a_server_echoes_is_written_nowhere(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")
    with OpenAIServer([reply("a {} with sk-very-secret-key")] * 9) as server:
        prompt_search.optimize(
            world.images,
            model=world.model,
            llm="m",
            strategy=HillClimbing(iterations=2, pool=2),
            out=world.folder / "run",
            config=RunConfig.of(base_url=server.url, max_useless=0),
            resources=Resources(cache_dir=world.folder / "cache"),
        )
    written = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert b"[secret]" in written
    assert b"sk-very-secret-key" not in written


def test_a_folder_with_other_files_is_left_alone(world: World) -> None:
    (world.folder / "run").mkdir()
    (world.folder / "run" / "README.md").write_text("mine")
    with pytest.raises(RunMismatch, match=r"README\.md"):
        world.run()
    assert [path.name for path in (world.folder / "run").iterdir()] == ["README.md"]


@pytest.mark.parametrize("out", ["images", "images/red_ball/run"])
def test_a_run_folder_among_the_images_is_refused(world: World, out: str) -> None:
    with pytest.raises(RunMismatch, match="images"):
        world.run(out)


def test_a_function_s_replies_stay_with_its_run(world: World) -> None:
    def ask(messages: list[dict[str, str]]) -> str:
        return "a first {}"

    first = ask

    def ask(messages: list[dict[str, str]]) -> str:  # type: ignore[no-redef]
        return "a second {}"

    journals = []
    for out, function in (("one", first), ("two", ask)):
        result = prompt_search.optimize(
            world.images,
            model=world.model,
            llm=function,
            strategy=HillClimbing(iterations=1, pool=1),
            out=world.folder / out,
            resources=Resources(cache_dir=world.folder / "cache"),
        )
        journals.append((result.folder / "journal.jsonl").read_text())
    assert "a first {}" in journals[0]
    assert "a second {}" in journals[1]


def test_the_best_so_far_is_a_prompt_file(world: World) -> None:
    result = world.run()
    best = read_prompts_json(result.folder / "best_so_far.json")
    assert best.result["proven"] is False
    assert best.prompts.n_texts > 0


def test_a_baseline_like_a_plain_one_keeps_the_user_s_name(world: World) -> None:
    mine = world.folder / "mine.txt"
    mine.write_text("a photo of a {}.\n")
    names = [row.name for row in world.run(baseline=[mine]).rows]
    assert "yours: mine.txt" in names


def test_a_strategy_that_hands_over_too_many_is_cut_to_the_shortlist(world: World) -> None:
    class Everything:
        def plan(self, task: object) -> None: ...

        def run(self, search: Search) -> list[object]:
            from evaluators import PromptSet

            assert search.ask([]) == []
            sets = [PromptSet.of(search.task.classes, [f"number {i} of {{}}"]) for i in range(20)]
            return [entry.candidate for entry in search.score(sets)]

    result = world.run(strategy=Everything())  # type: ignore[arg-type]  # the least a strategy can be
    events = [record.event for record in read_records(result.folder / "journal.jsonl")]
    (select,) = [event for event in events if isinstance(event, ScoredOnSelect)]
    assert len(select.scores) == 3 + 8
