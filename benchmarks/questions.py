"""What each question of ensemble selection brings, on CIFAR-10 train images; the test images have no part in it.

    python -m benchmarks.questions --llm local
    python -m benchmarks.questions --llm qwen

From 4,000 train images 32 a class are drawn, texts are selected on them as the strategy does, and tried on the rest:
with the replies to one question, with those to several, and with as many random words in their place.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.cifar10_images import cifar10_file
from benchmarks.measure import Figure
from benchmarks.stronger_model import qwen
from evaluators import (
    ClassLabel,
    LabeledImages,
    Saying,
    SelectionSettings,
    TextEncoder,
    TextLibrary,
    choose_texts,
    general_templates,
)
from evaluators.selection.library_selection import library_features
from evaluators.selection.text_selection import weights_of
from optimizers import LanguageModel, Message, Request, Sample
from optimizers.ensemble_selection import kinds_in, sentences_in
from optimizers.meta_prompts import class_questions, everyday_question, kinds_question, photo_question
from optimizers.replies import sentence
from prompt_search.cache.cache_dir import cache_dir
from prompt_search.data.load import load_splits
from prompt_search.llm.choose import language_model
from prompt_search.models import load_model
from prompt_search.report.result import RANDOM_WORDS
from prompt_search.report.statistics import Mean
from prompt_search.run.outcome.last_selection import Recipe, searched_placebos
from prompt_search.testbed.demo import DESCRIPTIONS

__all__ = ["QUESTIONS", "Question", "main", "measure", "replies_to"]

IMAGES, DRAWN, DRAWS, SAMPLES, LISTED = 400, 32, 6, 2, 10
ABOUT = DESCRIPTIONS["photos"]
Said = list[list[Saying]]


@dataclass(frozen=True)
class Question:
    """What is asked about a class, and what is taken from a reply."""

    asked: Callable[[str], Sequence[tuple[Message, ...]]]
    read: Callable[[str, ClassLabel], list[Saying]]
    temperature: float
    max_tokens: int = 150


def _sentence(text: str, label: ClassLabel) -> list[Saying]:
    found = sentence(text, label.name)
    return [] if found is None else [Saying(found)]


QUESTIONS: Mapping[str, Question] = {
    "kinds": Question(lambda name: [kinds_question(name, ABOUT, LISTED)], kinds_in, 0.7),
    "everyday kinds": Question(lambda name: [everyday_question(name, LISTED)], kinds_in, 0.7),
    "captions": Question(lambda name: [photo_question(name, LISTED)], sentences_in, 0.9),
    "CuPL's sentences": Question(lambda name: class_questions(name, ABOUT), _sentence, 0.99, 50),
}
"""The three that are asked, and what they are instead of."""

TOGETHER = ("kinds", "everyday kinds", "captions")


def measure(device: str) -> list[Figure]:
    """Gain over the photo template, and over as many random words, with the local language model."""
    return _figures(language_model("local", cache_dir=cache_dir()), "SmolLM2-135M", device)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print them for a language model of one's choice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.questions", description=__doc__)
    parser.add_argument("--llm", default="local", help="local, qwen (1.1 GB, fetched), gguf:PATH, or any other name")
    given = parser.parse_args(arguments).llm
    name = f"gguf:{qwen(cache_dir() / 'benchmarks')}" if given == "qwen" else given
    for figure in _figures(language_model(name, cache_dir=cache_dir()), given, "auto"):
        print(f"{figure.name}: {figure.value:+.2f} {figure.unit} ({figure.note})", flush=True)


def replies_to(question: Question, classes: Sequence[ClassLabel], llm: LanguageModel, samples: int = SAMPLES) -> Said:
    """Per class what the language model's replies to a question hold."""
    said: Said = [[] for _ in classes]
    asked = [
        (c, Sample(Request(turns, question.temperature, max_tokens=question.max_tokens), 0, index))
        for index in range(samples)
        for c, label in enumerate(classes)
        for turns in question.asked(label.name)
    ]
    found: dict[int, str] = {}
    llm.complete([sample for _, sample in asked], lambda number, reply: found.__setitem__(number, reply.text))
    for number, (c, _) in enumerate(asked):
        said[c] += question.read(found.get(number, ""), classes[c])
    return said


def _figures(llm: LanguageModel, name: str, device: str) -> list[Figure]:
    model = load_model("mini-clip", device=device)
    data = cifar10_file(cache_dir() / "benchmarks")
    splits = load_splits(data, model, cache_dir=cache_dir(), shots=IMAGES, select_shots=1)
    texts = TextEncoder(model, cache_dir())
    said = {name: replies_to(question, splits.classes, llm) for name, question in QUESTIONS.items()}
    together = {"the three that are asked": TOGETHER, "all four": tuple(QUESTIONS)}
    said |= {
        name: [[each for part in parts for each in said[part][c]] for c in range(len(splits.classes))]
        for name, parts in together.items()
    }
    figures = []
    for question, own in said.items():
        kept = tuple(tuple(dict.fromkeys(each for each in some if _fits(each, texts))) for some in own)
        library = TextLibrary(splits.classes, tuple(general_templates()), kept)
        figures += _gains(f"questions: {question} ({name})", library, splits.search, texts)
    return figures


def _gains(name: str, library: TextLibrary, images: LabeledImages, texts: TextEncoder) -> list[Figure]:
    placebos = searched_placebos(Recipe(library, SelectionSettings()), 0, lambda text: _fits(Saying(text), texts))
    libraries = {"own": library, RANDOM_WORDS: placebos[RANDOM_WORDS]}
    features = {key: library_features(each, texts.embed) for key, each in libraries.items()}
    x, y, scale = images.embeddings[:], images.labels, texts.model.logit_scale
    gains: dict[str, list[float]] = {key: [] for key in libraries}
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        own = np.concatenate([rng.permutation(np.flatnonzero(y == c))[:DRAWN] for c in range(len(library.classes))])
        rest = np.setdiff1d(np.arange(len(y)), own)
        photo = (x[rest] @ weights_of(features["own"], ((0,),) * len(library.classes))).argmax(axis=1) == y[rest]
        for key, tried in libraries.items():
            chosen = choose_texts(x[own], y[own], tried, features[key], scale, SelectionSettings()).chosen
            right = (x[rest] @ weights_of(features[key], chosen)).argmax(axis=1) == y[rest]
            gains[key].append(100 * float(right.mean() - photo.mean()))
    claim = f"{DRAWN} images a class, tried on the other {len(x) - DRAWN * len(library.classes):,} train images"
    words = [own - other for own, other in zip(gains["own"], gains[RANDOM_WORDS], strict=True)]
    each = sum(map(len, library.sayings)) / len(library.classes)
    return [
        _figure(f"{name}: over the photo template", claim, gains["own"], f", {each:.0f} texts a class"),
        _figure(f"{name}: over as many random words", claim, words),
    ]


def _figure(name: str, claim: str, values: Sequence[float], more: str = "") -> Figure:
    mean = Mean.of(values)
    return Figure(name, claim, round(mean.value, 2), "points", note=f"{mean}{more}")


def _fits(saying: Saying, texts: TextEncoder) -> bool:
    return texts.model.token_counts([saying.text])[0] <= texts.model.context_length


if __name__ == "__main__":
    main()
