"""Candidates that are alike are those whose texts, class by class, are nearly the same."""

import random
from itertools import pairwise

from evaluators import ClassLabel, PromptSet
from optimizers.shortlist import SAME_TEXTS, texts_alike

CLASSES = (ClassLabel("a", "cat"), ClassLabel("b", "dog"), ClassLabel("c", "owl"))
TEMPLATES = ("a {}.", "the {}.", "one {}.")
TEXTS = ("a cat.", "the owl.", "soft", "grey", "loud")


def drawn(rng: random.Random) -> PromptSet:
    texts = {label.id: rng.sample(TEXTS, rng.randint(0, 5)) for label in CLASSES}
    return PromptSet.of(CLASSES, rng.sample(TEMPLATES, rng.randint(1, 3)), texts)


def overlap(one: PromptSet, other: PromptSet) -> float:
    left, right = ({(c, text) for c, own in enumerate(each.rendered) for text in own} for each in (one, other))
    return len(left & right) / len(left | right)


def test_alike_is_four_texts_of_five_of_those_that_either_has() -> None:
    rng = random.Random(0)
    firsts = [drawn(rng) for _ in range(40)]
    changed = [PromptSet(each.classes, each.templates, (*each.texts[:2], ("new",))) for each in firsts]
    pairs = [*zip(firsts, changed, strict=True), *pairwise(firsts), (firsts[0], firsts[0])]
    five = [f"{word} {{}}" for word in "abcde"]
    pairs += [(PromptSet.of(CLASSES, five[:some]), PromptSet.of(CLASSES, five)) for some in (4, 3)]
    told = [texts_alike(one, other) for one, other in pairs]
    assert told == [overlap(one, other) >= SAME_TEXTS for one, other in pairs]
    assert told[-2:] == [True, False]
