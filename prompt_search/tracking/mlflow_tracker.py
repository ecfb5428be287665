"""MLflow, at the address in `MLFLOW_TRACKING_URI`; without one, in a file here."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prompt_search.tracking.tracker import PROJECT, Figures

__all__ = ["MlflowTracker"]

PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""MLflow waits for a server that is gone for many minutes, unless told not to."""


class MlflowTracker:
    """One MLflow run, made through the client: the usual way in would send the user's name and the program's path."""

    def __init__(self) -> None:
        for variable, value in PATIENCE.items():
            os.environ.setdefault(variable, value)
        from mlflow import MlflowClient

        self._client: Any = MlflowClient()
        self._run = ""

    def start(self, run: str, settings: Figures) -> None:
        """See `Tracker.start`."""
        experiment = self._client.get_experiment_by_name(PROJECT)
        place = experiment.experiment_id if experiment else self._client.create_experiment(PROJECT)
        self._run = self._client.create_run(place, run_name=run).info.run_id
        for name, value in settings.items():
            self._client.log_param(self._run, name, value)

    def log(self, step: int, figures: Figures) -> None:
        """See `Tracker.log`."""
        for name, value in figures.items():
            self._client.log_metric(self._run, name, value, step=step)

    def keep(self, files: Sequence[Path]) -> None:
        """See `Tracker.keep`."""
        for file in files:
            self._client.log_artifact(self._run, str(file))

    def finish(self, summary: Figures) -> None:
        """See `Tracker.finish`."""
        for name, value in summary.items():
            self._client.log_metric(self._run, name, value)
        self._client.set_terminated(self._run)
