"""What ensemble selection asks for: kinds of a class, sentences about photos, and texts that tell two classes apart."""

from collections.abc import Sequence

from optimizers.language_model import Message
from optimizers.meta_prompts.as_data import about_images, quoted

__all__ = ["apart_question", "everyday_question", "kinds_question", "photo_question"]

LONGEST_SHOWN = 120
"""Characters of a text that is shown."""


def kinds_question(name: str, description: str, count: int) -> tuple[Message, ...]:
    """Asks for kinds of a class (CHiLS, Novack et al. 2023, arXiv:2302.02551), by what they are.

    Small models copy what surrounds a question, so the user's description comes last, and the other two questions go
    without it.
    """
    seen = f" Only such as can be seen in these images. {about_images(description)}" if description.strip() else ""
    return (
        Message(
            "user",
            f"List {count} types of {quoted(name)}, such as breeds, models or species, by the short names that most "
            f"people know. One per line, nothing else.{seen}",
        ),
    )


def everyday_question(name: str, count: int) -> tuple[Message, ...]:
    """Asks for kinds of a class by the words of everyday life: where the first question brings brands and Latin."""
    return (
        Message(
            "user",
            f"What are common kinds of {quoted(name)}? List {count} in everyday English, such as a child would know, "
            "no brands and no Latin. One per line, nothing else.",
        ),
    )


def photo_question(name: str, count: int) -> tuple[Message, ...]:
    """Asks for sentences about photos that differ as much as they can."""
    return (
        Message(
            "user",
            f"Write {count} short captions for very different photos of {quoted(name)}: other kinds, colours, places, "
            f"views and things it does. Each has 4 to 8 words and names {quoted(name)}. One per line, nothing else.",
        ),
    )


def apart_question(
    name: str, other: str, texts: Sequence[str], others: Sequence[str], description: str, count: int
) -> tuple[Message, ...]:
    """Asks for texts that fit a class and not the one it is taken for; `texts` and `others` are those chosen so far."""
    own, rival = quoted(name), quoted(other)
    parts = [
        about_images(description),
        f"A model compares images with texts. It often takes images of {own} for {rival}.",
        f"Texts for {own} so far: {_shown(texts)}",
        f"Texts for {rival} so far: {_shown(others)}",
        f"Write {count} new short sentences about what can be seen in an image of {own} but not in one of {rival}. "
        f"Each names {own}. One per line, nothing else.",
    ]
    return (Message("user", "\n".join(part for part in parts if part)),)


def _shown(texts: Sequence[str]) -> str:
    return ", ".join(quoted(text, LONGEST_SHOWN) for text in texts)
