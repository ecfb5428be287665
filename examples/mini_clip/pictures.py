"""The labelled and unlabelled pictures the projection learns from, as features of the frozen tower.

Each source keeps its own list of names. A photo of a dog is no counter-example for an emoji of one, so names compete
only within their source.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from PIL import Image

from examples.mini_clip.emoji import STYLES, new_concepts, plain, training_concepts, variant
from examples.mini_clip.emoji_sets import draw, has_drawing
from examples.mini_clip.image_tower import features, load_tower
from examples.mini_clip.photos import TUNING, UNLABELLED, read_cifar, unbundled_order
from examples.mini_clip.stamps import open_stamp, read_stamps

SEED = 40
EMOJI_VARIANTS = 3
STAMP_VARIANTS = 6
LOW_RESOLUTION = 0.3


@dataclass(frozen=True)
class Source:
    """Pictures of one kind: features [N, 1280], and for labelled ones the index into `names` of what each shows."""

    features: torch.Tensor
    labels: torch.Tensor
    names: list[str]


def photo_like(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Mirrored half of the time, and sometimes as small as CIFAR's pictures."""
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < LOW_RESOLUTION:
        picture = picture.resize((32, 32), Image.Resampling.BOX)
    return picture


def variants(drawing: Image.Image, count: int, rng: random.Random) -> Iterator[Image.Image]:
    """The drawing once as it is and `count` times changed."""
    yield plain(drawing)
    for _ in range(count):
        yield photo_like(variant(drawing, rng), rng)


def emoji_source(work: Path, style: str) -> Source:
    """All training concepts as one studio drew them; the first of every `EMOJI_VARIANTS` + 1 pictures is plain."""
    concepts, rng = training_concepts(work), random.Random(SEED)
    drawn = [label for label, concept in enumerate(concepts) if has_drawing(work, style, concept)]
    labels = [label for label in drawn for _ in range(EMOJI_VARIANTS + 1)]
    drawings = (draw(work, style, concepts[label]) for label in drawn)
    pictures = (picture for drawing in drawings for picture in variants(drawing, EMOJI_VARIANTS, rng))
    found = features(load_tower(work), pictures)
    return Source(found, torch.as_tensor(labels), [concept.name for concept in concepts])


def stamp_source(work: Path) -> Source:
    """Tux Paint's stamps, less those of emoji concepts kept out of training."""
    new = [set(concept.split("_")) for concept in new_concepts(work)]
    stamps = [(name, path) for name, path in read_stamps(work)
              if not any(words <= set(name.lower().split()) for words in new)]  # fmt: skip
    names, rng = sorted({name for name, _ in stamps}), random.Random(SEED)
    labels = [names.index(name) for name, _ in stamps for _ in range(STAMP_VARIANTS + 1)]
    pictures = (picture for _, path in stamps for picture in variants(open_stamp(path), STAMP_VARIANTS, rng))
    return Source(features(load_tower(work), pictures), torch.as_tensor(labels), names)


def unlabelled_source(work: Path) -> Source:
    """CIFAR-10 train photos; their labels are not read."""
    images, labels = read_cifar(work, "train")
    chosen = unbundled_order(images, labels)[TUNING : TUNING + UNLABELLED]
    found = features(load_tower(work), (Image.fromarray(images[i]) for i in chosen))
    return Source(found, torch.empty(0, dtype=torch.long), [])


def tuning_photos(work: Path) -> Source:
    """CIFAR-10 train photos with labels, for choosing settings and the logit scale; nothing trains on them."""
    images, labels = read_cifar(work, "train")
    chosen = unbundled_order(images, labels)[:TUNING]
    found = features(load_tower(work), (Image.fromarray(images[i]) for i in chosen))
    return Source(found, torch.from_numpy(labels[chosen]), [])


def write_features(work: Path) -> None:
    """Compute every source once and write `features-NAME.pt`."""
    sources: dict[str, Callable[[], Source]] = {
        "tuning": lambda: tuning_photos(work),
        "unlabelled": lambda: unlabelled_source(work),
        "stamps": lambda: stamp_source(work),
    }
    sources |= {f"emoji-{style}": partial(emoji_source, work, style) for style in STYLES}
    for name, compute in sources.items():
        source = compute()
        state = {"features": source.features.half(), "labels": source.labels, "names": source.names}
        torch.save(state, work / f"features-{name}.pt")


def read_source(work: Path, name: str) -> Source:
    """A source as `write_features` left it."""
    state = torch.load(work / f"features-{name}.pt", weights_only=True)
    return Source(state["features"].float(), state["labels"], state["names"])
