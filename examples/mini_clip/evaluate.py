"""Measures the model as its users see it, through open_clip, and prints every figure of the model card.

Nothing here was used to choose anything: these are the test splits. `descriptions.json` has twelve sentences per
CIFAR-10 class, written by hand in the manner of a language model, helpful ones and poor ones.
"""

import argparse
import io
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import pyarrow.parquet as pq
import torch
from open_clip import OPENAI_IMAGENET_TEMPLATES
from PIL import Image
from torch.nn import functional as F  # noqa: N812  (its usual name)

from examples.mini_clip.architecture import encode_text
from examples.mini_clip.emoji import new_concepts
from examples.mini_clip.photos import CLASSES, read_cifar

FRAMES = [template("{}") for template in OPENAI_IMAGENET_TEMPLATES]
DESCRIPTIONS: dict[str, list[str]] = json.loads((Path(__file__).parent / "descriptions.json").read_text())
SUBSETS = 200
SEARCH_STEPS = 1000


class Model:
    """The finished folder, loaded as anyone would load it."""

    def __init__(self, path: Path) -> None:
        self.model, _, self.preprocess = open_clip.create_model_and_transforms(f"local-dir:{path}")
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer(f"local-dir:{path}")
        self.known: dict[str, torch.Tensor] = {}

    @torch.inference_mode()
    def images(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """Image embeddings [N, 384]."""
        cuts = [pictures[i : i + 128] for i in range(0, len(pictures), 128)]
        return torch.cat([self.model.encode_image(torch.stack([self.preprocess(picture) for picture in cut]),
                                                  normalize=True) for cut in cuts])  # fmt: skip

    @torch.inference_mode()
    def new_texts(self, texts: Sequence[str]) -> torch.Tensor:
        """Text embeddings [N, 384], cut to the longest of each batch: the same features in a fraction of the time."""
        tokens = self.tokenizer(list(texts))
        lengths = (tokens != 0).sum(1)
        found = torch.empty(len(tokens), self.model.text_projection.shape[1])
        for chosen in torch.split(lengths.argsort(), 256):
            found[chosen] = F.normalize(encode_text(self.model, tokens[chosen, : int(lengths[chosen].max())]), dim=-1)
        return found

    def texts(self, texts: Sequence[str]) -> torch.Tensor:
        """Text embeddings [N, 384]; each text is encoded once."""
        if new := [text for text in dict.fromkeys(texts) if text not in self.known]:
            self.known.update(zip(new, self.new_texts(new), strict=True))
        return torch.stack([self.known[text] for text in texts])


@dataclass(frozen=True)
class Images:
    """Embeddings [N, 384], labels [N], and the class names."""

    embeddings: torch.Tensor
    labels: torch.Tensor
    names: list[str]

    def accuracy(self, classes: torch.Tensor) -> float:
        """Percent right with class embeddings [C, 384]."""
        right = (self.embeddings @ classes.T).argmax(1) == self.labels
        return round(100 * float(right.float().mean()), 2)

    def only(self, keep: list[int]) -> "Images":
        """The images of some classes, judged among those classes."""
        chosen = torch.isin(self.labels, torch.as_tensor(keep))
        places = {label: place for place, label in enumerate(keep)}
        labels = torch.as_tensor([places[int(label)] for label in self.labels[chosen]])
        return Images(self.embeddings[chosen], labels, [self.names[label] for label in keep])


def read_parquet(model: Model, path: Path, split: str) -> tuple[Images, list[str]]:
    """One split of a bundled sample, and its class ids."""
    rows = [row for row in pq.read_table(path).to_pylist() if row["split"] == split]
    names = dict(sorted((row["label"], row["name"]) for row in rows))
    ids = list(names)
    labels = torch.as_tensor([ids.index(row["label"]) for row in rows])
    pictures = [Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB") for row in rows]
    return Images(model.images(pictures), labels, [names[label] for label in ids]), ids


def cifar_test(model: Model, work: Path, count: int) -> Images:
    """The first `count` images of CIFAR-10's test set."""
    images, labels = read_cifar(work, "test")
    pictures = [Image.fromarray(pixels) for pixels in images[:count]]
    return Images(model.images(pictures), torch.from_numpy(labels[:count]), list(CLASSES))


def template_figures(model: Model, images: Images) -> dict[str, float | str]:
    """How much the choice of one general template matters."""
    frames = [*FRAMES, "{}", "a drawing of a {}.", "an emoji of a {}."]
    texts = model.texts([frame.format(name) for frame in frames for name in images.names])
    accuracies = [images.accuracy(classes) for classes in texts.reshape(len(frames), len(images.names), -1)]
    general = accuracies[: len(FRAMES)]
    mean = F.normalize(texts.reshape(len(frames), len(images.names), -1)[: len(FRAMES)].mean(0), dim=-1)
    figures: dict[str, float | str] = {frame: accuracies[frames.index(frame)]
                                       for frame in ("{}", "a photo of a {}.", *frames[-2:])}  # fmt: skip
    return figures | {
        "mean of the 80 templates": images.accuracy(mean),
        "best of the 80 templates": max(general), "which is best": FRAMES[int(np.argmax(general))],
        "worst of the 80 templates": min(general), "which is worst": FRAMES[int(np.argmin(general))],
        "best minus worst": round(max(general) - min(general), 2),
    }  # fmt: skip


def description_embeddings(model: Model, names: Sequence[str]) -> torch.Tensor:
    """All sentences [C, S, 384]."""
    texts = model.texts([sentence for name in names for sentence in DESCRIPTIONS[name]])
    return texts.reshape(len(names), -1, texts.shape[-1])


def description_figures(model: Model, images: Images) -> dict[str, float]:
    """How much the choice of sentences matters: random subsets of three per class."""
    sentences, rng = description_embeddings(model, images.names), random.Random(0)
    classes, count = sentences.shape[:2]
    found = []
    for _ in range(SUBSETS):
        chosen = torch.as_tensor([rng.sample(range(count), 3) for _ in range(classes)])
        mean = sentences.gather(1, chosen[:, :, None].expand(-1, -1, sentences.shape[-1])).mean(1)
        found.append(images.accuracy(F.normalize(mean, dim=-1)))
    whole = images.accuracy(F.normalize(sentences.mean(1), dim=-1))
    return {"all sentences": whole, "best subset": max(found), "worst subset": min(found),
            "subset spread": round(max(found) - min(found), 2)}  # fmt: skip


def fitness(images: Images, classes: torch.Tensor, scale: float) -> float:
    """Accuracy minus cross-entropy on the images searched with."""
    logits = scale * images.embeddings @ F.normalize(classes, dim=-1).T
    right = (logits.argmax(1) == images.labels).float().mean()
    return float(right - F.cross_entropy(logits, images.labels))


def climb(pool: torch.Tensor, fit: Callable[[torch.Tensor], float], rng: random.Random) -> torch.Tensor:
    """The plainest search there is: switch one text of one class on or off, keep what is not worse."""
    classes, count = pool.shape[:2]
    chosen = torch.zeros(classes, count, 1)
    chosen[:, 0] = 1
    best = fit((chosen * pool).sum(1))
    for _ in range(SEARCH_STEPS):
        changed = chosen.clone()
        row, column = rng.randrange(classes), rng.randrange(count)
        changed[row, column] = 1 - changed[row, column]
        if changed[row].any() and (found := fit((changed * pool).sum(1))) >= best:
            chosen, best = changed, found
    return F.normalize((chosen * pool).sum(1), dim=-1)


def first_shots(images: Images, shots: int, seed: int) -> Images:
    """`shots` images of each class."""
    rng = np.random.default_rng(seed)
    chosen = np.concatenate([rng.permutation(np.flatnonzero(images.labels.numpy() == label))[:shots]
                             for label in range(len(images.names))])  # fmt: skip
    return Images(images.embeddings[chosen], images.labels[chosen], images.names)


def shared_pool(model: Model, names: Sequence[str], first: str) -> torch.Tensor:
    """Every general template as one choice made for all classes together [1, T, C * 384], `first` before the others."""
    frames = [first, *(frame for frame in FRAMES if frame != first)]
    texts = model.texts([frame.format(name) for frame in frames for name in names])
    return texts.reshape(1, len(frames), -1)


def sentence_pool(model: Model, names: Sequence[str], first: str) -> torch.Tensor:
    """For each class the text of `first` and its sentences [C, 1 + S, 384]."""
    plain = model.texts([first.format(name) for name in names])
    return torch.cat([plain[:, None], description_embeddings(model, names)], dim=1)


def gain(train: Images, test: Images, pool: torch.Tensor, scale: float, seed: int) -> float:
    """Points won on `test` over the first text of the pool by a search on `train`."""
    shape = (len(train.names), -1)
    winner = climb(pool, lambda classes: fitness(train, classes.reshape(shape), scale), random.Random(seed))
    return test.accuracy(winner.reshape(shape)) - test.accuracy(pool[:, 0].reshape(shape))


def search_figures(model: Model, train: Images, test: Images, pool: torch.Tensor) -> dict[str, float]:
    """Gain on images not searched with, for 1, 4 and 16 images per class: mean of 3 seeds."""
    scale = float(model.model.logit_scale.detach().exp())
    return {f"{shots}-shot gain": round(sum(gain(first_shots(train, shots, seed), test, pool, scale, seed)
                                            for seed in range(3)) / 3, 2) for shots in (1, 4, 16)}  # fmt: skip


def calibration_figures(model: Model, images: Images, frame: str) -> dict[str, float]:
    """Cross-entropy and expected calibration error (15 bins) at the model's own logit scale."""
    classes = model.texts([frame.format(name) for name in images.names])
    scale = float(model.model.logit_scale.detach().exp())
    logits = scale * images.embeddings @ classes.T
    confidence, answer = logits.softmax(-1).max(-1)
    right, bins = (answer == images.labels).float(), (confidence * 15).long().clamp(max=14)
    gaps = [(bins == b).float().mean() * (right[bins == b].mean() - confidence[bins == b].mean()).abs()
            for b in set(bins.tolist())]  # fmt: skip
    entropy = float(F.cross_entropy(logits, images.labels))
    return {"logit scale": round(scale, 2), "cross-entropy": round(entropy, 3),
            "calibration error": round(float(sum(gaps)), 3)}  # fmt: skip


def speed_figures(model: Model) -> dict[str, float]:
    """Images and texts a second, on this machine."""
    pictures = [Image.new("RGB", (96, 96), (i, 0, 0)) for i in range(256)]
    started = time.perf_counter()
    model.images(pictures)
    middle = time.perf_counter()
    model.texts([f"a photo of a thing number {i}." for i in range(256)])
    done = time.perf_counter()
    return {"images a second": round(256 / (middle - started)), "texts a second": round(256 / (done - middle)),
            "threads": torch.get_num_threads()}  # fmt: skip


def emoji_figures(model: Model, search: Images, test: Images, new: list[bool]) -> dict[str, dict[str, float | str]]:
    """The unseen style, all classes and apart: concepts trained on in other styles, and new ones."""
    drawn = model.texts([f"a drawing of a {name}." for name in test.names])
    hundred = random.Random(0).sample(range(len(new)), 100)
    base, fresh = ([i for i, is_new in enumerate(new) if is_new == wanted] for wanted in (False, True))
    apart: dict[str, float | str] = {
        "base concepts": test.only(base).accuracy(drawn[base]), "new concepts": test.only(fresh).accuracy(drawn[fresh]),
        "new concepts among all": float(100 * ((test.embeddings @ drawn.T).argmax(1) == test.labels)[
            torch.isin(test.labels, torch.as_tensor(fresh))].float().mean()),
    }  # fmt: skip
    return {
        "emoji test": template_figures(model, test),
        "emoji test, 100 classes": template_figures(model, test.only(sorted(hundred))),
        "emoji test, a drawing of a {}.": apart | calibration_figures(model, test, "a drawing of a {}."),
        "emoji search split": template_figures(model, search),
    }


def evaluate(work: Path, testbed: Path, count: int) -> dict[str, dict[str, float | str]]:
    """All figures."""
    model = Model(testbed / "mini-clip")
    photos, _ = read_parquet(model, testbed / "photos.parquet", "train")
    test = cifar_test(model, work, count)
    emoji, ids = read_parquet(model, testbed / "emoji.parquet", "search")
    emoji_test, _ = read_parquet(model, testbed / "emoji.parquet", "test")
    figures: dict[str, dict[str, float | str]] = {"speed": dict(speed_figures(model))}
    figures["CIFAR-10 test"] = template_figures(model, test)
    figures["CIFAR-10 test, descriptions"] = dict(description_figures(model, test))
    figures["CIFAR-10 test, calibration"] = dict(calibration_figures(model, test, "a photo of a {}."))
    plain, drawing = "a photo of a {}.", "a drawing of a {}."
    for title, train, judge, pool in (
        ("CIFAR-10 search over sentences", photos, test, sentence_pool(model, CLASSES, plain)),
        ("CIFAR-10 search over templates", photos, test, shared_pool(model, CLASSES, plain)),
        ("emoji search over templates", emoji, emoji_test, shared_pool(model, emoji.names, plain)),
        ("emoji search over templates, from a drawing", emoji, emoji_test, shared_pool(model, emoji.names, drawing)),
    ):
        figures[title] = dict(search_figures(model, train, judge, pool))
    held_out = new_concepts(work)
    new = [concept in held_out for concept in ids]
    return figures | emoji_figures(model, emoji, emoji_test, new)


def main() -> None:
    """Print a table, then the same as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("examples/mini_clip/work"))
    parser.add_argument("--testbed", type=Path, default=Path("prompt_search/testbed"))
    parser.add_argument("--cifar-images", type=int, default=10_000)
    arguments = parser.parse_args()
    figures = evaluate(arguments.work, arguments.testbed, arguments.cifar_images)
    for title, rows in figures.items():
        print(f"\n{title}")
        for name, value in rows.items():
            print(f"  {name:32} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
