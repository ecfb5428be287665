"""A sample is identified by everything that makes the draw, and by nothing else."""

import json
from dataclasses import replace

import pytest

from optimizers import Message, Reply, Request, Sample

REQUEST = Request((Message("system", "Be brief."), Message("user", "Describe a cat.")))
SAMPLE = Sample(REQUEST, run_seed=0, occurrence=0)

OTHERS = [
    replace(SAMPLE, run_seed=1),
    replace(SAMPLE, occurrence=1),
    replace(SAMPLE, request=replace(REQUEST, temperature=0.9)),
    replace(SAMPLE, request=replace(REQUEST, top_p=0.9)),
    replace(SAMPLE, request=replace(REQUEST, max_tokens=7)),
    replace(SAMPLE, request=replace(REQUEST, json_schema="{}")),
    replace(SAMPLE, request=replace(REQUEST, messages=REQUEST.messages[1:])),
    replace(SAMPLE, request=replace(REQUEST, messages=REQUEST.messages[::-1])),
    replace(SAMPLE, request=replace(REQUEST, messages=(Message("user", "Be brief."), REQUEST.messages[1]))),
]


def test_equal_draws_have_equal_keys_and_seeds() -> None:
    again = Sample(Request(tuple(replace(m) for m in REQUEST.messages)), 0, 0)
    assert (again.key, again.seed) == (SAMPLE.key, SAMPLE.seed)


@pytest.mark.parametrize("other", OTHERS)
def test_any_difference_makes_another_draw(other: Sample) -> None:
    assert other.key != SAMPLE.key
    assert other.seed != SAMPLE.seed


def test_keys_are_the_same_in_every_process_and_release() -> None:
    assert SAMPLE.key == "878381f7bd1100420a71b2aa80ab2722beb5b019d519c5f1b034f1c8e8c73ae5"


def test_seeds_are_31_bit_integers() -> None:
    seeds = [replace(SAMPLE, occurrence=i).seed for i in range(200)]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert len(set(seeds)) == 200


def test_odd_characters_have_keys_too() -> None:
    keys = {Sample(Request((Message("user", text),)), 0, 0).key for text in ["\ud800", "🦊", "\x00", ""]}
    assert len(keys) == 4


def test_a_request_is_plain_json() -> None:
    assert json.loads(json.dumps(REQUEST.to_json())) == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Describe a cat."}],
        "temperature": 1.0,
        "top_p": 1.0,
        "max_tokens": 200,
        "json_schema": None,
    }


def test_whether_a_reply_was_cached_does_not_make_it_another_reply() -> None:
    assert Reply("a cat", cached=True) == Reply("a cat")
