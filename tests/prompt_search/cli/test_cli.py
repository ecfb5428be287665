"""The command line as a person uses it: on a small model, against real parts. What needs a process has one."""

import itertools
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from evaluators.models.onednn import why_not
from tests.fakes.openai_server import Behaviour, OpenAIServer, Received, after, refuse, reply
from tests.prompt_search.cli.conftest import Run

PROGRAM = [sys.executable, "-m", "prompt_search.cli.main"]


def environment(place: Path, **more: str) -> dict[str, str]:
    return os.environ | {"PROMPT_SEARCH_CACHE": str(place / "cache"), "OMP_NUM_THREADS": "1"} | more


def arguments(server: OpenAIServer, tiny_clip: str, *more: str) -> list[str]:
    common = ["run", "images", "--model", tiny_clip, "--llm", "some-model", "--base-url", server.url, "--out", "out"]
    return [*common, "--strategy", "hill-climb", "--set", "pool=4", "--set", "iterations=2", *more]


GOOD = [reply('{"template": "a tidy photo of a {}."}')] * 40


def test_a_run_prints_a_table_the_prompts_and_the_files(program: Run, tiny_clip: str, place: Path) -> None:
    with OpenAIServer(GOOD) as server:
        done = program(*arguments(server, tiny_clip))
    for expected in ("names only", "general templates", "winner", "placebo", "Winning prompts", "prompt file", "out/"):
        assert expected in done.stdout
    assert (place / "out" / "prompts.json").exists()


def test_products_are_chosen_by_option_or_refused_in_a_sentence(program: Run, tiny_clip: str, place: Path) -> None:
    refused = why_not("cpu", "fp32")
    with OpenAIServer(GOOD) as server:
        more = ("--products", "onednn", "--device", "cpu")
        done = program(*arguments(server, tiny_clip, *more), check=2 if refused else 0)
    if refused:
        assert refused in " ".join(done.stderr.split())
        return
    assert json.loads((place / "out" / "prompts.json").read_text())["model"]["products"] == "onednn"


def test_a_terminal_shows_live_totals(program: Run, tiny_clip: str, place: Path) -> None:
    ours, theirs = pty.openpty()
    with OpenAIServer(GOOD) as server, os.fdopen(ours, "rb", buffering=0) as screen:
        command = [*PROGRAM, *arguments(server, tiny_clip)]
        env = environment(place, TERM="xterm", COLUMNS="100", LINES="40")
        process = subprocess.Popen(command, cwd=place, env=env, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while part := screen.read(65536):
                shown += part
        except OSError:  # how a terminal says that nobody is there any more
            pass
        assert process.wait(timeout=300) == 0
    for expected in (b"best fitness", b"candidates", b"LLM calls", b"from the cache", b"tokens", b"loading models"):
        assert expected in shown


def test_json_goes_to_standard_output_alone(program: Run, tiny_clip: str) -> None:
    with OpenAIServer(GOOD) as server:
        done = program(*arguments(server, tiny_clip, "--json"))
    value = json.loads(done.stdout)
    assert value["rows"][0]["role"] == "winner"
    assert value["prompts"]["classes"][0]["id"] == "blue_sky"


def test_quiet_prints_the_prompt_file_only(program: Run, tiny_clip: str) -> None:
    with OpenAIServer(GOOD) as server:
        done = program(*arguments(server, tiny_clip, "--quiet"))
    assert done.stdout.strip() == "out/prompts.json"


def test_the_library_comes_to_the_same_result(program: Run, tiny_clip: str, place: Path) -> None:
    import prompt_search
    from optimizers import HillClimbing

    with OpenAIServer(GOOD) as server:
        program(*arguments(server, tiny_clip))
        result = prompt_search.optimize(
            place / "images",
            model=tiny_clip,
            llm="some-model",
            config=prompt_search.RunConfig.of(base_url=server.url),
            strategy=HillClimbing(pool=4, iterations=2),
            out=place / "library",
            resources=prompt_search.Resources(cache_dir=place / "another-cache"),
        )
    assert result.prompts_file.read_bytes() == (place / "out" / "prompts.json").read_bytes()
    assert result.classifier_file.read_bytes() == (place / "out" / "classifier.safetensors").read_bytes()


def test_score_gives_the_figures_of_the_run(program: Run, tiny_clip: str) -> None:
    with OpenAIServer(GOOD) as server:
        ran = json.loads(program(*arguments(server, tiny_clip, "--json")).stdout)
    scored = json.loads(program("score", "out/prompts.json", "images", "--json").stdout)
    assert scored["same_data"] is True
    for split in ("search", "select", "test"):
        for figure in ("n", "top1", "cross_entropy", "top1_interval_95"):
            assert scored["splits"][split][figure] == ran["rows"][0][split][figure]


def test_score_takes_a_plain_list_of_templates(program: Run, tiny_clip: str, place: Path) -> None:
    (place / "mine.txt").write_text("a photo of a {}.\n")
    done = program("score", "mine.txt", "images", "--model", tiny_clip)
    assert done.stdout.count("top-1") == 3


def test_exports_are_written_and_named(program: Run, tiny_clip: str, place: Path) -> None:
    with OpenAIServer(GOOD) as server:
        program(*arguments(server, tiny_clip))
    done = program("export", "out", "--to", "open_clip,cupl,safetensors")
    paths = [place / line for line in done.stdout.split()]
    assert [path.name for path in paths] == ["open_clip.json", "cupl.json", "classifier.safetensors"]
    assert paths[2].read_bytes() == (place / "out" / "classifier.safetensors").read_bytes()


def test_replay_says_that_it_is_equal_and_fails_where_it_is_not(program: Run, tiny_clip: str, place: Path) -> None:
    with OpenAIServer(GOOD) as server:
        program(*arguments(server, tiny_clip))
    assert "the replay is equal" in program("replay", "out").stdout
    path = place / "out" / "prompts.json"
    path.write_text(path.read_text().replace("tidy", "untidy") + " ")
    done = program("replay", "out", "--out", "second", check=1)
    assert "prompts.json has other bytes" in done.stderr


def test_a_budget_exits_with_3_and_resume_goes_on(program: Run, tiny_clip: str) -> None:
    with OpenAIServer(GOOD) as server:
        done = program(*arguments(server, tiny_clip, "--max-calls", "1"), check=3)
        assert "stopped early" in done.stdout
        assert "mlflow or wandb" in program("resume", "out", "--track", "tensorboard", check=2).stderr
        resumed = program("resume", "out", "--max-calls", "5")
    assert "read the test split 2 times" in resumed.stdout


def test_a_run_that_its_budget_ended_is_replayed_and_compared_too(program: Run, tiny_clip: str, place: Path) -> None:
    with OpenAIServer(GOOD) as server:
        program(*arguments(server, tiny_clip, "--max-calls", "1"), check=3)
    assert "the replay is equal" in program("replay", "out").stdout
    assert json.loads(program("replay", "out", "--json").stdout)["equal"] is True
    (place / "out" / "prompts.json").unlink()
    assert "prompts.json is missing" in program("replay", "out", check=1).stderr


def test_a_narrow_terminal_keeps_the_names_of_the_rows(
    program: Run, tiny_clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    with OpenAIServer(GOOD) as server:
        printed = program(*arguments(server, tiny_clip)).stdout
    assert "names only" in printed
    assert "…" not in printed


def test_a_killed_run_continues_and_asks_nothing_twice(program: Run, tiny_clip: str, place: Path) -> None:
    with OpenAIServer([GOOD[0], after(120.0, GOOD[0]), *GOOD]) as server:
        command = [*PROGRAM, *arguments(server, tiny_clip)]
        process = subprocess.Popen(command, cwd=place, env=environment(place), stderr=subprocess.DEVNULL)
        waited = time.monotonic() + 120
        while len(server.requests) < 2 and time.monotonic() < waited:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=300)
        assert (place / "out" / "best_so_far.json").exists()
        program(*arguments(server, tiny_clip))
        seeds = [request.body["seed"] for request in server.requests]
    assert len(seeds) == 3
    assert seeds[1] == seeds[2] != seeds[0]


def test_ctrl_c_exits_with_4_and_says_how_to_continue(program: Run, tiny_clip: str, place: Path) -> None:
    with OpenAIServer([after(120.0, GOOD[0]), *GOOD]) as server:
        command = [*PROGRAM, *arguments(server, tiny_clip)]
        process = subprocess.Popen(command, cwd=place, env=environment(place), stderr=subprocess.PIPE, text=True)
        waited = time.monotonic() + 120
        while not server.requests and time.monotonic() < waited:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 4
        assert "same command again" in errors
        assert "Traceback" not in errors
        program(*arguments(server, tiny_clip))


def test_a_wrong_key_stops_at_once_and_is_not_shown(
    program: Run, tiny_clip: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with OpenAIServer([refuse(401, "Incorrect API key provided: sk-very-secret")] * 40) as server:
        done = program(*arguments(server, tiny_clip), check=1)
        assert len(server.requests) <= 32
    assert "key" in done.stderr
    assert "Traceback" not in done.stderr
    written = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert "sk-very-secret" not in done.stderr + done.stdout
    assert b"sk-very-secret" not in written


@pytest.mark.parametrize(
    ("arguments_", "complaint"),
    [
        (["run", "nowhere"], "does not exist"),
        (["run", "photo"], "did you mean 'photos'?"),
        (["run", "images", "--strategy", "hill-clim"], "did you mean 'hill-climb'"),
        (["run", "images", "--set", "sample=3"], "did you mean 'samples'"),
        (["run", "images", "--set", "samples=many"], "can't be 'many'; it must be a whole number"),
        (["run", "images", "--set", "iterations"], "NAME=VALUE"),
        (["run", "images", "--model", "ViT-B-33"], "did you mean"),
        (["run", "images", "--llm", "locl"], "Did you mean 'local'"),
        (["run", "images", "--fitness", "best"], "choose one of"),
        (["run", "images", "--shots", "0"], "'--shots'"),
        (["run", "images", "--max-calls", "-1"], "0 or more"),
        (["run", "images", "--baseline", "nowhere.txt"], "nowhere.txt"),
        (["run", "images", "--precision", "fp8"], "fp8"),
        (["run", "images", "--products", "mkl"], "mkl"),
        (["run", "images", "--products", "onednn", "--precision", "bf16"], "are for precision fp32, not bf16; choose"),
        (["runn", "images"], "No such command"),
        (["export", "images", "--to", "open_clip"], "prompts.json"),
        (["export", "images", "--to", ""], "name the forms"),
        (["resume", "images"], "holds no run"),
        (["replay", "nowhere"], "holds no run"),
        (["run", "images", "--out", "images"], "would count as images"),
        (["run", "images", "--strategy", ""], "needs a name"),
        (["export", "images", "--to", "openclip"], "did you mean 'open_clip'"),
        (["score", "nowhere.json", "images"], "nowhere.json"),
        (["demo", "--data", "nothing"], "'photos', 'emoji'"),
    ],
)
def test_bad_input_exits_with_2_and_a_sentence(
    program: Run, tiny_clip: str, arguments_: list[str], complaint: str
) -> None:
    if "--llm" not in arguments_ and arguments_[0] == "run":
        arguments_ = [*arguments_, "--llm", "m", "--base-url", "http://127.0.0.1:9/v1"]
    if "--model" not in arguments_ and arguments_[0] == "run":
        arguments_ = [*arguments_, "--model", tiny_clip]
    done = program(*arguments_, check=2)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cache_is_told_and_emptied_but_for_the_language_model(program: Run, tiny_clip: str, place: Path) -> None:
    with OpenAIServer(GOOD) as server:
        program(*arguments(server, tiny_clip))
    (place / "cache" / "llm").mkdir()
    (place / "cache" / "llm" / "model.gguf").write_bytes(b"x" * 10)
    (place / "cache" / "someone-elses.txt").write_text("keep")
    before = json.loads(program("cache", "info", "--json").stdout)["bytes"]
    assert before["embeddings"] > 0
    assert before["completions.sqlite"] > 0
    program("cache", "clear")
    left = json.loads(program("cache", "info", "--json").stdout)["bytes"]
    assert left == dict.fromkeys(before, 0) | {"llm": 10}
    assert (place / "cache" / "someone-elses.txt").exists()


def test_corrupt_images_are_named_and_the_others_used(program: Run, tiny_clip: str, place: Path) -> None:
    (place / "images" / "red_ball" / "broken.png").write_bytes(b"not a picture")
    with OpenAIServer(GOOD) as server:
        done = program(*arguments(server, tiny_clip))
    assert "red_ball/broken.png" in done.stderr


@pytest.mark.parametrize("content", ["one class", "an empty class"])
def test_data_that_can_not_be_used_names_the_class(program: Run, tiny_clip: str, place: Path, content: str) -> None:
    if content == "one class":
        place.joinpath("images", "red_ball").rename(place / "only")
        (place / "one").mkdir()
        (place / "only").rename(place / "one" / "only")
        folder, name = "one", "only"
    else:
        (place / "images" / "nobody").mkdir()
        folder, name = "images", "nobody"
    done = program("run", folder, "--model", tiny_clip, "--llm", "m", "--base-url", "http://127.0.0.1:9/v1", check=2)
    assert name in done.stderr


def test_a_wait_that_the_server_asks_for_is_shown_with_its_end_and_ended_by_max_time(
    program: Run, tiny_clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = itertools.count()
    with OpenAIServer(lambda _: refuse(429, "Please try again in 7m12s.", "rate_limit_exceeded")) as server:
        # From the first refusal on, each look at the clock of the run takes half a minute.
        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + 30 * (next(looks) if server.requests else 0))
        monkeypatch.setattr("prompt_search.run.money.metered.time", clock)
        done = program(*arguments(server, tiny_clip, "--max-time", "600"), check=3)
        seeds = [received.body["seed"] for received in server.requests]
    assert len(seeds) == len(set(seeds)), "it was waited for to the end"
    said = re.search(r"asks to be left alone for (\d) min (\d+) s, until \d\d:\d\d:\d\d", done.stderr)
    assert said is not None
    assert 300 < 60 * int(said[1]) + int(said[2]) <= 432  # it is told what is left, a moment after the refusal
    assert done.stderr.count("left alone") == 1
    assert "the limit of 600 s is reached" in done.stdout


def test_a_dry_run_tells_dollars_by_the_known_price_of_the_model(
    program: Run, tiny_clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-used")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    asked = ["run", "images", "--model", tiny_clip, "--llm", "openai/gpt-4o-mini", "--max-cost", "2", "--dry-run"]
    usd = json.loads(program(*asked, "--json").stdout)["usd"]
    assert 0 < usd < 2
    assert f"${usd:.2g}" in program(*asked).stdout


def test_what_a_server_does_not_take_is_said_once(program: Run, tiny_clip: str) -> None:
    def script(received: Received) -> Behaviour:
        refused = next((name for name in ("seed", "top_p", "response_format") if name in received.body), None)
        return refuse(400, f"Unknown parameter: '{refused}'", param=refused) if refused else GOOD[0]

    with OpenAIServer(script) as server:
        done = program(*arguments(server, tiny_clip)[:-6], "--strategy", "glov", "--set", "steps=2")
    for said in ("does not take seed", "does not take top_p", "response_format json_schema"):
        assert done.stderr.count(said) == 1


def test_a_model_that_answers_nothing_is_a_failure_with_its_cause(program: Run, tiny_clip: str) -> None:
    with OpenAIServer(lambda _: reply("")) as server:
        done = program(*arguments(server, tiny_clip), check=1)
    assert "error: not one of 4 replies of the language model was usable: 4 empty" in done.stderr
    assert done.stdout == ""
