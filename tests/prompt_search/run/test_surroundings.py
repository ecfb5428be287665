"""Where a run lives: beside others, on a full disk, under odd rights, clocks and hash seeds, and moved elsewhere."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompt_search.run.journal.differences import compare_runs
from prompt_search.run.journal.journal import read_records
from tests.fakes.killed_program import ASKED, Ended, Ending, Program, Surroundings, run_of
from tests.fakes.openai_server import Behaviour, Exchange, OpenAIServer, Received, completion
from tests.prompt_search.conftest import paint

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these are matters of POSIX")

MIDDLE = Ending(60)
"""Somewhere in the search."""
BAD_INPUT, FAILED = 2, 1
TEN_YEARS = 10 * 365 * 86_400.0


def in_folder(place: Path, *arguments: str) -> Program:
    place.mkdir(exist_ok=True)
    paint(place / "images", per_class=6)
    return Program(place, *(arguments or run_of("hill-climb")))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run that nothing happened to."""
    program = in_folder(tmp_path_factory.mktemp("whole"))
    assert finished(program.start())
    return program.place / "out"


def finished(ended: Ended) -> bool:
    assert ended.code == 0, ended.said
    return True


def told(ended: Ended, *said: str, code: int = FAILED) -> bool:
    """Whether the program ended with an error that a person can read."""
    assert ended.code == code, ended.said
    assert "Traceback" not in ended.said
    assert "defect" not in ended.said
    errors = [line for line in ended.said.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, ended.said
    return all(part in ended.said for part in said)


def test_a_second_process_in_the_same_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    seconds: list[Ended] = []
    first, second = (tmp_path / name for name in ("first", "second"))

    def choose(received: Received) -> Behaviour:
        def behave(exchange: Exchange) -> None:
            with starting:
                if not seconds:
                    seconds.append(Program(second, *arguments).start())
            exchange.send(200, completion("a plain and small picture of a {}."))

        return behave

    starting = threading.Lock()
    with OpenAIServer(choose) as server:
        out = str(tmp_path / "out")
        arguments = run_of("hill-climb", "--base-url", server.url, "--out", out, "--max-useless", "0")
        one = in_folder(first, *arguments)
        shutil.copytree(first, second)
        ended = one.start()
        alone = in_folder(tmp_path / "alone", *run_of("hill-climb", "--base-url", server.url, "--max-useless", "0"))
        assert finished(alone.start())
    assert told(seconds[0], "another process is running in", out)
    assert finished(ended)
    assert compare_runs(tmp_path / "out", alone.place / "out") == []


def test_two_processes_on_one_cache_do_not_disturb_each_other(tmp_path: Path, whole: Path) -> None:
    programs = [in_folder(tmp_path / name) for name in ("one", "two")]
    (tmp_path / "cache").mkdir()
    for program in programs:
        (program.place / "cache").symlink_to(tmp_path / "cache")
    ended: list[Ended] = []
    threads = [threading.Thread(target=lambda p=program: ended.append(p.start())) for program in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(map(finished, ended))
    assert len(ended) == 2
    assert [compare_runs(whole, program.place / "out") for program in programs] == [[], []]


@pytest.mark.parametrize("largest", [300, 9_000, 20_000])
def test_a_write_that_fails_is_told_and_with_room_the_run_goes_on(largest: int, tmp_path: Path, whole: Path) -> None:
    program = in_folder(tmp_path)
    assert told(program.start(surroundings=Surroundings(largest_file=largest)))
    assert finished(program.start())
    assert compare_runs(whole, tmp_path / "out") == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of memory, of 512 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("name", ["out", "cache"])
def test_a_full_disk_is_told_and_with_room_the_run_goes_on(
    name: str, small_disk: Path, tmp_path: Path, whole: Path
) -> None:
    program = in_folder(tmp_path)
    (tmp_path / name).symlink_to(small_disk)
    filler = small_disk / "run.json.mine"  # of a name that may be there before a run
    free, failed = 8, 0
    filler.write_bytes(b"x" * (512 - free) * 1024)
    while (ended := program.start()).code != 0:
        assert told(ended)
        free, failed = 2 * free, failed + 1
        os.truncate(filler, (512 - free) * 1024)
    assert compare_runs(whole, tmp_path / "out") == []
    assert failed > 1


@pytest.fixture
def protected() -> Iterator[list[Path]]:
    """Folders to be made writable again in the end."""
    folders: list[Path] = []
    yield folders
    for folder in folders:
        folder.chmod(0o755)


@pytest.mark.parametrize("name", ["out", "cache"])
@pytest.mark.parametrize("ending", [None, MIDDLE], ids=["from the start", "in the middle"])
def test_a_folder_that_became_read_only_is_named_and_no_reply_is_lost(
    name: str, ending: Ending | None, tmp_path: Path, whole: Path, protected: list[Path]
) -> None:
    program = in_folder(tmp_path)
    (tmp_path / name).mkdir()
    if ending is not None:
        assert program.start(ending).code == -signal.SIGKILL
    protected.append(tmp_path / name)
    (tmp_path / name).chmod(0o555)
    assert told(program.start(surroundings=Surroundings(ruled_by_rights=True)), name, code=BAD_INPUT)
    (tmp_path / name).chmod(0o755)
    assert finished(program.start())
    assert compare_runs(whole, tmp_path / "out") == []
    assert len({sample for what, sample in program.log() if what == ASKED}) >= len(program.log()) // 2 - 1


def test_images_in_a_read_only_folder_are_as_good(tmp_path: Path, whole: Path, protected: list[Path]) -> None:
    program = in_folder(tmp_path)
    for folder in (tmp_path / "images", *(tmp_path / "images").iterdir()):
        protected.append(folder)
        folder.chmod(0o555)
    assert finished(program.start(surroundings=Surroundings(ruled_by_rights=True)))
    assert compare_runs(whole, tmp_path / "out") == []


def test_a_clock_that_goes_back_changes_nothing(tmp_path: Path, whole: Path) -> None:
    program = in_folder(tmp_path)
    assert program.start(MIDDLE, Surroundings(clock=TEN_YEARS)).code == -signal.SIGKILL
    assert finished(program.start(surroundings=Surroundings(clock=-TEN_YEARS)))
    assert compare_runs(whole, tmp_path / "out") == []
    replied = [sample for what, sample in program.log() if what == ASKED]
    assert len(replied) - len(set(replied)) <= 1


def test_another_hash_seed_comes_to_the_same_bytes(tmp_path: Path, whole: Path) -> None:
    program = in_folder(tmp_path)
    assert program.start(MIDDLE).code == -signal.SIGKILL
    assert finished(program.start_cold(PYTHONHASHSEED="4242"))
    assert compare_runs(whole, tmp_path / "out") == []


@pytest.mark.heavy
def test_another_hash_seed_comes_to_the_same_bytes_with_all_strategies(tmp_path: Path) -> None:
    one, two = (in_folder(tmp_path / name, *run_of("auto")) for name in ("one", "two"))
    assert finished(one.start_cold(PYTHONHASHSEED="1"))
    assert finished(two.start_cold(PYTHONHASHSEED="2"))
    assert compare_runs(one.place / "out", two.place / "out") == []


def test_everything_moved_elsewhere_is_continued_by_the_same_command(tmp_path: Path, whole: Path) -> None:
    program = in_folder(tmp_path / "here")
    assert program.start(MIDDLE).code == -signal.SIGKILL
    asked = program.log()
    moved = program.place.rename(tmp_path / "there")
    assert finished(Program(moved, *program.arguments).start())
    assert compare_runs(whole, moved / "out") == []
    log = Program(moved).log()
    assert log[: len(asked)] == asked


def test_a_run_folder_moved_elsewhere_is_resumed(tmp_path: Path, whole: Path) -> None:
    program = in_folder(tmp_path)
    assert program.start(MIDDLE).code == -signal.SIGKILL
    recorded = len(read_records(tmp_path / "out" / "journal.jsonl"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").rename(tmp_path / "elsewhere" / "renamed")
    assert finished(Program(tmp_path, "resume", "elsewhere/renamed").start())
    assert compare_runs(whole, tmp_path / "elsewhere" / "renamed") == []
    assert recorded > 1
