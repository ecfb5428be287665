"""A reply that is twice as long takes twice the steps to read, whatever is in it: counted, not timed."""

import importlib
import pkgutil
import re
from itertools import product

import pytest

import optimizers.replies
from tests.fakes.counted_match import first_match, literals, steps

READERS = [f"optimizers.replies.{module.name}" for module in pkgutil.iter_modules(optimizers.replies.__path__)]
LENGTH = 60
MOST_PARTS = 9
TIMES = 2.6
"""Twice, and what is lost at the ends of short texts; a quadratic pattern takes nearly four times."""


def patterns(module: str) -> dict[str, re.Pattern[str]]:
    values = vars(importlib.import_module(module))
    return {f"{module}.{name}": value for name, value in values.items() if isinstance(value, re.Pattern)}


EVERY = {
    name: pattern
    for module in ("evaluators.prompts.prompt_set", *READERS)
    for name, pattern in patterns(module).items()
}


def hard_texts(pattern: re.Pattern[str], length: int) -> list[str]:
    """What a pattern looks for over and over, alone and in turn, with something else before it or behind it."""
    parts = sorted(literals(pattern) | {" ", "x"}, key=lambda part: (len(part), part))[:MOST_PARTS]
    pairs = [("", part) for part in parts] + list(product(parts, parts))
    texts = [(first + second) * length for first, second in pairs]
    return texts + [first + second * length for first, second in pairs]


def growth(pattern: re.Pattern[str]) -> tuple[float, str]:
    """How many times the steps a text of twice the length takes, at most, and which text."""
    doubled = zip(hard_texts(pattern, LENGTH), hard_texts(pattern, 2 * LENGTH), strict=True)
    return max((steps(pattern, long) / steps(pattern, short), short[:40]) for short, long in doubled)


@pytest.mark.parametrize("name", EVERY)
def test_a_pattern_takes_steps_in_proportion_to_the_text(name: str) -> None:
    times, text = growth(EVERY[name])
    assert times < TIMES, text


@pytest.mark.parametrize(
    "quadratic",
    [
        r"""["“]([^"“”]*\{[^"“”]*)["”]""",
        r"<\s*/?\s*ins\s*>",
        r"\s*\(\d+\)$",
        r"(?s)<\|channel\|>\s*final\b.*?<\|message\|>",
        r"(?:a+)+b",
    ],
)
def test_a_quadratic_pattern_is_found_out(quadratic: str) -> None:
    pattern = re.compile(quadratic)
    if quadratic == r"(?:a+)+b":
        assert steps(pattern, "a" * 12) > 100 * 12
    else:
        assert growth(pattern)[0] > TIMES


@pytest.mark.parametrize("name", EVERY)
def test_steps_are_those_of_the_matches_that_re_finds(name: str) -> None:
    """What is counted is the pattern itself: the counting matcher finds the same first match as `re`."""
    for text in hard_texts(EVERY[name], 6):
        found = EVERY[name].search(text)
        assert first_match(EVERY[name], text) == (found.span() if found else None), text
