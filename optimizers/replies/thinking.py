"""What a model wrote to itself before it answered."""

import re

__all__ = ["answer_in"]

NAMES = "think|thinking|thought|reasoning"
BEFORE = re.compile(rf"^.*[<◁]\s*/\s*(?:{NAMES})\s*[>▷]", re.I | re.S)
"""All up to the last closing tag: the opening one may be a part of the prompt."""

UNCLOSED = re.compile(rf"[<◁]\s*(?:{NAMES})\s*[>▷].*$", re.I | re.S)
CHANNEL = "<|channel|>"
FINAL = re.compile(r"<\|channel\|>\s*final\b")
MESSAGE = "<|message|>"
"""Behind these two the answer begins in the format of gpt-oss."""


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
        return _last_message(text)
    return UNCLOSED.sub("", BEFORE.sub("", text))


def _last_message(text: str) -> str:
    begin = end = 0
    while (final := FINAL.search(text, end)) and (message := text.find(MESSAGE, final.end())) >= 0:
        begin = end = message + len(MESSAGE)
    return text[begin:] if begin else ""
