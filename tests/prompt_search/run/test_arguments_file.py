"""What a start does to its folder before anything else: what a kill left goes, and what is private is made so."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evaluators import ImageTextModel
from prompt_search.errors import RunError
from prompt_search.run.config import RunConfig
from prompt_search.run.folder import read_arguments, write_arguments
from prompt_search.run.job import Job
from prompt_search.run.journal.events import Ended
from prompt_search.run.journal.journal import Journal
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import LEDGER, Ledger
from prompt_search.run.resources import Resources
from tests.prompt_search.llm.samples import sample

KILLED = """
import os, signal, sys
from pathlib import Path
from prompt_search.prompt_files.atomic import write_atomically
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(Path(sys.argv[1]), b"half a file")
"""
CONFIG = RunConfig.of("photos")


def write(folder: Path, model: ImageTextModel) -> None:
    """What a start of a run writes."""
    write_arguments(folder, Job(CONFIG, [], model, None, Resources()))


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("name", ["prompts.json", "run.json", "report.html"])
def test_what_a_kill_left_is_removed_at_the_next_start_and_nothing_else(
    name: str, tmp_path: Path, tiny_model: ImageTextModel
) -> None:
    (tmp_path / ".backup.20261126").write_text("of a person")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / name)])
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.glob(f".{name}.*")
    write(tmp_path, tiny_model)
    assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".backup.20261126", "journal.jsonl", "run.json"]
    assert read_arguments(tmp_path)[0].having({"price": None}) == CONFIG


def test_what_can_not_be_removed_is_named(tmp_path: Path, tiny_model: ImageTextModel) -> None:
    (tmp_path / ".prompts.json.abc.writing").mkdir()
    with pytest.raises(RunError, match=r"\.prompts\.json\.abc\.writing was left by a run that was killed"):
        write(tmp_path, tiny_model)


@pytest.mark.skipif(os.name == "nt", reason="rights are not in the mode there")
def test_journal_and_ledger_are_readable_by_their_owner_only(tmp_path: Path, tiny_model: ImageTextModel) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "journal.jsonl").touch(0o644)
    for folder in (tmp_path / "old", tmp_path / "new"):
        with Journal(folder) as journal:
            write(folder, tiny_model)
            journal.event(Ended, "key", lambda: Ended(winner="photo"))
            Ledger(folder / LEDGER, None).admit([sample()], Budget())
        assert {(folder / name).stat().st_mode & 0o777 for name in ("journal.jsonl", LEDGER)} == {0o600}
