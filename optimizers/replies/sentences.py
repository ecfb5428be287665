"""Sentences and names in replies: a first sentence, lists of sentences, lists of names and words."""

import json
import re

from evaluators import PHOTO_TEMPLATE, PLACEHOLDER, fill, normalize_template
from evaluators.errors import PromptError
from optimizers.meta_prompts import quoted
from optimizers.replies.text_parts import LETTER, LONGEST_REPLY, is_chatter, lines, written_lines
from optimizers.replies.thinking import answer_in

__all__ = ["all_sentences", "list_fault", "naming", "phrases", "sentence", "written_questions"]

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


def naming(text: str, name: str) -> str:
    """A sentence about a class with its name: "a photo of a <name>." stands in front of one that is without.

    What has no name in it says as much of every other class, and small models often leave it out.

    >>> naming("It has whiskers.", "cat"), naming("Cats have whiskers.", "cat")
    ('a photo of a cat. It has whiskers.', 'Cats have whiskers.')
    """
    return text if name.casefold() in text.casefold() else f"{fill(PHOTO_TEMPLATE, name)} {text}"


def written_questions(text: str) -> list[str]:
    """Questions about any class in a reply, with `{}` once for its name, each once, in order.

    >>> written_questions('{"list": ["What does {} look like?", "What is a cat?", "Describe <CLASS> from above."]}')
    ['What does {} look like?', 'Describe {} from above.']
    """
    found = []
    for line in (line for line in written_lines(text) if not is_chatter(line)):
        try:
            question = normalize_template(line)
        except PromptError:
            continue
        rest = question.replace(PLACEHOLDER, "", 1)
        if not re.search(r"[{}<>]", rest) and len(rest.split()) >= FEWEST_WORDS and len(question) <= LONGEST_QUESTION:
            found.append(question)
    return list(dict.fromkeys(found))


def list_fault(text: str) -> str:
    """Why `phrases` or `all_sentences` find nothing in a reply, for the model that wrote it: half a sentence."""
    written = written_lines(text)
    return f"{quoted(written[0])} is no such list" if written else "it is empty"


def _describes(line: str, name: str) -> bool:
    return _says_enough(line, name) and not re.search(r"[{}<>]", line) and not is_chatter(line)


def _says_enough(line: str, name: str) -> bool:
    """Whether there are words enough, and others than those of the name."""
    words = [word for word in line.split() if LETTER.search(word)]
    known = set(name.lower().split())
    if len(words) >= FEWEST_WORDS and any(word.lower().strip(".,") not in known for word in words):
        return True
    return len(UNSPACED.findall(line.replace(name, ""))) >= FEWEST_UNSPACED


BETWEEN_PHRASES = re.compile(r"[,;、，；]|\s/\s")
ASIDE = re.compile(r"(?<!\s)\s*(?:\(.*|\[.*|:\s.*|：.*|\s[-–—]\s.*)$")
"""What a model adds to an item to explain it: (in brackets), after a colon or a dash."""

BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？｡])")
JSON_LIST = re.compile(r'^\s*\{\s*"\w{1,20}"\s*:\s*\[')
WHOLE_STRING = re.compile(r'"([^"\\]*)"')
LONGEST_QUESTION = 200
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
