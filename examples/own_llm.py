"""Any Python function from messages to text can be the language model.

    python examples/own_llm.py

The function here is no language model at all: it puts words together at random. Call your own model in its place, and
keep it as a yardstick: a language model that finds nothing better than random words is not worth its price.
"""

import random

import prompt_search
from optimizers import HillClimbing

KINDS = ("photo", "picture", "close-up", "snapshot", "drawing", "blurry photo")
LOOKS = ("small", "large", "single", "bright", "dark", "plain")
PLACES = ("", " outdoors", " seen from the side", " in the distance", " that fills the picture")


def random_words(messages: list[dict[str, str]]) -> str:
    """A template that depends on nothing but the text of the question, so that a run can be repeated.

    Messages come oldest first, each with the keys `role` and `content`. The reply is text; it is read leniently.
    """
    rng = random.Random(messages[-1]["content"])
    return f"a {rng.choice(KINDS)} of a {rng.choice(LOOKS)} {{}}{rng.choice(PLACES)}."


def main() -> None:
    """Search with the function, and print what came of it."""
    result = prompt_search.optimize(
        "photos",
        llm=random_words,
        strategy=HillClimbing(iterations=20, feedback="random"),  # other templates in each question, so other replies
        out="runs/own-llm",
    )
    print(f"{result.cost.llm_calls} replies")
    print(f"winner: {result.winner.name}, {100 * result.winner.test.top1:.1f} % top-1 on test")
    for template in result.prompts.templates:
        print(f"  {template}")
    print(result.verdict())


if __name__ == "__main__":
    main()
