"""How likely a language model finds a prompt: the questions, the replies, and the text that is put before them.

A prior over prompts must not know the images. So what stands before a text depends on the class's name alone.
"""

import json
import math

from evaluators import fill
from optimizers.language_model import Likelihood, Message, Request

__all__ = ["STAND_IN", "TokenLogProbability", "likelihood_request", "opening", "template_as_text", "tokens_in"]

TokenLogProbability = tuple[str, float]
"""A token as text, and its natural log-probability, at most 0."""

STAND_IN = "thing"
"""What a template is about while its likelihood is asked for."""


def opening(name: str) -> str:
    """What stands before a prompt for a class: a list that has its plainest description.

    >>> print(opening("cat"), end="")
    Descriptions of a picture of a cat, one on each line:
    a photo of a cat.
    """
    name = " ".join(name.split())
    return f"Descriptions of a picture of a {name}, one on each line:\na photo of a {name}.\n"


def template_as_text(template: str) -> str:
    """A template as a text about a thing; no two templates make the same text.

    >>> template_as_text("a sketch of a {}."), template_as_text("a thing like a {}.")
    ('a sketch of a thing.', 'a thing like a {}.')
    """
    return template if STAND_IN in template else fill(template, STAND_IN)


def likelihood_request(before: str, text: str = "", top: int = 1) -> Request:
    """Asks how likely each token of a text is after another, or which tokens are the likeliest to come.

    Args:
        before: what was read before; not empty.
        text: a text, or nothing to ask what may come next.
        top: how many tokens are wanted where nothing is given.
    """
    # A token has at least one byte: so many answer tokens it takes at most.
    longest = max(1, len(text.encode(errors="replace")))
    return Request(
        (Message("user", before),), temperature=0.0, max_tokens=longest, likelihood=Likelihood(text, 1 if text else top)
    )


def tokens_in(reply: str) -> list[TokenLogProbability]:
    """The tokens of a reply to `likelihood_request`; none if it is anything else.

    >>> tokens_in('[["a", -0.5], [" cat", -2]]'), tokens_in("a cat")
    ([('a', -0.5), (' cat', -2.0)], [])
    """
    try:
        pairs = json.loads(reply)
        found = [(str(token), float(value)) for token, value in pairs]
    except (ValueError, TypeError, OverflowError, RecursionError):
        return []
    # Rounding may make a certain token's logarithm a hair more than 0.
    sound = all(math.isfinite(value) and value < 1e-3 for _, value in found)
    return [(token, min(value, 0.0)) for token, value in found] if sound else []
