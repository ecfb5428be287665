"""What a model wrote to itself before it answered."""

import re

__all__ = ["answer_in"]

NAMES = "think|thinking|thought|reasoning"
BEFORE = re.compile(rf"^.*[<◁]\s*/\s*(?:{NAMES})\s*[>▷]", re.I | re.S)
"""All up to the last closing tag: the opening one may be a part of the prompt."""

UNCLOSED = re.compile(rf"[<◁]\s*(?:{NAMES})\s*[>▷].*$", re.I | re.S)
CHANNEL = "<|channel|>"
FINAL = re.compile(r"<\|channel\|>\s*final\b.*?<\|message\|>", re.S)
"""Where the answer begins in the format of gpt-oss."""


def answer_in(text: str) -> str:
    """A reply without the thinking that some models write before the answer; nothing if they got no further.

    An opening tag without a closing one means that the reply was cut off while the model thought: what it said there is
    no answer.

    >>> answer_in("<think>Is it a pet? Yes.</think> A cat has whiskers.")
    ' A cat has whiskers.'
    >>> answer_in("<think>A cat could be")
    ''
    """
    if CHANNEL in text:
        parts = FINAL.split(text)
        return parts[-1] if len(parts) > 1 else ""
    return UNCLOSED.sub("", BEFORE.sub("", text))
