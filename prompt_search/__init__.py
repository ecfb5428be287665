"""Search for the words that make a CLIP-like model classify your images best, and prove that they do.

result = prompt_search.optimize("my_images", llm="openai/gpt-4o-mini")
print(result.winner.test.top1, result.prompts.templates)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluators import PromptSet
    from prompt_search import errors
    from prompt_search.api import optimize
    from prompt_search.bench.bench import Bench
    from prompt_search.compare_files import compare
    from prompt_search.data.sources.features import Features
    from prompt_search.exports.export import export
    from prompt_search.predict.classifier import PromptClassifier, load
    from prompt_search.prompt_files.prompts_json import read_prompts_json
    from prompt_search.report.result import Result
    from prompt_search.run.config import DataConfig, LlmConfig, RunConfig, SearchConfig, StrategyChoice
    from prompt_search.run.money.budget import Budget
    from prompt_search.run.progress import Silent
    from prompt_search.run.resources import Resources
    from prompt_search.run.run import Run
    from prompt_search.score_file import score
    from prompt_search.transfer_models import transfer

__all__ = [
    "Bench",
    "Budget",
    "DataConfig",
    "Features",
    "LlmConfig",
    "PromptClassifier",
    "PromptSet",
    "Resources",
    "Result",
    "Run",
    "RunConfig",
    "SearchConfig",
    "Silent",
    "StrategyChoice",
    "compare",
    "errors",
    "export",
    "load",
    "optimize",
    "read_prompts_json",
    "score",
    "transfer",
]
__version__ = "0.2.0"

_HOME = {
    "Bench": "prompt_search.bench.bench",
    "Budget": "prompt_search.run.money.budget",
    "DataConfig": "prompt_search.run.config",
    "Features": "prompt_search.data.sources.features",
    "LlmConfig": "prompt_search.run.config",
    "PromptClassifier": "prompt_search.predict.classifier",
    "PromptSet": "evaluators",
    "Resources": "prompt_search.run.resources",
    "Result": "prompt_search.report.result",
    "Run": "prompt_search.run.run",
    "RunConfig": "prompt_search.run.config",
    "SearchConfig": "prompt_search.run.config",
    "Silent": "prompt_search.run.progress",
    "StrategyChoice": "prompt_search.run.config",
    "compare": "prompt_search.compare_files",
    "errors": "prompt_search",
    "export": "prompt_search.exports.export",
    "load": "prompt_search.predict.classifier",
    "optimize": "prompt_search.api",
    "read_prompts_json": "prompt_search.prompt_files.prompts_json",
    "score": "prompt_search.score_file",
    "transfer": "prompt_search.transfer_models",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Public names are imported when first used: torch alone takes seconds."""
    import importlib

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{_HOME[name]}.{name}" if name == "errors" else _HOME[name])
    return home if name == "errors" else getattr(home, name)
