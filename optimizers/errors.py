"""Errors of this package; the whole tree is drawn in `evaluators.errors`."""

from evaluators.errors import InputError, PromptSearchError

__all__ = [
    "BudgetReached",
    "LanguageModelError",
    "LanguageModelRejected",
    "LanguageModelUnavailable",
    "LanguageModelUseless",
    "SettingsError",
]


class SettingsError(InputError):
    """An option or a strategy's setting is unknown or out of range."""


class LanguageModelError(PromptSearchError):
    """The language model can't go on. Finished replies are kept; the run can be resumed."""


class LanguageModelRejected(LanguageModelError):
    """The language model refused for good: a wrong key, an unknown model, a malformed request."""


class LanguageModelUnavailable(LanguageModelError):
    """The language model kept failing until the retries were used up."""


class LanguageModelUseless(LanguageModelError):
    """The language model answers, and nothing of it can be used."""


class BudgetReached(PromptSearchError):
    """A limit was reached. The engine catches this and finishes with the best so far."""
