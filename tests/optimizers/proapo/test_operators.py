"""ProAPO's operators: what they can and can't make, in what proportion, and how often."""

import random
from collections import Counter
from itertools import combinations, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.proapo.genome import Genes
from optimizers.proapo.operators import additions, crossings, mutations, removals, replacements

POOL = tuple((number // 8, number) for number in range(12))
seeds = st.integers(0, 2**32)
sets = st.sets(st.sampled_from(POOL), min_size=1, max_size=8).map(lambda items: tuple(sorted(items)))
populations = st.lists(sets, min_size=1, max_size=4)


def genes(*numbers: int) -> Genes:
    return tuple(POOL[number] for number in numbers)


def is_a_set(items: Genes) -> bool:
    return items == tuple(sorted(set(items))) and set(items) <= set(POOL)


@given(sets, seeds)
def test_additions_are_all_sets_with_one_more(items: Genes, seed: int) -> None:
    made = list(additions(items, POOL, random.Random(seed)))
    assert sorted(made) == sorted(tuple(sorted([*items, new])) for new in POOL if new not in items)


@given(sets, seeds)
def test_removals_are_all_sets_with_one_less_and_two_items_stay(items: Genes, seed: int) -> None:
    made = list(removals(items, random.Random(seed)))
    assert sorted(made) == (sorted(combinations(items, len(items) - 1)) if len(items) > 2 else [])


@given(sets, seeds)
def test_replacements_are_all_sets_with_one_other(items: Genes, seed: int) -> None:
    made = list(replacements(items, POOL, random.Random(seed)))
    assert len(made) == len(set(made)) == len(items) * (len(POOL) - len(items))
    assert all(is_a_set(m) and len(m) == len(items) and len(set(m) & set(items)) == len(items) - 1 for m in made)


@given(st.integers(1, 20), seeds)
def test_fresh_sets_have_the_size_that_was_asked_for_or_all_there_is(size: int, seed: int) -> None:
    made = list(islice(mutations((), POOL, size, random.Random(seed)), 20))
    assert all(is_a_set(items) and len(items) == min(size, len(POOL)) for items in made)


@given(populations, seeds)
def test_crossings_keep_what_all_parents_share_and_add_only_what_one_holds(parents: list[Genes], seed: int) -> None:
    shared = set.intersection(*map(set, parents))
    held = set.union(*map(set, parents))
    made = list(islice(crossings(parents, random.Random(seed)), 20))
    assert bool(made) == (shared != held)
    assert all(is_a_set(items) and shared < set(items) <= held for items in made)


def test_crossings_prefer_what_more_parents_hold() -> None:
    parents = [genes(0, 1), genes(0, 2), genes(0, 3), genes(4)]
    alone = [child for child in crossings(parents, random.Random(0)) if len(child) == 1]
    many: Counter[Genes] = Counter(
        child for seed in range(40) for child in crossings(parents, random.Random(seed)) if len(child) == 1
    )
    assert alone
    share = many[genes(0)] / many.total()
    assert share == pytest.approx(3 / 7, abs=0.05), "three of seven holdings are those of gene 0"


def test_the_number_that_is_drawn_in_a_crossing_is_uniform() -> None:
    parents = [genes(0, 1, 2), genes(0, 3, 4)]
    sizes = Counter(len(child) - 1 for seed in range(20) for child in crossings(parents, random.Random(seed)))
    assert sorted(sizes) == [1, 2, 3, 4]
    assert all(count == pytest.approx(sizes.total() / 4, rel=0.1) for count in sizes.values())


@given(sets, st.integers(1, 20), seeds)
def test_a_mutation_of_a_set_adds_to_it(items: Genes, size: int, seed: int) -> None:
    made = list(islice(mutations(items, POOL, size, random.Random(seed)), 20))
    assert bool(made) == (len(items) < len(POOL))
    assert all(set(items) < set(m) and len(m) == min(len(items) + size, len(POOL)) for m in made)
