"""CuPL's questions about a class (Pratt et al. 2023)."""

from collections.abc import Sequence

from optimizers.language_model import Message
from optimizers.meta_prompts.article import article
from optimizers.meta_prompts.as_data import about_images, quoted

__all__ = ["class_questions"]


def class_questions(name: str, description: str, extra: Sequence[str] = ()) -> list[tuple[Message, ...]]:
    """CuPL's three general questions about a class, and the user's own (with `{}` for the name).

    The article follows from the name: a cat, an owl.
    """
    thing = f"{article(name)} {quoted(name)}"
    questions = [
        f"Describe what {thing} looks like.",
        f"How can you identify {thing}?",
        f"Describe an image of {thing}.",
        *(question.replace("{}", quoted(name)) for question in extra),
    ]
    asked = "Answer with one sentence about what can be seen, without a list."
    return [(Message("user", f"{about_images(description)} {question} {asked}".strip()),) for question in questions]
