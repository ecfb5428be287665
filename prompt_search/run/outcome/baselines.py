"""What a winner has to beat: plain prompts, the user's own, and placebos made from the winner itself."""

import gzip
import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice

from evaluators import PHOTO_TEMPLATE, Candidate, ClassLabel, PromptSet, fill, general_templates
from evaluators.prompts.prompt_set import open_clip_file

__all__ = ["placebos", "plain_baselines", "renamed", "vocabulary"]

WORDS_PER_PLACEBO = 5

MERGES = 49408 - 2 * 256 - 2
"""Tokens of CLIP's vocabulary that are two others joined: not the bytes (in a word, and at its end), nor two marks."""


def plain_baselines(classes: Sequence[ClassLabel], fits: Callable[[str], bool]) -> dict[str, PromptSet]:
    """Names only, "a photo of a {}.", and the ensemble of the general templates that fit every class."""
    general = [t for t in general_templates() if all(fits(fill(t, label.name)) for label in classes)]
    return {
        "names only": PromptSet.of(classes, ["{}"]),
        f'"{PHOTO_TEMPLATE}"': PromptSet.of(classes, [PHOTO_TEMPLATE]),
        f"{len(general)} general templates": PromptSet.of(classes, general or [PHOTO_TEMPLATE]),
    }


def placebos(found: Candidate, seed: int, fits: Callable[[str], bool]) -> dict[str, PromptSet]:
    """Sets like the winner whose words mean nothing: if it does not beat them, its words do not matter.

    `random words` has the class names and as many texts per class (those that fit the context), made of words drawn
    from CLIP's vocabulary. `shuffled` gives every class the winner's own texts of another class, where it has such
    texts, with its own name in the place of the other's: what is said is wrong, not the name. Those of pairwise prompts
    are made from their compiled form.
    """
    winner = found.compiled()
    rng = random.Random(f"{seed}/placebos")
    texts = {
        label.id: [text for _ in own for text in [_random_text(label.name, rng)] if fits(text)]
        for label, own in zip(winner.classes, winner.rendered, strict=True)
    }
    sets = {"placebo: random words": PromptSet.of(winner.classes, [] if all(texts.values()) else ["{}"], texts)}
    if len(winner.classes) > 1 and not winner.shared_only:
        sets["placebo: shuffled texts"] = _shuffled(winner, rng, fits)
    return sets


def _shuffled(winner: PromptSet, rng: random.Random, fits: Callable[[str], bool]) -> PromptSet:
    order = list(range(len(winner.classes)))
    rng.shuffle(order)
    shifted = dict(zip(order, order[1:] + order[:1], strict=True))  # one cycle: nobody keeps its own
    texts = {}
    for i, label in enumerate(winner.classes):
        own = [renamed(text, winner.classes[shifted[i]].name, label.name) for text in winner.texts[shifted[i]]]
        texts[label.id] = [text for text in own if fits(text)]
    bare = not winner.templates and not all(texts.values())
    return PromptSet.of(winner.classes, ["{}"] if bare else winner.templates, texts)


def renamed(text: str, name: str, other: str) -> str:
    """A text with another name in the place of one, its plural too.

    >>> renamed("A cat is fond of cats, not of cattle.", "cat", "dog")
    'A dog is fond of dogs, not of cattle.'
    """
    return re.sub(rf"(?<!\w){re.escape(name)}(?=(?:e?s)?(?!\w))", lambda _: other, text, flags=re.IGNORECASE)


def _random_text(name: str, rng: random.Random) -> str:
    return f"{name}, {' '.join(rng.choices(vocabulary(), k=WORDS_PER_PLACEBO))}."


@cache
def vocabulary() -> tuple[str, ...]:
    """Whole words of at least four letters in CLIP's byte-pair vocabulary, in its order."""
    # From the file of its tokenizer, since open_clip takes seconds and 130 MB to import: a line for two tokens joined.
    with gzip.open(open_clip_file("bpe_simple_vocab_16e6.txt.gz"), "rt", encoding="utf-8") as lines:
        tokens = dict.fromkeys("".join(line.split()) for line in islice(lines, 1, 1 + MERGES))
    whole = (token.removesuffix("</w>") for token in tokens if token.endswith("</w>"))
    return tuple(word for word in whole if len(word) >= 4 and word.isascii() and word.isalpha())
