"""Which search images a multimodal model is asked to describe, and what is made of its replies."""

from collections.abc import Sequence

from optimizers import Picture, Reply, Request, Sample
from optimizers.meta_prompts import caption_turn
from optimizers.replies import sentence

__all__ = ["MOST_TOKENS", "caption_samples", "captions_in", "spread"]

MOST_TOKENS = 60


def spread(labels: Sequence[int], n: int) -> list[int]:
    """Positions of n images, the classes taking turns.

    >>> spread([0, 0, 0, 1, 1, 2], 4)
    [0, 3, 5, 1]
    """
    seen: dict[int, int] = {}
    turns = []
    for position, label in enumerate(labels):
        turns.append((seen.get(label, 0), label, position))
        seen[label] = seen.get(label, 0) + 1
    return [position for _, _, position in sorted(turns)[:n]]


def caption_samples(pictures: Sequence[Picture], description: str, seed: int) -> list[Sample]:
    """One question for each picture."""
    requests = [Request((caption_turn(picture, description),), max_tokens=MOST_TOKENS) for picture in pictures]
    return [Sample(request, seed, occurrence=0) for request in requests]


def captions_in(replies: Sequence[Reply]) -> tuple[str, ...]:
    """The usable descriptions, each once."""
    found = (sentence(reply.text, "") for reply in replies)
    return tuple(dict.fromkeys(text for text in found if text is not None))
