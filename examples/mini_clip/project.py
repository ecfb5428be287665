"""The projection: one linear layer from MobileNetV2's features to the text tower's space.

It starts as the ridge regression from features to the embeddings of their names, and is then trained to tell the names
of its source apart. Photos come without labels: what they should say is what the ImageNet classifier sees in them, as
in ConSE (Norouzi et al. 2014). The classifier's own rows serve as one ideal picture of each ImageNet class.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from open_clip import IMAGENET_CLASSNAMES
from torch import nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from examples.mini_clip.architecture import EMBED_DIM, encode_text, new_model
from examples.mini_clip.emoji import STYLES, TUNING_STYLE
from examples.mini_clip.image_tower import load_tower
from examples.mini_clip.pictures import read_source
from examples.mini_clip.train_text import tokenize

PHOTO_FRAMES = ("a photo of a {}.",)
DRAWING_FRAMES = ("a drawing of a {}.", "{}", "an emoji of a {}.", "an icon of a {}.", "a cartoon {}.",
                  "a drawing of the {}.", "clip art of a {}.", "an illustration of a {}.")  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Chosen on CIFAR-10 train photos and on emoji of one training style while it was left out of training."""

    ridge: float = 300.0
    softening: float = 100.0
    steps: int = 300
    batch: int = 256
    rate: float = 3e-3
    dropout: float = 0.4
    pull: float = 1.0
    scale: float = 30.0
    gap: float = 0.5


@dataclass(frozen=True)
class Lesson:
    """One source ready to train on: features [N, 1280], who is on each (probabilities [N, C]), names as embeddings.

    `bank` is [K, C, 384]: every name in each of K templates.
    """

    features: torch.Tensor
    shows: torch.Tensor
    bank: torch.Tensor
    weight: float

    def targets(self) -> torch.Tensor:
        """The mean embedding of what each picture shows [N, 384], length 1."""
        return F.normalize(self.shows @ F.normalize(self.bank.mean(0), dim=-1), dim=-1)


class TextTower:
    """The trained student, reading any texts."""

    def __init__(self, work: Path) -> None:
        self.model = new_model().eval()
        state = torch.load(work / "text_tower.pt", weights_only=True)
        self.model.load_state_dict(state, strict=False)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """Embeddings [len(texts), 384] at length 1."""
        tokens = tokenize(list(texts))
        order = (tokens != 0).sum(1).argsort()
        found = torch.empty(len(tokens), EMBED_DIM)
        for chosen in torch.split(order, 512):
            cut = tokens[chosen][:, : int((tokens[chosen] != 0).sum(1).max())]
            found[chosen] = F.normalize(encode_text(self.model, cut), dim=-1)
        return found

    def bank(self, names: Sequence[str], frames: Sequence[str]) -> torch.Tensor:
        """Every name in every frame [len(frames), len(names), 384]."""
        texts = [frame.format(name) for frame in frames for name in names]
        return self.encode(texts).reshape(len(frames), len(names), EMBED_DIM).clone()


def one_hot(labels: torch.Tensor, count: int) -> torch.Tensor:
    """Labels [N] as certain probabilities [N, count]."""
    return F.one_hot(labels, count).float()


def emoji_lesson(work: Path, text: TextTower, styles: Sequence[str]) -> Lesson:
    """The drawings of several studios as one source."""
    sources = [read_source(work, f"emoji-{style}") for style in styles]
    labels, names = torch.cat([source.labels for source in sources]), sources[0].names
    drawings = torch.cat([source.features for source in sources])
    return Lesson(drawings, one_hot(labels, len(names)), text.bank(names, DRAWING_FRAMES), 1.0)


def lessons(work: Path, styles: Sequence[str]) -> list[Lesson]:
    """All sources, and how much each counts."""
    text = TextTower(work)
    imagenet = text.bank(IMAGENET_CLASSNAMES, PHOTO_FRAMES)
    classifier = load_tower(work).get_submodule("classifier")
    photos, stamps = read_source(work, "unlabelled"), read_source(work, "stamps")
    rows = classifier.get_parameter("weight").detach()
    rows = F.normalize(rows - rows.mean(0), dim=-1)
    ideal = photos.features.mean(0) + rows * photos.features.std(0).norm()
    with torch.no_grad():
        seen = classifier(photos.features).softmax(-1)
    return [
        Lesson(photos.features, seen, imagenet, 1.0),
        Lesson(ideal, torch.eye(len(ideal)), imagenet, 0.3),
        Lesson(stamps.features, one_hot(stamps.labels, len(stamps.names)), text.bank(stamps.names, PHOTO_FRAMES), 0.5),
        emoji_lesson(work, text, styles),
    ]


def ridge(sources: list[Lesson], strength: float) -> nn.Linear:
    """The least-squares projection, every source counting by its weight however many pictures it has."""
    total, crossed = torch.zeros(1281, 1281), torch.zeros(1281, EMBED_DIM)
    for source in sources:
        padded = F.pad(source.features, (0, 1), value=1.0)
        share = source.weight * 1e4 / len(padded)
        total += share * padded.T @ padded
        crossed += share * padded.T @ source.targets()
    total += strength * torch.diag(F.pad(torch.ones(1280), (0, 1)))
    solution = torch.linalg.solve(total, crossed)
    return linear(solution[:-1].T, solution[-1])


class Whitening:
    """Features with their variances made alike, so that gradient steps are not spent on a few loud directions.

    `softening` keeps the quietest directions quiet: it is added to every variance, in units of the mean variance.
    """

    def __init__(self, sources: list[Lesson], softening: float) -> None:
        sample = torch.cat([source.features[:4000] for source in sources])
        variances, directions = torch.linalg.eigh(torch.cov(sample.T))
        raised = variances.clamp(min=0) + softening * variances.mean()
        self.mean = sample.mean(0)
        self.matrix = directions @ torch.diag(raised.rsqrt()) @ directions.T
        self.inverse = directions @ torch.diag(raised.sqrt()) @ directions.T

    def enter(self, projection: nn.Linear) -> nn.Linear:
        """The projection of raw features, as one of whitened features."""
        weight = projection.weight.detach()
        return linear(weight @ self.inverse, projection.bias.detach() + weight @ self.mean)

    def leave(self, projection: nn.Linear) -> nn.Linear:
        """The projection of whitened features, as one of raw features."""
        weight = projection.weight.detach() @ self.matrix
        return linear(weight, projection.bias.detach() - weight @ self.mean)

    def apply(self, source: Lesson) -> Lesson:
        """The source with whitened features."""
        return replace(source, features=(source.features - self.mean) @ self.matrix)


def linear(weight: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    """A layer with these parameters."""
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data, layer.bias.data = weight.detach().contiguous(), bias.detach().clone()
    return layer


def lesson_loss(source: Lesson, projection: nn.Linear, settings: Settings) -> torch.Tensor:
    """On a random batch in a random template: which name is it, and how near is it?"""
    chosen = torch.randint(len(source.features), (settings.batch,))
    seen = F.dropout(source.features[chosen], settings.dropout)
    images, shows = F.normalize(projection(seen), dim=-1), source.shows[chosen]
    names = source.bank[int(torch.randint(len(source.bank), ()))]
    told_apart = F.cross_entropy(settings.scale * images @ names.T, shows)
    near = 1 - (images * F.normalize(shows @ names, dim=-1)).sum(-1).mean()
    return source.weight * (told_apart + settings.pull * near)


@torch.no_grad()
def open_gap(sources: list[Lesson], projection: nn.Linear, gap: float) -> nn.Linear:
    """The projection with what all photo captions share added to every image, `gap` times as long as an embedding.

    Training alone makes every wording of a name nearly as good as another. In CLIP, images and texts each lie in their
    own narrow cone (the modality gap, Liang et al. 2022), so each template shifts each class's logit by its own amount,
    which is why wording matters there. This opens such a gap; it costs accuracy with templates that fit badly.
    """
    length = projection(torch.cat([source.features[:3000] for source in sources])).norm(dim=-1).mean()
    shared = F.normalize(sources[0].bank.mean((0, 1)), dim=-1)
    return linear(projection.weight, projection.bias + gap * length * shared)


def train(sources: list[Lesson], settings: Settings) -> nn.Linear:
    """The ridge projection, trained on."""
    torch.manual_seed(0)
    whitening = Whitening(sources, settings.softening)
    projection = whitening.enter(ridge(sources, settings.ridge))
    whitened = [whitening.apply(source) for source in sources]
    optimizer = torch.optim.AdamW(projection.parameters(), lr=settings.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    for _ in range(settings.steps):
        loss = torch.stack([lesson_loss(source, projection, settings) for source in whitened]).sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return open_gap(sources, whitening.leave(projection), settings.gap)


def write_projection(work: Path) -> None:
    """Train on all styles and write `projection.pt`; `projection-tuning.pt` has not seen the tuning style."""
    tuning = tuple(style for style in STYLES if style != TUNING_STYLE)
    for styles, file in ((tuning, "projection-tuning.pt"), (STYLES, "projection.pt")):
        torch.save(train(lessons(work, styles), Settings()).state_dict(), work / file)


def load_projection(work: Path, file: str = "projection.pt") -> nn.Linear:
    """A projection as `write_projection` left it."""
    projection = nn.Linear(1280, EMBED_DIM)
    projection.load_state_dict(torch.load(work / file, weights_only=True))
    return projection
