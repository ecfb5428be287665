"""Descriptions in replies."""

import re

from optimizers.meta_prompts import quoted
from optimizers.replies.text_parts import LETTER, is_chatter, written_lines

__all__ = ["sentence", "sentence_fault"]

FIRST_STOP = re.compile(r"[.!?](?=\s|$)|[。！？｡।۔؟]")
FULL_STOPS = {"。": "。", "！": "。", "｡": "。", "।": "।", "۔": "۔"}
"""What closes a sentence that ended so; a plain full stop for the rest."""

UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Letters of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Japanese and Chinese."""

FEWEST_WORDS = 3
FEWEST_UNSPACED = 5
"""Letters that are as much as three words where words have no spaces between them."""


def sentence(text: str, name: str) -> str | None:
    """The first sentence of a reply that describes a class, or `None` if there is none to use.

    Cut at the first full stop (CuPL), which may be 。; a reply that was cut off before it keeps what there is, closed
    with a full stop. Sentences of fewer than three words (in scripts without spaces: five letters), refusals, questions
    and sentences with braces are dropped.

    >>> sentence('\\n\\nA tabby cat has stripes. It purrs.', "tabby cat")
    'A tabby cat has stripes.'
    """
    for line in written_lines(text):
        stop = FIRST_STOP.search(line)
        first = (line[: stop.start()] if stop else line).strip()
        ending = stop.group() if stop else ""
        if ending not in ("?", "？", "؟") and not line.endswith((":", "：")) and _describes(first, name):
            return first.rstrip(" ,;:-、，；：") + FULL_STOPS.get(ending, ".")
    return None


def sentence_fault(text: str) -> str:
    """Why `sentence` finds nothing in a reply, for the model that wrote it: half a sentence with the words quoted."""
    written = written_lines(text)
    return f"{quoted(written[0])} is not a sentence that describes it" if written else "it is empty"


def _describes(line: str, name: str) -> bool:
    return _says_enough(line, name) and not re.search(r"[{}<>]", line) and not is_chatter(line)


def _says_enough(line: str, name: str) -> bool:
    """Whether there are words enough, and others than those of the name."""
    words = [word for word in line.split() if LETTER.search(word)]
    known = set(name.lower().split())
    if len(words) >= FEWEST_WORDS and any(word.lower().strip(".,") not in known for word in words):
        return True
    return len(UNSPACED.findall(line.replace(name, ""))) >= FEWEST_UNSPACED
