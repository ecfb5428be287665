"""Search for the words that make a CLIP-like model classify your images best, and prove that they do.

result = prompt_search.optimize("my_images", llm="openai/gpt-4o-mini")
print(result.winner.test.top1, result.prompts.templates)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluators import PromptSet
    from prompt_search import errors
    from prompt_search.api import optimize
    from prompt_search.prompt_files.prompts_json import read_prompts_json
    from prompt_search.result import Result
    from prompt_search.run.budget import Budget

__all__ = ["Budget", "PromptSet", "Result", "errors", "optimize", "read_prompts_json"]
__version__ = "0.1.0"

_HOME = {
    "Budget": "prompt_search.run.budget",
    "PromptSet": "evaluators",
    "Result": "prompt_search.result",
    "errors": "prompt_search",
    "optimize": "prompt_search.api",
    "read_prompts_json": "prompt_search.prompt_files.prompts_json",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Public names are imported when first used: torch alone takes seconds."""
    import importlib

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{_HOME[name]}.{name}" if name == "errors" else _HOME[name])
    return home if name == "errors" else getattr(home, name)
