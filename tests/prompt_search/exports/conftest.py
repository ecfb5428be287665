"""The tiny model, as what it is."""

import pytest

from evaluators import OpenClipModel


@pytest.fixture(scope="session")
def clip(tiny_clip: str) -> OpenClipModel:
    """With its image tower at hand."""
    return OpenClipModel(tiny_clip)
