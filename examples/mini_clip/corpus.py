"""The texts the student learns from: WordNet's concrete nouns in templates, descriptions and definitions.

A prompt search feeds the text tower with names in templates and with sentences that say how a thing looks. WordNet
has names, definitions, kinds ("a type of") and parts for tens of thousands of things one can photograph, so the
texts made here have that shape. Nothing is written by a language model.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from open_clip import IMAGENET_CLASSNAMES, OPENAI_IMAGENET_TEMPLATES

from examples.mini_clip.fetch import folder

SEED = 20
LEXICOGRAPHER_FILES = {5: "animal", 6: "artifact", 8: "body", 13: "food", 17: "object", 19: "phenomenon",
                       20: "plant", 25: "shape", 27: "substance"}  # fmt: skip
PICTURE_TEMPLATES = (
    "a drawing of a {}.", "a drawing of the {}.", "an emoji of a {}.", "an icon of a {}.", "a cartoon {}.",
    "clip art of a {}.", "a sticker of a {}.", "a flat vector illustration of a {}.", "a colorful drawing of a {}.",
    "a simple picture of a {}.", "a symbol showing a {}.", "a childlike drawing of a {}.", "a digital icon: {}.",
    "an illustration of a {} on a plain background.", "a small picture of a {}.", "a tiny {}.", "{}",
    "a photo of a {}", "a photograph of a {}.", "an image of a {}.", "a picture of a {}.", "this is a {}.",
    "the {}.", "a {}.", "there is a {} here.", "a {} in the scene.", "a low-resolution thumbnail of a {}.",
    "a grainy snapshot of a {}.", "a pixelated image of the {}.", "a {} seen from the side.",
    "a {} seen from above.", "a close-up of a {}.", "a {} on a white background.", "a photo of a {}, a type of thing.",
    "an aerial view of a {}.", "a portrait of a {}.", "a {} outdoors.", "a {} at night.", "two {}s.", "many {}s.",
)  # fmt: skip
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray", "golden",
           "silver", "dark", "bright", "pale", "light brown", "dark blue", "striped", "spotted", "metallic", "shiny",
           "transparent", "multicolored")  # fmt: skip
QUALITIES = ("large", "small", "tiny", "huge", "long", "short", "thick", "thin", "round", "flat", "pointed", "curved",
             "square", "smooth", "rough", "soft", "furry", "feathered", "scaly", "wooden", "metal", "plastic", "glass",
             "slender", "heavy", "muscular", "wide", "narrow", "visible", "hanging", "upright", "folded")  # fmt: skip
SETTINGS = ("on the grass", "in the water", "in the sky", "on a road", "in a forest", "on a table", "on a plate",
            "in a field", "at sea", "in a kitchen", "on a tree branch", "against a blue sky", "in the snow",
            "on a city street", "in the desert", "near a river", "in a harbor", "at an airport", "in a parking lot",
            "on a farm", "indoors", "in someone's hand", "in a cage", "on a plain background", "at sunset",
            "under a tree", "on the beach", "in the mountains", "on a shelf", "in the garden")  # fmt: skip
ACTIONS = ("flying", "sitting", "standing", "running", "swimming", "eating", "sleeping", "driving", "parked",
           "floating", "jumping", "hanging", "lying down", "walking", "looking at the camera", "moving fast", "resting",
           "facing left", "seen from the front", "seen from behind", "carrying people", "opened")  # fmt: skip


@dataclass(frozen=True)
class Noun:
    """A WordNet synset of something concrete; `count` is how often a sense-tagged corpus used it."""

    names: tuple[str, ...]
    gloss: str
    kinds: tuple[str, ...]
    parts: tuple[str, ...]
    count: int


def tag_counts(wordnet: Path) -> dict[str, int]:
    """How often each sense key occurs in WordNet's tagged corpus."""
    lines = (line.split() for line in (wordnet / "cntlist.rev").read_text().splitlines())
    return {key: int(count) for key, _, count in lines}


def parse_synset(line: str, counts: dict[str, int]) -> tuple[str, Noun, list[str], list[str]]:
    """One line of `data.noun`: its offset, a noun without relations yet, offsets of its kinds and of its parts."""
    data, _, gloss = line.partition(" | ")
    fields = data.split()
    words = [(fields[4 + 2 * i], int(fields[5 + 2 * i], 16)) for i in range(int(fields[3], 16))]
    start = 5 + 2 * len(words)
    pointers = [fields[i : i + 4] for i in range(start, start + 4 * int(fields[start - 1]), 4)]
    keys = [f"{word.lower()}%1:{fields[1]}:{sense:02d}::" for word, sense in words]
    names = tuple(dict.fromkeys(word.replace("_", " ") for word, _ in words))
    noun = Noun(names, gloss.split(";")[0].strip(' ()"'), (), (), max(counts.get(key, 0) for key in keys))
    kinds = [target for symbol, target, *_ in pointers if symbol == "@"]
    return fields[0], noun, kinds, [target for symbol, target, *_ in pointers if symbol == "%p"]


def read_nouns(work: Path) -> list[Noun]:
    """All concrete nouns, with the names of what they are a kind of and of what they consist of."""
    wordnet = folder(work, "wordnet-base") / "usr/share/wordnet"
    counts = tag_counts(wordnet)
    lines = [line for line in (wordnet / "data.noun").read_text().splitlines() if not line.startswith("  ")]
    parsed = (parse_synset(line, counts) for line in lines)
    synsets = {offset: (noun, kinds, parts) for offset, noun, kinds, parts in parsed}
    concrete = {line[:8] for line in lines if int(line[9:11]) in LEXICOGRAPHER_FILES}
    nouns = []
    for offset in sorted(concrete):
        noun, kinds, parts = synsets[offset]
        if noun.names[0][0].isupper() and noun.count == 0:
            continue  # Latin names of species and single mountains and rivers: a quarter of WordNet, hardly prompts
        inherited = parts + [part for kind in kinds for part in synsets[kind][2]]
        kind_names = tuple(synsets[kind][0].names[0] for kind in kinds)
        part_names = tuple(dict.fromkeys(synsets[part][0].names[0] for part in inherited))
        nouns.append(Noun(noun.names, noun.gloss, kind_names, part_names, noun.count))
    return nouns


def templates() -> list[str]:
    """CLIP's 80 general templates (open_clip has them as functions) and ours for drawings and small pictures."""
    return [template("{}") for template in OPENAI_IMAGENET_TEMPLATES] + list(PICTURE_TEMPLATES)


def quality_phrase(noun: Noun, rng: random.Random) -> str:
    """Two features joined: parts of the noun where WordNet lists some, else colour and shape."""
    parts = list(noun.parts) or ["body", "surface", "shape", "head", "legs", "wings", "tail", "wheels", "leaves"]
    first, second = rng.choice(parts), rng.choice(parts)
    return f"{rng.choice(COLOURS + QUALITIES)} {first} and {rng.choice(COLOURS + QUALITIES)} {second}"


def sentence(noun: Noun, name: str, rng: random.Random) -> str:
    """A description as a language model or a person would write one."""
    kind = rng.choice(noun.kinds) if noun.kinds else "thing"
    look, setting, action = quality_phrase(noun, rng), rng.choice(SETTINGS), rng.choice(ACTIONS)
    colour, quality = rng.choice(COLOURS), rng.choice(QUALITIES)
    return rng.choice((
        f"a photo of a {name}, a type of {kind}.", f"A {name} is a {kind} with {look}.",
        f"A {name} typically has {look}.", f"a {colour} {name} {setting}.", f"a {name} {action} {setting}.",
        f"a photo of a {quality} {colour} {name}.", f"a {name} which has {look}.", f"A {name} is {noun.gloss}.",
        f"a photo of a {name}: {noun.gloss}.", f"a {name}, {noun.gloss}.", f"{name} with {look}.",
        f"The {name} is {quality} and {colour}.", f"A {name} looks like a {quality} {kind}.",
        f"a drawing of a {colour} {name}.", f"a {quality} {kind}, {noun.gloss}.", f"{look}, {setting}.",
        f"a {kind} with {look}.", f"In this image there is a {colour} {name} {action}.",
        f"a {quality} {name} {setting}, {action}.", f"a {colour} {kind} {action} {setting}.",
    ))  # fmt: skip


def texts_about(noun: Noun, rng: random.Random) -> Iterator[str]:
    """More texts for nouns people use more: they are the ones prompts name."""
    frames = templates()
    yield noun.gloss
    yield from noun.names
    repeats = 1 + min(noun.count, 12)
    for _ in range(2 * repeats):
        yield rng.choice(frames).format(rng.choice(noun.names))
        yield sentence(noun, rng.choice(noun.names), rng)


def build_corpus(work: Path) -> list[str]:
    """All distinct texts, in a fixed shuffled order."""
    rng = random.Random(SEED)
    texts = {text: None for noun in read_nouns(work) for text in texts_about(noun, rng)}
    frames = templates()
    for name in IMAGENET_CLASSNAMES:
        texts |= dict.fromkeys([name, f"a photo of a {name}."])
        texts |= dict.fromkeys(frame.format(name) for frame in rng.sample(frames, 10))
    ordered = sorted(texts)
    rng.shuffle(ordered)
    return ordered
