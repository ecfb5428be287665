"""The root of the error tree, and the errors of this package.

The whole tree, re-exported as `prompt_search.errors`::

    PromptSearchError
    ├── InputError                      what a person gave can't be used (exit code 2)
    │   ├── PromptError                 a template, text, class name or prompt file
    │   ├── DataError                   images, labels, splits
    │   ├── ModelError                  an image-text model
    │   ├── SettingsError               an option or a strategy's setting
    │   ├── RunMismatch                 the run folder belongs to other arguments
    │   └── RunMissing                  the folder holds no run, or not one to use for this
    ├── StoreError                      the cache on disk can't be read or written
    ├── LanguageModelError              the language model can't go on; the run can be resumed
    │   ├── LanguageModelRejected       it refused for good: key, model name, request
    │   ├── LanguageModelUnavailable    it kept failing until retries ended
    │   └── LanguageModelUseless        it answers, and nothing of it can be used
    ├── RunError                        the run folder can't be used
    │   └── RunLocked                   another process is running there
    ├── ClusterError                    the Ray cluster can't go on; the same command continues
    └── BudgetReached                   a limit was reached; the engine finishes with the best so far

Every message says what was wrong, where, and what to do. What can steer a terminal is written as an escape in it.
"""

from evaluators.printable import printable

__all__ = ["DataError", "InputError", "ModelError", "PromptError", "PromptSearchError", "StoreError"]


class PromptSearchError(Exception):
    r"""Root of every error this project raises on purpose.

    >>> print(DataError("no images in cats\x1b[2J"))
    no images in cats\x1b[2J
    """

    def __str__(self) -> str:
        """The message, fit for a terminal: names of files and words of servers may hold anything."""
        return "\n".join(map(printable, super().__str__().split("\n")))


class InputError(PromptSearchError):
    """What a person gave can't be used."""


class PromptError(InputError):
    """A template, text, class name or prompt file can't be used."""


class DataError(InputError):
    """Images, labels or splits can't be used."""


class ModelError(InputError):
    """An image-text model can't be loaded or used."""


class StoreError(PromptSearchError):
    """The cache on disk can't be read or written."""
