"""The second question, after a reply in which nothing usable was found."""

from optimizers.language_model import Message

__all__ = ["again_turn"]


def again_turn(fault: str) -> Message:
    """Says what was wrong with the last reply and asks for another.

    >>> again_turn('"a photo" has no {} in it').content
    'Your reply can not be used: "a photo" has no {} in it. Please answer again, in the form asked for.'
    """
    return Message("user", f"Your reply can not be used: {fault}. Please answer again, in the form asked for.")
