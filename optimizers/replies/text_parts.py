"""The lines of a reply, bare of what surrounds them, wherever they stand in it."""

import json
import re

from optimizers.replies.thinking import answer_in

__all__ = ["LETTER", "is_chatter", "is_refusal", "lines", "written_lines"]

LIST_MARKER = re.compile(r"^\s*(?:[-*•·>]+|\(?\d{1,3}[.):]|[a-zA-Z][.)](?=\s))\s*")
LABEL = re.compile(
    r"^\s*(?:\**(?:(?:an?|the|my)\s+)?(?:(?:new|better|final)\s+)?"
    r"(?:template|answer|prompt|output|sentence|caption|rank \d+)s?\**)\s*:\s*",
    re.I,
)
LONGEST_REPLY = 20_000
"""Characters of a reply that are read; what was asked for is in the first hundreds."""

JSON_LINE = re.compile(r'^(?:\{\s*)?"[\w -]{1,30}"\s*:\s*"([^"]*)"[\s,}]*$')
"""A line of a JSON object that is broken elsewhere."""

TAG = re.compile(
    r"</?(?!(?:c|cls|class|classname|class_name|category|label|name|object)\s*>)[a-z][a-z0-9]*(?:\s[^<>]*)?/?>"
    r"|<!--|-->|<\|[^<>|]*\|>",
    re.I,
)
"""Markup, but for what other methods write as placeholders."""

ACCURACY = re.compile(r"(?<!\s)\s*\(\d+(?:\.\d*)? ?%?\)?$")
"""The figure behind a template that was copied from a ranked list."""

FENCE = re.compile(r"^\s*(?:```|~~~)")
QUOTES = "\"'`“”‘’«»„「」『』"
LETTER = re.compile(r"[^\W_]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
REFUSAL = re.compile(
    r"^(?:(?:(?:i['’]?m|i am) )?(?:very )?sorry|i can(?:no|['’])t|as an ai"
    r"|(?:i['’]?m|i am) (?:(?:un|not )able|(?:just |only )?(?:an ai|a language model))|unfortunately"
    r"|lo siento|désolé|je ne peux pas|es tut mir leid|ich kann (?:leider )?(?:nicht|keine)|mi dispiace"
    r"|(?:很|非常)?(?:抱歉|对不起)|我(?:无法|不能)|(?:大変)?(?:申し訳|すみません|ごめん)|죄송)",
    re.I,
)
PREAMBLE = re.compile(
    r"^(?:(?:sure|of course|certainly|okay|ok|yes|here['’]s|here (?:is|are)|voici|bien sûr|claro|aquí (?:está|tienes)"
    r"|hier (?:ist|sind)|natürlich)\b|great[!,.]|好的|当然|以下[是は]|はい|もちろん)",
    re.I,
)


def lines(text: str) -> list[str]:
    """The non-empty lines of a reply without fences, list markers, labels and quotes around them.

    >>> lines('Sure!\\n```\\n1. "a drawing of a {}."\\n- a {} in the wild\\n```')
    ['Sure!', 'a drawing of a {}.', 'a {} in the wild']
    """
    parts = [part for part in text.splitlines() if not FENCE.match(part)]
    return [line for line in (_bare(part) for part in parts) if line]


def written_lines(reply: str) -> list[str]:
    """The lines of every string in the first JSON object or array of a reply, then the lines around it."""
    text = answer_in(reply)[:LONGEST_REPLY]
    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    if start < 0:
        return lines(text)
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
        strings = _strings(value)
    except (ValueError, RecursionError):
        return lines(text)
    if not strings:
        return lines(text)  # the {} of a template is JSON too
    return [line for part in [*strings, text[:start], text[end:]] for line in lines(part)]


def is_chatter(line: str) -> bool:
    """Whether a line is a refusal ("I'm sorry, ...") or an announcement ("Here is a template with {}")."""
    return bool(REFUSAL.match(line) or PREAMBLE.match(line))


def is_refusal(line: str) -> bool:
    """Whether a line says that the model will not or can not answer."""
    return bool(REFUSAL.match(line))


def _bare(line: str) -> str:
    """One line without what surrounds its text."""
    text = JSON_LINE.sub(r"\1", TAG.sub(" ", CONTROL.sub(" ", line)).strip())
    text = LABEL.sub("", LIST_MARKER.sub("", text)).strip()
    text = ACCURACY.sub("", text.strip("*_ "))
    if text[:1] in QUOTES:
        text = text.rstrip(", ")  # an item of a JSON list that was cut off
    text = ACCURACY.sub("", text.strip(QUOTES + " "))
    return " ".join(text.split())


def _strings(value: object) -> list[str]:
    """The strings in a JSON value, in their order; without recursion, as a reply may be nested as deep as it likes."""
    found, stack = [], [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict | list):
            stack += list(each.values() if isinstance(each, dict) else each)[::-1]
    return found
