"""The real packages, writing to a folder: `pip install '.[mlflow,wandb]'`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

PROGRAM = """
import pathlib
from prompt_search.run.progress import Silent, Status
from prompt_search.tracking.observer import TrackingObserver
from prompt_search.tracking.tracker import tracker

print("a hushhush prompt")
shown = Silent()
observer = TrackingObserver(shown, {{"{name}": tracker("{name}")}})
observer.begin("3f2a", {{"seed": 7}})
for candidates in (1, 2):
    observer.update(Status(candidates=candidates, best_top1=0.25 * candidates))
open("prompts.json", "w").write("the prompts of old gardens")
observer.keep([pathlib.Path("prompts.json")])
observer.end({{"test_top1": 0.4321}})
assert shown.warnings == [], shown.warnings
"""


def tracked(name: str, folder: Path, **environment: str) -> bytes:
    """Everything a tracker leaves in the folder after a program of a telling name has run there."""
    (folder / "hushhush_program.py").write_text(PROGRAM.format(name=name))
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "SOME_API_KEY": "sk-hushhush"} | environment
    done = subprocess.run(
        [sys.executable, "hushhush_program.py", "--hushhush-argument"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (folder / "hushhush_program.py").unlink()
    (folder / "prompts.json").unlink()
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of SQLAlchemy, in MLflow's own migrations
def test_mlflow_stores_the_figures_and_no_more(tmp_path: Path) -> None:
    import mlflow

    place = f"sqlite:///{tmp_path / 'mlflow.sqlite'}"
    left = tracked("mlflow", tmp_path, MLFLOW_TRACKING_URI=place)
    client = mlflow.MlflowClient(place)
    (run,) = client.search_runs([client.get_experiment_by_name("prompt-search").experiment_id])
    assert run.info.run_name == "3f2a"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"seed": "7"}
    assert run.data.metrics["best_top1"] == 0.5
    assert run.data.metrics["test_top1"] == 0.4321
    assert [point.step for point in client.get_metric_history(run.info.run_id, "best_top1")] == [1, 2]
    assert b"hushhush" not in left
    assert [kept.path for kept in client.list_artifacts(run.info.run_id)] == ["prompts.json"]


def test_wandb_stores_the_figures_and_no_more(tmp_path: Path) -> None:
    left = tracked("wandb", tmp_path, WANDB_MODE="offline", WANDB_DIR=str(tmp_path))
    assert b"best_top1" in left
    assert b"test_top1" in left
    assert b"0.4321" in left
    assert b"run-3f2a" in left
    assert b"hushhush" not in left
