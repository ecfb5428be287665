"""An observer that passes a run's figures on to trackers."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from prompt_search.errors import SettingsError
from prompt_search.run.progress import Observer, Status
from prompt_search.tracking.tracker import Figures, Tracker

__all__ = ["TrackingObserver"]

FIGURES = (
    "best_fitness",
    "best_top1",
    "candidates",
    "llm_calls",
    "prompt_tokens",
    "completion_tokens",
    "cache_hits",
    "paid",
)
"""What trackers are told of a status."""


class TrackingObserver:
    """Shows a run to another observer, and its figures to trackers whenever candidates were scored.

    A tracker that fails while the run goes on is left out from then on, with one warning; the run goes on.

    Args:
        inner: the observer that shows the run to a person.
        trackers: by the name a person knows them by.

    >>> from prompt_search.run.progress import Silent
    >>> class Printing:
    ...     def start(self, run, settings): print("start", run, settings)
    ...     def log(self, step, figures): print("log", step, figures)
    ...     def finish(self, summary): print("finish", summary)
    >>> observer = TrackingObserver(Silent(), {"printing": Printing()})
    >>> observer.begin("3f2a", {"seed": 0, "shots": None})
    start 3f2a {'seed': 0}
    >>> observer.update(Status(candidates=2, best_top1=0.5))  # doctest: +ELLIPSIS
    log 2 {'best_top1': 0.5, 'candidates': 2, ...}
    >>> observer.end({"test_top1": 0.4})
    finish {'test_top1': 0.4}
    """

    def __init__(self, inner: Observer, trackers: Mapping[str, Tracker]) -> None:
        self._inner = inner
        self._trackers = dict(trackers)
        self._step = 0

    def begin(self, run: str, settings: Mapping[str, float | None]) -> None:
        """Start the trackers.

        Args:
            run: a short name without meaning, such as a hash.
            settings: numbers; `None` is left out.

        Raises:
            SettingsError: if a tracker can't start, so that nothing is spent on a run that isn't tracked.
        """
        for name, tracker in self._trackers.items():
            try:
                tracker.start(run, _numbers(settings))
            except Exception as error:
                raise SettingsError(
                    f"the tracker {name} can't start: {_short(error)} Check its settings (for wandb: `wandb login`, or "
                    "WANDB_MODE=offline; for mlflow: MLFLOW_TRACKING_URI), or leave this tracker out."
                ) from error

    def update(self, status: Status) -> None:
        """See `Observer.update`."""
        self._inner.update(status)
        if status.candidates > self._step:
            step = self._step = status.candidates
            figures = _numbers({name: getattr(status, name) for name in FIGURES})
            self._tell(lambda tracker: tracker.log(step, figures))

    def warn(self, message: str) -> None:
        """See `Observer.warn`; trackers are not told, as messages quote names and texts."""
        self._inner.warn(message)

    @contextmanager
    def following(self, run: str, settings: Mapping[str, float | None]) -> Iterator[dict[str, float | None]]:
        """`begin` and `end` around a run, however it ends; what is put into the dictionary is the summary.

        Raises:
            SettingsError: as `begin`.
        """
        self.begin(run, settings)
        summary: dict[str, float | None] = {}
        try:
            yield summary
        finally:
            self.end(summary)

    def keep(self, files: Sequence[Path]) -> None:
        """Hand these files to the trackers: prompts and a report, which name classes and quote texts."""
        self._tell(lambda tracker: tracker.keep(files))

    def end(self, summary: Mapping[str, float | None]) -> None:
        """Close the trackers, with what is known of the result; nothing if the run was interrupted."""
        figures = _numbers(summary)
        self._tell(lambda tracker: tracker.finish(figures))
        self._trackers.clear()

    def _tell(self, say: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self._trackers.items()):
            try:
                say(tracker)
            except Exception as error:  # noqa: BLE001 - no defect of a tracker may end a run
                del self._trackers[name]
                self._inner.warn(f"warning: {name} failed and is told no more; the run goes on: {_short(error)}")


def _numbers(values: Mapping[str, float | None]) -> Figures:
    """Those that are finite numbers."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip()[:200]}"
