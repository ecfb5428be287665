"""The benchmark of questions asks about every class and reads replies as the strategy does."""

import pytest

from benchmarks.questions import QUESTIONS, replies_to
from evaluators import ClassLabel, Saying
from optimizers import Sample
from tests.fakes.scripted_model import ScriptedModel

CLASSES = (ClassLabel("a", "cat"), ClassLabel("b", "dog"))


def answer(sample: Sample) -> str:
    named = "cat" if '"cat"' in sample.request.messages[-1].content else "dog"
    return f"A {named} on a red sofa."


@pytest.mark.parametrize(("name", "asked"), [("kinds", 2), ("everyday kinds", 2), ("captions", 2)])
def test_every_class_is_asked_about_and_gets_its_own_replies(name: str, asked: int) -> None:
    model = ScriptedModel(answer)
    said = replies_to(QUESTIONS[name], CLASSES, model, samples=1)
    assert len(model.asked) == asked
    if name == "captions":
        assert said == [[Saying("A cat on a red sofa.")], [Saying("A dog on a red sofa.")]]
    else:
        assert said == [[], []]  # a sentence is no kind
