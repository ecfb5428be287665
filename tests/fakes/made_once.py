"""What is costly to make and is made again and again from the same input, by run after run of the same small world."""

import pickle
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

__all__ = ["made_once"]

Given = ParamSpec("Given")
Made = TypeVar("Made")


def made_once(make: Callable[Given, Made], seen: Callable[[Any], Any] = lambda given: given) -> Callable[Given, Made]:
    """The function, carried out once in this process for the same arguments, bit for bit.

    Args:
        seen: of the arguments in their order, what the function looks at.

    >>> said = made_once(lambda text: print(text))
    >>> for text in ("a cat", "a dog", "a cat"):
    ...     said(text)
    a cat
    a dog
    """
    made: dict[bytes, Made] = {}

    @wraps(make)
    def remembered(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        key = pickle.dumps((seen(args), kwargs))
        if key not in made:
            made[key] = make(*args, **kwargs)
        return made[key]

    return remembered
