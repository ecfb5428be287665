"""SmolLM2-135M-Instruct, the real one."""

from pathlib import Path

from prompt_search.llm.local.install import find_local_model

__all__ = ["smollm2"]


def smollm2() -> Path:
    """The installed GGUF file."""
    found = find_local_model(Path(__file__).parents[3] / "cache")
    assert found is not None, "run `prompt-search llm install` first"
    return found
