"""Pairwise prompts: what makes two of them equal, how they are written down, and what they compile to."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators import ClassPair, Difference, PairwisePrompts, PromptSet, candidate_from_json
from evaluators.errors import PromptError

BASE = PromptSet.of({"c": "cat", "d": "dog", "o": "owl", "z": "zebra"}, ["a photo of a {}."])
EARS = Difference("ears", "a cat with pointed ears", "a dog with floppy ears")
SIZE = Difference("size", "a small cat", "a large dog")
BEAK = Difference("beak", "a cat with whiskers", "an owl with a beak")
PAIRS = (ClassPair("c", "d", (EARS, SIZE), images=3), ClassPair("c", "o", (BEAK,), images=7))
PROMPTS = PairwisePrompts(BASE, PAIRS, k=3)

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
differences = st.builds(Difference, st.text(st.characters(exclude_categories=["Cs"])), texts, texts)


@given(
    st.dictionaries(
        st.sampled_from([("c", "d"), ("c", "o"), ("d", "z"), ("o", "z")]), st.lists(differences, min_size=1, max_size=3)
    ),
    st.integers(1, 20),
    st.none() | st.integers(0, 5),
    st.randoms(),
)
def test_json_reads_back_equal_and_order_never_matters(
    told: dict[tuple[str, str], list[Difference]], k: int, most: int | None, rng: random.Random
) -> None:
    pairs = [ClassPair(*ids, tuple(found)) for ids, found in told.items()]
    prompts = PairwisePrompts(BASE, tuple(pairs), k, most)
    assert candidate_from_json(json.loads(json.dumps(prompts.to_json()))) == prompts
    rng.shuffle(pairs)
    turned = [
        ClassPair.of(p.second, p.first, [Difference(d.attribute, d.second, d.first) for d in p.differences])
        for p in pairs
    ]
    assert PairwisePrompts(BASE, tuple(turned), k, most) == prompts


def test_the_fingerprint_is_that_of_what_decides_the_answers() -> None:
    same = [
        replace(PROMPTS, pairs=PAIRS[::-1]),
        replace(PROMPTS, pairs=(replace(PAIRS[0], differences=(SIZE, EARS), images=99), PAIRS[1])),
        replace(PROMPTS, pairs=(replace(PAIRS[0], differences=(EARS, SIZE, EARS)), PAIRS[1])),
        replace(PROMPTS, compile_pairs=1),
        replace(
            PROMPTS, base=PromptSet.of(BASE.classes, texts={c.id: [f"a photo of a {c.name}."] for c in BASE.classes})
        ),
    ]
    other = [
        replace(PROMPTS, k=2),
        replace(PROMPTS, pairs=PAIRS[:1]),
        replace(PROMPTS, pairs=(ClassPair("c", "z", (EARS, SIZE)), PAIRS[1])),
        replace(PROMPTS, base=BASE.with_templates(["{}"])),
    ]
    assert {each.fingerprint for each in same} == {PROMPTS.fingerprint}
    assert PROMPTS.fingerprint not in {each.fingerprint for each in other}
    assert PairwisePrompts(BASE, ()).fingerprint != BASE.fingerprint


def test_every_text_that_can_stand_for_a_class_is_listed_and_counted() -> None:
    assert PROMPTS.rendered[0] == ("a photo of a cat.", "a cat with pointed ears", "a small cat", "a cat with whiskers")
    assert PROMPTS.rendered[3] == ("a photo of a zebra.",)
    assert PROMPTS.n_texts == 4 + 3 + 2 + 1


def test_compiled_is_the_union_over_the_most_frequent_pairs_and_the_base_elsewhere() -> None:
    assert PROMPTS.compiled().rendered == (
        ("a cat with pointed ears", "a small cat", "a cat with whiskers"),
        ("a dog with floppy ears", "a large dog"),
        ("an owl with a beak",),
        ("a photo of a zebra.",),
    )
    most_frequent = replace(PROMPTS, compile_pairs=1).compiled()
    assert most_frequent.rendered[:3] == (("a cat with whiskers",), ("a photo of a dog.",), ("an owl with a beak",))
    assert replace(PROMPTS, compile_pairs=0).compiled() == BASE
    assert replace(PROMPTS, compile_pairs=99).compiled() == PROMPTS.compiled()
    assert BASE.compiled() is BASE


def test_equally_frequent_pairs_are_compiled_in_order_of_their_ids() -> None:
    even = replace(PROMPTS, pairs=tuple(replace(pair, images=1) for pair in PAIRS), compile_pairs=1)
    assert even.compiled().rendered[1] == ("a dog with floppy ears", "a large dog")


def test_a_pair_given_the_other_way_round_keeps_each_caption_with_its_class() -> None:
    pair = ClassPair.of("d", "c", [Difference("ears", "a dog with floppy ears", "a cat with pointed ears")])
    assert (pair.texts("c"), pair.texts("d")) == (("a cat with pointed ears",), ("a dog with floppy ears",))


def test_other_class_ids_keep_the_texts_with_their_classes() -> None:
    ids = {"c": "x9", "d": "x1", "o": "x5", "z": "x0"}
    base = PromptSet.of({ids[c.id]: c.name for c in BASE.classes}, BASE.templates)
    moved = PROMPTS.with_classes(base, ids)
    assert dict(zip([c.name for c in moved.classes], moved.rendered, strict=True)) == dict(
        zip([c.name for c in BASE.classes], PROMPTS.rendered, strict=True)
    )


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: ClassPair("d", "c", (EARS,)), "two ids in order"),
        (lambda: ClassPair("c", "c", (EARS,)), "two ids in order"),
        (lambda: ClassPair("c", "d", ()), "has no texts"),
        (lambda: Difference("ears", " ", "a dog"), "a caption for each"),
        (lambda: Difference("ears", "half \ud800", "a dog"), "half a character"),
        (lambda: PairwisePrompts(BASE, PAIRS[:1] * 2), "comes twice"),
        (lambda: PairwisePrompts(BASE, (ClassPair("c", "q", (EARS,)),)), "unknown class id"),
        (lambda: PairwisePrompts(BASE, (), k=0), "k must be at least 1"),
        (lambda: PairwisePrompts(BASE, (), compile_pairs=-1), "compile_pairs at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make: object, complaint: str) -> None:
    assert callable(make)
    with pytest.raises(PromptError, match=complaint):
        make()


@pytest.mark.parametrize(
    "broken",
    [
        {"pairs": None},
        {"pairs": [{}]},
        {"pairs": [3]},
        {"pairs": ["ab"]},
        {"pairs": [{"classes": ["c"], "differences": []}]},
        {"pairs": [{"classes": ["c", 3], "differences": []}]},
        {"pairs": [{"classes": ["c", "d"], "differences": [{"attribute": "a", "captions": ["only one"]}]}]},
        {"pairs": [{"classes": ["c", "d"], "differences": [{"attribute": 1, "captions": ["a", "b"]}]}]},
        {"k": "many"},
        {"k": None},
        {"compile_pairs": []},
    ],
    ids=str,
)
def test_json_of_another_shape_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(PromptError):
        candidate_from_json(PROMPTS.to_json() | broken)


def test_json_without_pairs_is_a_plain_set() -> None:
    assert candidate_from_json(BASE.to_json()) == BASE
