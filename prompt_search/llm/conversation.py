"""A conversation that is too long for a model, made shorter."""

from optimizers.language_model import Message

__all__ = ["shortened"]


def shortened(messages: tuple[Message, ...]) -> tuple[Message, ...] | None:
    """The conversation without its oldest exchange: up to the second turn of the user. `None` if it has only one.

    What the system said at the start stays.

    >>> turns = [Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "."), Message("user", "?")]
    >>> [turn.content for turn in shortened(tuple(turns))]
    ['Be brief.', '?']
    """
    start = next((index for index, turn in enumerate(messages) if turn.role != "system"), len(messages))
    later = [index for index, turn in enumerate(messages) if turn.role == "user" and index > start]
    return messages[:start] + messages[later[0] :] if later else None
