"""What a tracker does, and the trackers there are."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from prompt_search.errors import SettingsError
from prompt_search.installation import install_command

__all__ = ["PROJECT", "TRACKERS", "Figures", "Tracker", "tracker"]

Figures = Mapping[str, float]
"""Numbers by their names, which are ours."""

PROJECT = "prompt-search"
"""The experiment, or project, that runs are filed under."""

TRACKERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "mlflow": ("prompt_search.tracking.mlflow_tracker", "MlflowTracker"),
        "wandb": ("prompt_search.tracking.wandb_tracker", "WandbTracker"),
    }
)
"""The package of each tracker, with where its class is."""


class Tracker(Protocol):
    """Receives the figures of one run. What a method raises is the package's own error."""

    def start(self, run: str, settings: Figures) -> None:
        """The run of that short name begins, with these settings."""
        ...

    def log(self, step: int, figures: Figures) -> None:
        """The figures after `step` candidates; a step comes once, and they rise."""
        ...

    def keep(self, files: Sequence[Path]) -> None:
        """Keep these files with the run, under their names; asked for only if a person wants it."""
        ...

    def finish(self, summary: Figures) -> None:
        """The run has ended; what is known of its result."""
        ...


def tracker(name: str) -> Tracker:
    """The tracker of that name; its package is imported here.

    Raises:
        SettingsError: if there is no such tracker, or its package is missing.
    """
    if name not in TRACKERS:
        raise SettingsError(f"a tracker must be {' or '.join(TRACKERS)}, got {name!r}")
    if importlib.util.find_spec(name) is None:
        raise SettingsError(f"the tracker {name} needs the package {name}: {install_command(name)}")
    module, kind = TRACKERS[name]
    made: Tracker = getattr(importlib.import_module(module), kind)()
    return made
