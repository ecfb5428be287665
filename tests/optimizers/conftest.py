"""The job the strategies are tested on."""

import pytest

from evaluators import ClassLabel
from optimizers import Task

CLASSES = (ClassLabel("n01", "cat"), ClassLabel("n02", "owl"), ClassLabel("n03", "red fox"))


@pytest.fixture
def task() -> Task:
    """Three animals; a text may have 20 words."""
    return Task(CLASSES, n_search=12, fits=lambda text: len(text.split()) <= 20)
