"""ProAPO's operators: what they can and can't make, in what proportion, and that nothing is made twice."""

import random
from collections import Counter
from itertools import combinations, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.proapo_operators import Breeding, additions, crossings, fresh_sets, removals, replacements

POOL = tuple(range(12))
seeds = st.integers(0, 2**32)
sets = st.sets(st.sampled_from(POOL), min_size=1, max_size=8).map(lambda items: tuple(sorted(items)))
populations = st.lists(sets, min_size=1, max_size=4)


def as_it_is(_: int | None, items: tuple[int, ...]) -> tuple[int, ...]:
    return items


def is_a_set(items: tuple[int, ...]) -> bool:
    return items == tuple(sorted(set(items))) and set(items) <= set(POOL)


@given(sets, seeds)
def test_additions_are_all_sets_with_one_more(items: tuple[int, ...], seed: int) -> None:
    made = list(additions(items, POOL, random.Random(seed)))
    assert sorted(made) == sorted(tuple(sorted([*items, new])) for new in POOL if new not in items)


@given(sets, seeds)
def test_removals_are_all_sets_with_one_less_and_two_items_stay(items: tuple[int, ...], seed: int) -> None:
    made = list(removals(items, random.Random(seed)))
    assert sorted(made) == (sorted(combinations(items, len(items) - 1)) if len(items) > 2 else [])


@given(sets, seeds)
def test_replacements_are_all_sets_with_one_other(items: tuple[int, ...], seed: int) -> None:
    made = list(replacements(items, POOL, random.Random(seed)))
    assert len(made) == len(set(made)) == len(items) * (len(POOL) - len(items))
    assert all(is_a_set(m) and len(m) == len(items) and len(set(m) & set(items)) == len(items) - 1 for m in made)


@given(st.integers(1, 20), seeds)
def test_fresh_sets_have_the_size_that_was_asked_for_or_all_there_is(size: int, seed: int) -> None:
    made = list(islice(fresh_sets(POOL, size, random.Random(seed)), 20))
    assert all(is_a_set(items) and len(items) == min(size, len(POOL)) for items in made)


@given(populations, seeds)
def test_crossings_keep_what_all_parents_share_and_add_only_what_one_holds(
    parents: list[tuple[int, ...]], seed: int
) -> None:
    shared = set.intersection(*map(set, parents))
    held = set.union(*map(set, parents))
    made = list(islice(crossings(parents, random.Random(seed)), 20))
    assert bool(made) == (shared != held)
    assert all(is_a_set(items) and shared < set(items) <= held for items in made)


def test_crossings_prefer_what_more_parents_hold() -> None:
    parents = [(0, 1), (0, 2), (0, 3), (4,)]
    alone = [child for child in crossings(parents, random.Random(0)) if len(child) == 1]
    many = Counter(child for seed in range(40) for child in crossings(parents, random.Random(seed)) if len(child) == 1)
    assert alone
    share = many[(0,)] / many.total()
    assert share == pytest.approx(3 / 7, abs=0.05), "three of seven holdings are those of item 0"


def test_the_number_that_is_drawn_in_a_crossing_is_uniform() -> None:
    parents = [(0, 1, 2), (0, 3, 4)]
    sizes = Counter(len(child) - 1 for seed in range(20) for child in crossings(parents, random.Random(seed)))
    assert sorted(sizes) == [1, 2, 3, 4]
    assert all(count == pytest.approx(sizes.total() / 4, rel=0.1) for count in sizes.values())


@given(populations.filter(lambda parents: len(set(parents)) == len(parents)), seeds, st.sets(sets, max_size=10))
def test_a_generation_is_new_different_and_no_larger_than_told(
    parents: list[tuple[int, ...]], seed: int, others: set[tuple[int, ...]]
) -> None:
    breeding = Breeding(edits=3, mutations=4, crossovers=5, most=20, pool=POOL)
    known = others | set(parents)
    children = breeding.children(parents, 3, random.Random(seed), known, as_it_is)
    assert len(children) == len(set(children)) <= 20
    assert not known & set(children)
    assert all(map(is_a_set, children))


def test_the_numbers_of_children_of_each_kind() -> None:
    parents: list[tuple[int, ...]] = [(0, 1, 2, 3), (0, 4, 5, 6)]
    breeding = Breeding(edits=2, mutations=3, crossovers=4, most=100, pool=POOL)
    born: list[int | None] = []

    def genome(parent: int | None, items: tuple[int, ...]) -> tuple[int, ...]:
        born.append(parent)
        return items

    children = breeding.children(parents, 7, random.Random(0), set(parents), genome)
    assert len(children) == 2 * 3 * 2 + 3 + 4
    assert Counter(map(len, children))[7] >= 3
    assert {0, 1, None} == set(born)
    fewer = Breeding(edits=2, mutations=3, crossovers=4, most=5, pool=POOL)
    assert len(fewer.children(parents, 7, random.Random(0), set(parents), genome)) == 5


def test_a_known_child_makes_room_for_another() -> None:
    everything: set[tuple[int, ...]] = {tuple(sorted((0, new))) for new in POOL[1:]}
    breeding = Breeding(edits=1, mutations=0, crossovers=0, most=9, pool=POOL)
    for left in sorted(everything):
        known = {(0,), *((new,) for new in POOL), *everything} - {left}
        assert breeding.children([(0,)], 2, random.Random(0), known, as_it_is) == [left]


@given(populations, seeds)
def test_a_generation_is_a_function_of_its_seed(parents: list[tuple[int, ...]], seed: int) -> None:
    breeding = Breeding(edits=3, mutations=4, crossovers=5, most=20, pool=POOL)
    first, again = (breeding.children(parents, 3, random.Random(seed), set(parents), as_it_is) for _ in range(2))
    assert first == again
