"""A template fits if it fits for every class."""

from dataclasses import replace

from evaluators import ClassLabel
from optimizers import Task


def test_a_template_must_fit_with_the_longest_name(task: Task) -> None:
    assert task.template_fits("word " * 18 + "{}")
    assert not task.template_fits("word " * 19 + "{}")
    shorter = replace(task, classes=(ClassLabel("n01", "cat"),))
    assert shorter.template_fits("word " * 19 + "{}")
