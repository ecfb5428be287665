"""Weights & Biases; `WANDB_MODE=offline` keeps everything here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prompt_search.tracking.tracker import PROJECT, Figures

__all__ = ["WandbTracker"]

NUMBERS_ONLY = {
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "disable_job_creation": True,
    "save_code": False,
    "silent": True,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}
"""Left to itself wandb sends what a program prints, its path and arguments, git state, packages and hardware."""


class WandbTracker:
    """One Weights & Biases run."""

    def __init__(self) -> None:
        import wandb

        self._wandb: Any = wandb
        self._run: Any = None
        self._name = ""

    def start(self, run: str, settings: Figures) -> None:
        """See `Tracker.start`."""
        self._name = run
        quiet = self._wandb.Settings(**NUMBERS_ONLY)
        self._run = self._wandb.init(project=PROJECT, name=run, config=dict(settings), settings=quiet)

    def log(self, step: int, figures: Figures) -> None:
        """See `Tracker.log`."""
        self._run.log(dict(figures), step=step)

    def keep(self, files: Sequence[Path]) -> None:
        """See `Tracker.keep`."""
        kept = self._wandb.Artifact(f"run-{self._name}", type="prompts")
        for file in files:
            kept.add_file(str(file), name=file.name)
        self._run.log_artifact(kept)

    def finish(self, summary: Figures) -> None:
        """See `Tracker.finish`."""
        self._run.summary.update(dict(summary))
        self._run.finish()
