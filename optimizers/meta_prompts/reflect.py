"""What reflection asks: what some mistakes have in common, then texts of a class that no longer make them."""

from collections.abc import Mapping, Sequence

from evaluators import ClassLabel
from optimizers.language_model import Message
from optimizers.meta_prompts.as_data import about_images, quoted

__all__ = ["Mistake", "diagnosis_turn", "rewriting_turns"]

Mistake = tuple[int, int, int]
"""The class of some images, the class they were taken for (both by index), and how many images."""

LONGEST_SHOWN = 120
"""Characters of a text that is shown."""

MOST_SHOWN = 4
"""Texts of a class that are shown."""

LONGEST_DIAGNOSIS = 800


def diagnosis_turn(
    mistakes: Sequence[Mistake], classes: Sequence[ClassLabel], texts: Mapping[int, Sequence[str]], description: str
) -> Message:
    """Asks what mistakes have in common.

    Args:
        mistakes: at least one.
        classes: all classes.
        texts: those of every class in a mistake, by its index.
        description: the user's words about the images, or empty.
    """
    made = "\n".join(
        f"- {images} image{'s' if images != 1 else ''} of {quoted(classes[label].name)} taken for "
        f"{quoted(classes[prediction].name)}"
        for label, prediction, images in mistakes
    )
    shown = "\n".join(f"- {quoted(classes[index].name)}: {_shown(own)}" for index, own in texts.items())
    parts = [
        "A vision-language model compares each image with texts about every class and answers with the class whose "
        f"texts fit best. {about_images(description)}",
        f"It makes these mistakes:\n{made}",
        f"The texts are:\n{shown}",
        "What do these mistakes have in common? What can be seen in the images that the texts do not say, or say of "
        "both classes? Answer in two or three sentences.",
    ]
    return Message("user", "\n\n".join(part.strip() for part in parts))


def rewriting_turns(
    asked: Message, diagnosis: str, name: str, rivals: Sequence[str], count: int
) -> tuple[Message, ...]:
    """The question, what the model said to it, and the request for new texts of one class.

    Args:
        asked: the question about the mistakes.
        diagnosis: the reply; if it is empty, there is only the question, for providers refuse empty turns.
        name: of the class.
        rivals: names of the classes it is confused with.
        count: how many texts.
    """
    own, others = quoted(name), " or ".join(quoted(rival) for rival in rivals)
    request = (
        f"Now write {count} new short sentences for {own} with which such mistakes would not happen. Each names {own} "
        f"and says what can be seen in an image of {own} but not in one of {others}. One per line, nothing else."
    )
    said = " ".join(diagnosis.split())[:LONGEST_DIAGNOSIS]
    if not said:
        return (Message("user", f"{asked.content}\n\n{request}"),)
    return asked, Message("assistant", said), Message("user", request)


def _shown(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - MOST_SHOWN} more" if len(texts) > MOST_SHOWN else ""
    return ", ".join(quoted(text, LONGEST_SHOWN) for text in texts[:MOST_SHOWN]) + more
