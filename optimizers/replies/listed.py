"""Lists in replies: names and words, and sentences."""

import json
import re

from optimizers.replies.sentences import sentence
from optimizers.replies.text_parts import LETTER, LONGEST_REPLY, is_chatter, lines, written_lines
from optimizers.replies.thinking import answer_in

__all__ = ["all_sentences", "phrases"]

BETWEEN_PHRASES = re.compile(r"[,;、，；]|\s/\s")
ASIDE = re.compile(r"(?<!\s)\s*(?:\(.*|\[.*|:\s.*|：.*|\s[-–—]\s.*)$")
"""What a model adds to an item to explain it: (in brackets), after a colon or a dash."""

BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？｡])")
JSON_LIST = re.compile(r'^\s*\{\s*"\w{1,20}"\s*:\s*\[')
WHOLE_STRING = re.compile(r'"([^"\\]*)"')
MOST_WORDS = 4
MOST_WORDS_OF_A_NAME = 8
LONGEST_PHRASE = 60
PROPER = re.compile(r"[A-Z0-9][^\s]*")


def phrases(text: str) -> list[str]:
    """The names or words that a reply lists, on lines or with commas between them, each once, in order.

    Phrases of more than four words are sentences, not names, unless each word begins with a capital or a digit, as in
    "Chevrolet Silverado 1500 Hybrid Crew Cab 2012": they are dropped, as are refusals and announcements.

    >>> phrases('Sure, here are some names:\\n1. **Felis catus** (Latin)\\n2. kitty, "house cat".')
    ['Felis catus', 'kitty', 'house cat']
    """
    written = [line for line in _entries(text) if not is_chatter(line) and not line.endswith((":", "："))]
    parts = [ASIDE.sub("", part) for line in written for part in BETWEEN_PHRASES.split(line)]
    bare = (" ".join(part.strip(" .。!*_\"'`“”").split()) for part in parts)
    return list(dict.fromkeys(phrase for phrase in bare if _is_phrase(phrase)))


def all_sentences(text: str, name: str) -> list[str]:
    """The sentences of a reply that describe a class, each once, in order; for each the rules of `sentence` hold.

    >>> all_sentences('- It has stripes. It purrs loudly.\\n- Whiskers?\\n- It has pointed ears', "tabby cat")
    ['It has stripes.', 'It purrs loudly.', 'It has pointed ears.']
    """
    parts = [part for line in _entries(text) for part in BETWEEN_SENTENCES.split(line)]
    return list(dict.fromkeys(found for part in parts if (found := sentence(part, name)) is not None))


def _entries(reply: str) -> list[str]:
    """The lines of a reply; of a JSON list that was cut off the strings that are whole."""
    text = answer_in(reply)[:LONGEST_REPLY]
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        cut_off = JSON_LIST.match(text)
        if cut_off is not None:
            return [line for whole in WHOLE_STRING.findall(text, cut_off.end()) for line in lines(whole)]
    return written_lines(text)


def _is_phrase(phrase: str) -> bool:
    return (
        len(phrase) <= LONGEST_PHRASE
        and 1 <= len(phrase.split()) <= (MOST_WORDS_OF_A_NAME if _is_proper(phrase) else MOST_WORDS)
        and LETTER.search(phrase) is not None
        and not re.search(r"[{}<>?=\\|]", phrase)
        and not is_chatter(phrase)
    )


def _is_proper(phrase: str) -> bool:
    """Whether every word could be one of a proper name."""
    return all(PROPER.match(word) for word in phrase.split())
