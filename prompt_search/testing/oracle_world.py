"""A small world whose best prompts are known: every feature in it is a function of words.

    world = oracle_world(tmp_path)
    shortlist = HillClimbing().run(world.search(offered_among_noise([world.best])))
    assert shortlist[0].templates == (world.best,)

What a picture of a class shows is a few *visible words* (by default those of the class's name), and its features are
their directions and some noise. A text's features are the directions of its words, blurred. The blur is as strong as
the share of the *keywords* that the text lacks, in a direction of its own; a keyword does nothing else. So the
template made of all the keywords and the class name is the best one, and every further keyword helps. With
`best="{}"` there are no keywords and no blur, and only the words themselves count: for class texts, where those that
name more of what is visible are better.
"""

import hashlib
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from evaluators import FITNESS_PRESETS, ClassLabel, Evaluator, LabeledImages, TextEncoder
from evaluators.models.image_text_model import FloatArray
from optimizers import Request, Task
from prompt_search.testing.scripted_search import Script, ScriptedSearch

__all__ = ["ANIMALS", "BEST_TEMPLATE", "OracleModel", "OracleWorld", "offered_among_noise", "oracle_world"]

BEST_TEMPLATE = "crystal clear portrait of one {} outdoors"
ANIMALS = ("badger", "cat", "heron", "owl", "red fox", "roe deer")
WIDTH = 64
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class OracleModel:
    """Implements `ImageTextModel` without weights and without eyes.

    Attributes:
        keywords: words that make a text sharp.
        blur: length of what is added to a text without any of them; the direction of a word has length 1.
    """

    keywords: frozenset[str] = frozenset()
    blur: float = 3.0
    name: str = "oracle"
    preprocessing: str = "none"
    width: int = WIDTH
    context_length: int = 77
    logit_scale: float = 10.0

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr((sorted(self.keywords), self.blur)).encode()).hexdigest()

    def token_keys(self, texts: Sequence[str]) -> list[bytes]:
        return [" ".join(words(text)).encode() for text in texts]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(words(text)) + 2 for text in texts]

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        return unit(np.array([self._feature(text) for text in texts]))

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        raise NotImplementedError("the pictures of this world have no pixels")

    def _feature(self, text: str) -> FloatArray:
        found = set(words(text))
        missing = len(self.keywords - found) / max(len(self.keywords), 1)
        seen = [direction(word) for word in sorted(found - self.keywords)]
        feature: FloatArray = np.sum([self.blur * missing * direction(f"blur: {text}"), *seen], axis=0)
        return feature


@dataclass(frozen=True)
class OracleWorld:
    """The job, what scores it, and the best template there is."""

    task: Task
    evaluator: Evaluator
    best: str

    def search(self, replies: Script = (), seed: int = 0, captions: Sequence[str] = ()) -> ScriptedSearch:
        """What a strategy is given here; the best template is the best at the model's own logit scale."""
        fitness = FITNESS_PRESETS["top1-ce"]
        return ScriptedSearch(self.task, replies, self.evaluator, seed, fitness, captions=captions)


def oracle_world(
    folder: Path,
    best: str = BEST_TEMPLATE,
    visible: Mapping[str, str] | None = None,
    per_class: int = 16,
    noise: float = 2.0,
    seed: int = 0,
) -> OracleWorld:
    """Build a world.

    Args:
        folder: for the text features.
        best: the best template; its words are the keywords.
        visible: per class name the words that its pictures show; by default six animals that show their names.
        per_class: images of each class.
        noise: length of what is added to a picture at random.
        seed: of the noise.
    """
    shown = dict(visible) if visible else {name: name for name in ANIMALS}
    labels = tuple(sorted(ClassLabel(f"n{index:02}", name) for index, name in enumerate(shown)))
    texts = TextEncoder(OracleModel(frozenset(words(best))), folder)
    clean = unit(np.array([np.sum([direction(word) for word in words(shown[c.name])], axis=0) for c in labels]))
    truth = np.repeat(np.arange(len(labels)), per_class)
    random_part = np.random.default_rng(seed).normal(scale=noise / WIDTH**0.5, size=(len(truth), WIDTH))
    names = tuple(f"{labels[c].id}/{i}.png" for i, c in enumerate(truth))
    images = LabeledImages(unit(clean[truth] + random_part), truth, tuple(c.id for c in labels), names)
    fits = lambda text: texts.model.token_counts([text])[0] <= texts.model.context_length  # noqa: E731
    task = Task(labels, len(truth), fits, labels=tuple(map(int, truth)))
    return OracleWorld(task, Evaluator(images, texts), best)


def offered_among_noise(
    good: Sequence[str], every: int = 7, seed: int = 0, wrap: Callable[[str], str] = lambda text: text
) -> Callable[[Request], str]:
    """A language model that answers every seventh question with the next of the good texts, and the rest with noise.

    The noise is templates of other words, chatter, refusals and nothing at all. After the last good text there is noise
    only. `wrap` puts what the caller likes around each template, e.g. tags.
    """
    rng = random.Random(seed)
    asked = 0

    def answer(request: Request) -> str:
        nonlocal asked
        asked += 1
        position, rest = divmod(asked, every)
        if rest == 0 and position <= len(good):
            return f"Sure! Here is one:\n1. {wrap(good[position - 1])}"
        return wrap(_noise(rng)) if rng.random() < 0.8 else rng.choice(["", "I'm sorry, I can't.", "No {} {}.", "{"])

    return answer


def _noise(rng: random.Random) -> str:
    before, after = rng.choice(["a dim", "some odd", "my red", "this"]), rng.choice(["art", "view", "plush", "tattoo"])
    return f"{before} {after} {rng.randrange(1000)} of a {{}}."


def words(text: str) -> list[str]:
    """The words of a text, in lower case and without punctuation."""
    return WORD.findall(text.lower())


def direction(word: str) -> FloatArray:
    """The unit vector that stands for a word."""
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    (vector,) = unit(np.random.default_rng(seed).normal(size=(1, WIDTH)))
    return np.asarray(vector, dtype=np.float32)


def unit(vectors: "np.ndarray[tuple[int, ...], np.dtype[np.float64]] | FloatArray") -> FloatArray:
    """Rows of length 1 (a row of zeros stays)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
