"""Models and images the evaluator tests share."""

import pytest

from evaluators import OpenClipModel
from tests.fakes.tiny_clip import save_tiny_clip


@pytest.fixture(scope="session")
def tiny_name(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real open_clip model on disk."""
    return save_tiny_clip(tmp_path_factory.mktemp("evaluators-tiny-clip") / "model")


@pytest.fixture(scope="session")
def tiny(tiny_name: str) -> OpenClipModel:
    """The same, loaded."""
    return OpenClipModel(tiny_name, device="cpu")
