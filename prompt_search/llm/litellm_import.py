"""litellm, imported when it is needed, silent, and without a word to the network."""

import logging
import os
import warnings
from functools import cache
from types import ModuleType

from optimizers.errors import SettingsError
from prompt_search.installation import install_command

__all__ = ["import_litellm"]

OFFLINE = ("LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS", "LITELLM_LOCAL_BLOG_POSTS")
"""litellm fetches these tables at import unless told to take the ones it carries."""


@cache
def import_litellm() -> ModuleType:
    """The module `litellm`; the first time takes seconds.

    Raises:
        SettingsError: if it can't be imported, though it is installed with this project.
    """
    for variable in OFFLINE:
        os.environ.setdefault(variable, "True")
    # Otherwise it puts what a file .env in the working directory says into the environment.
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import litellm
    except ImportError as error:
        raise SettingsError(
            f"this language model goes through litellm, which can't be imported ({error}): {install_command()}"
        ) from error
    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).disabled = True
    # httpx logs addresses, and some providers take the key as a part of theirs.
    for name in ("litellm", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return litellm
