"""Every error of the project in one place; the tree is drawn in `evaluators.errors`."""

from evaluators.errors import DataError, InputError, ModelError, PromptError, PromptSearchError, StoreError
from optimizers.errors import (
    BudgetReached,
    LanguageModelError,
    LanguageModelRejected,
    LanguageModelUnavailable,
    LanguageModelUseless,
    SettingsError,
)

__all__ = [
    "BudgetReached",
    "ClusterError",
    "DataError",
    "InputError",
    "LanguageModelError",
    "LanguageModelRejected",
    "LanguageModelUnavailable",
    "LanguageModelUseless",
    "ModelError",
    "PromptError",
    "PromptSearchError",
    "RunError",
    "RunLocked",
    "RunMismatch",
    "RunMissing",
    "SettingsError",
    "StoreError",
]


class RunMismatch(InputError):
    """The run folder was recorded with other arguments than the ones given now."""


class RunMissing(InputError):
    """The folder holds no run, or not one that can be used for this."""


class RunError(PromptSearchError):
    """The run folder can't be read or written."""


class ClusterError(PromptSearchError):
    """The Ray cluster can't be reached, or can't go on; what was done is kept."""


class RunLocked(RunError):
    """Another process is running in this run folder."""
