"""Templates in replies, and what is wrong with a reply that holds none."""

import re
from collections.abc import Callable

from evaluators import normalize_template
from evaluators.errors import PromptError
from optimizers.meta_prompts import quoted
from optimizers.replies.text_parts import LETTER, is_chatter, written_lines
from optimizers.replies.thinking import answer_in

__all__ = ["tagged_templates", "template_fault", "templates"]

TAGGED = re.compile(r"<\s*ins\s*>(.*?)(?:<\s*/\s*ins\s*>|$)", re.I | re.S)
TAG = re.compile(r"<\s*(?:/\s*)?ins\s*(?:/\s*)?>", re.I)
QUOTED = re.compile(r"""["“]([^"“”{]*\{[^"“”]*)["”]|^([^"“”{]*\{[^"“”]*)”""")
PLACE = re.compile(r"\{[^{}]*\}")
CODE = re.compile(r"\w\(|[<>|\\=$\[\]`]|;(?! \w)")
ABOUT_TEMPLATES = re.compile(r"\btemplates?\b|\bexactly once\b|\bclass name\b", re.I)
"""Words of a line that speaks about templates, and is none."""


def templates(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The templates in a reply, as JSON strings or lines, each once, in order.

    A template has exactly one placeholder, no other braces, words beside the placeholder, and fits the context
    length; anything else is dropped, and so are refusals and lines about templates ("This template uses {} once.").

    >>> templates('{"template": "a small photo of a <CLASS>."}', fits=lambda _: True)
    ['a small photo of a {}.']
    >>> templates('Of course! Here it is:\\na photo of {} and {}\\na sketch of a {}', fits=lambda _: True)
    ['a sketch of a {}']
    """
    candidates = (_template(part) for line in written_lines(text) for part in _parts(line))
    found = dict.fromkeys(t for t in candidates if t is not None)
    return [template for template in found if fits(template)]


def tagged_templates(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The templates between `<INS>` and `</INS>`, or anywhere in a reply that has none there (IPO).

    A closing tag may be missing: the reply was cut off.

    >>> tagged_templates('A {} is an animal. <INS>a photo of a {}.</INS>', fits=lambda _: True)
    ['a photo of a {}.']
    """
    answer = answer_in(text)
    inside = [template for part in TAGGED.findall(answer) for template in templates(part, fits)]
    return list(dict.fromkeys(inside)) or templates(TAG.sub(" ", answer), fits)


def template_fault(text: str, fits: Callable[[str], bool]) -> str:
    """Why `templates` finds nothing in a reply, for the model that wrote it: half a sentence with the words quoted.

    >>> template_fault("a photo of {} and {}", fits=lambda _: True)
    '"a photo of {} and {}" has {} 2 times instead of once'
    """
    written = written_lines(TAG.sub(" ", text))
    if not written:
        return "it is empty"
    with_place = [line for line in written if "{" in line]
    if not with_place:
        return f"{quoted(written[0])} has no {{}} in it"
    line = with_place[0]
    if line.count("{}") > 1:
        return f"{quoted(line)} has {{}} {line.count('{}')} times instead of once"
    template = _template(_parts(line)[0])
    if template is not None and not fits(template):
        return f"{quoted(template)} is too long"
    return f"{quoted(line)} is not a template with {{}} in it once"


def _template(line: str) -> str | None:
    try:
        template = normalize_template(line)
    except PromptError:
        return None
    rest = template.replace("{}", "", 1)
    chatter = is_chatter(template) or template.endswith(":") or ABOUT_TEMPLATES.search(template)
    if "{" in rest or "}" in rest or not LETTER.search(rest) or chatter or _is_code(template):
        return None
    return template.rstrip(" ,-")


def _parts(line: str) -> list[str]:
    """What a line puts in quotes and has a brace and words in, or else the whole line."""
    quotations = [inside or before for inside, before in QUOTED.findall(line)]
    return [each for each in quotations if LETTER.search(PLACE.sub("", each))] or [line]


def _is_code(template: str) -> bool:
    return CODE.search(template) is not None or template.count('"') % 2 == 1
