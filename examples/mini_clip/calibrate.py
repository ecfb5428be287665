"""The logit scale: the one number that turns cosines into probabilities.

Prompt search scores candidates by cross-entropy, so overconfident probabilities would let single images rule. The scale
is fitted on CIFAR-10 train photos and on emoji of the tuning style, half each, never on a bundled split, and with a
projection that has seen neither.
"""

import math
from pathlib import Path

import torch
from torch.nn import functional as F  # noqa: N812  (its usual name)

from examples.mini_clip.emoji import TUNING_STYLE, bundled_concepts, training_concepts
from examples.mini_clip.photos import CLASSES
from examples.mini_clip.pictures import EMOJI_VARIANTS, read_source
from examples.mini_clip.project import TextTower, load_projection

SCALES = [math.exp(power / 20) for power in range(20, 110)]


def tuning_cosines(work: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Cosines [N, C] and labels [N] of both tuning sets with their plainest prompts."""
    text, projection = TextTower(work), load_projection(work, "projection-tuning.pt")
    photos, drawings = read_source(work, "tuning"), read_source(work, f"emoji-{TUNING_STYLE}")
    bundled = {concept.id for concept in bundled_concepts(work)}
    kept = [label for label, concept in enumerate(training_concepts(work)) if concept.id in bundled]
    plain = torch.arange(0, len(drawings.labels), EMOJI_VARIANTS + 1)
    plain = plain[torch.isin(drawings.labels[plain], torch.as_tensor(kept))]
    labels = torch.searchsorted(torch.as_tensor(kept), drawings.labels[plain])
    photo_texts = text.encode([f"a photo of a {name}." for name in CLASSES])
    drawing_texts = text.encode([f"a drawing of a {drawings.names[label]}." for label in kept])
    with torch.inference_mode():
        return [
            (F.normalize(projection(photos.features), dim=-1) @ photo_texts.T, photos.labels),
            (F.normalize(projection(drawings.features[plain]), dim=-1) @ drawing_texts.T, labels),
        ]


def best_scale(sets: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """The scale with the least cross-entropy, each set counting the same."""

    def loss(scale: float) -> float:
        return sum(float(F.cross_entropy(scale * cosines, labels)) for cosines, labels in sets)

    return min(SCALES, key=loss)


def write_scale(work: Path) -> None:
    """Fit and write `logit_scale.txt`; prints the accuracies on the tuning sets."""
    sets = tuning_cosines(work)
    for name, (cosines, labels) in zip(("photos", "emoji"), sets, strict=True):
        right = (cosines.argmax(1) == labels).float().mean()
        print(f"tuning {name}: {100 * right:.1f} % of {len(labels)}, alone the scale would be "
              f"{best_scale([(cosines, labels)]):.1f}")  # fmt: skip
    (work / "logit_scale.txt").write_text(f"{best_scale(sets):.2f}")
