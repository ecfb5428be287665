"""ProAPO's operators, what they can make and how often; and a generation, none of its children known or twice."""

import random
from collections import Counter
from itertools import combinations, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.proapo.evolution import Evolution, additions, crossings, mutations, removals, replacements
from optimizers.proapo.population import Genes, Genome

ITEMS = tuple((number // 8, number) for number in range(12))
seeds = st.integers(0, 2**32)
item_sets = st.sets(st.sampled_from(ITEMS), min_size=1, max_size=8).map(lambda items: tuple(sorted(items)))
families = st.lists(item_sets, min_size=1, max_size=4)


def genes(*numbers: int) -> Genes:
    return tuple(ITEMS[number] for number in numbers)


def is_a_set(items: Genes) -> bool:
    return items == tuple(sorted(set(items))) and set(items) <= set(ITEMS)


@given(item_sets, seeds)
def test_additions_are_all_sets_with_one_more(items: Genes, seed: int) -> None:
    made = list(additions(items, ITEMS, random.Random(seed)))
    assert sorted(made) == sorted(tuple(sorted([*items, new])) for new in ITEMS if new not in items)


@given(item_sets, seeds)
def test_removals_are_all_sets_with_one_less_and_two_items_stay(items: Genes, seed: int) -> None:
    made = list(removals(items, random.Random(seed)))
    assert sorted(made) == (sorted(combinations(items, len(items) - 1)) if len(items) > 2 else [])


@given(item_sets, seeds)
def test_replacements_are_all_sets_with_one_other(items: Genes, seed: int) -> None:
    made = list(replacements(items, ITEMS, random.Random(seed)))
    assert len(made) == len(set(made)) == len(items) * (len(ITEMS) - len(items))
    assert all(is_a_set(m) and len(m) == len(items) and len(set(m) & set(items)) == len(items) - 1 for m in made)


@given(st.integers(1, 20), seeds)
def test_fresh_sets_have_the_size_that_was_asked_for_or_all_there_is(size: int, seed: int) -> None:
    made = list(islice(mutations((), ITEMS, size, random.Random(seed)), 20))
    assert all(is_a_set(items) and len(items) == min(size, len(ITEMS)) for items in made)


@given(families, seeds)
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


@given(item_sets, st.integers(1, 20), seeds)
def test_a_mutation_of_a_set_adds_to_it(items: Genes, size: int, seed: int) -> None:
    made = list(islice(mutations(items, ITEMS, size, random.Random(seed)), 20))
    assert bool(made) == (len(items) < len(ITEMS))
    assert all(set(items) < set(m) and len(m) == min(len(items) + size, len(ITEMS)) for m in made)


POOL = tuple((0, number) for number in range(12))
seeds = st.integers(0, 2**32)
genomes = st.sets(st.integers(0, 11), min_size=1, max_size=8).map(lambda numbers: (tuple(sorted(numbers)),))
populations = st.lists(genomes, min_size=1, max_size=4)


def evolution(edits: int = 3, mutations: int = 4, crossovers: int = 5, most: int = 20) -> Evolution:
    return Evolution(1, 4, edits, mutations, crossovers, most)


def is_a_genome(genome: Genome) -> bool:
    (numbers,) = genome
    return numbers == tuple(sorted(set(numbers))) and set(numbers) <= set(range(12))


@given(populations.filter(lambda parents: len(set(parents)) == len(parents)), seeds, st.sets(genomes, max_size=10))
def test_a_generation_is_new_different_and_no_larger_than_told(
    parents: list[Genome], seed: int, others: set[Genome]
) -> None:
    known = others | set(parents)
    children = evolution().children(parents, parents[0], POOL, 3, random.Random(seed), known)
    assert len(children) == len(set(children)) <= 20
    assert not known & set(children)
    assert all(map(is_a_genome, children))


def test_the_numbers_of_children_of_each_kind() -> None:
    parents: list[Genome] = [((0, 1, 2, 3),), ((0, 4, 5, 6),)]
    two = evolution(edits=2, mutations=3, crossovers=4, most=100)
    children = two.children(parents, parents[0], POOL, 7, random.Random(0), set(parents))
    assert len(children) == 2 * (2 + 2 + 1) + 3 + 4, "half as many replacements as other edits"
    assert Counter(len(child[0]) for child in children)[7] >= 3
    fewer = evolution(edits=2, mutations=3, crossovers=4, most=5)
    assert len(fewer.children(parents, parents[0], POOL, 7, random.Random(0), set(parents))) == 5


def test_a_known_child_makes_room_for_another() -> None:
    everything: set[Genome] = {((0, new),) for new in range(1, 12)}
    only_edits = evolution(edits=1, mutations=0, crossovers=0)
    for left in sorted(everything):
        known = {((0,),), *(((new,),) for new in range(12)), *everything} - {left}
        assert only_edits.children([((0,),)], ((0,),), POOL, 2, random.Random(0), known) == [left]


def test_edits_change_their_parent_and_fresh_sets_and_crossings_the_current_genome() -> None:
    """The second list evolves; the first tells whose child a genome is."""
    parents: list[Genome] = [((1,), (0, 1, 2)), ((2,), (0, 1, 3))]
    current: Genome = ((9,), (5,))
    pool = [(1, number) for number in range(12)]
    children = evolution(2, 3, 2).children(parents, current, pool, 6, random.Random(0), set())
    assert Counter(child[0] for child in children) == {(1,): 5, (2,): 5, (9,): 5}


@given(populations, seeds)
def test_a_generation_is_a_function_of_its_seed(parents: list[Genome], seed: int) -> None:
    first, again = (
        evolution().children(parents, parents[0], POOL, 3, random.Random(seed), set(parents)) for _ in range(2)
    )
    assert first == again


def test_many_edits_silence_neither_mutations_nor_crossings() -> None:
    """Only children of the current genome have its entry in the first list."""
    parents: list[Genome] = [((1,), tuple(range(i, i + 5))) for i in range(4)]
    pool = [(1, number) for number in range(40)]
    many = evolution(edits=16, mutations=8, crossovers=16, most=120)
    children = many.children(parents, ((9,), (5,)), pool, 2, random.Random(0), set())
    of_current = [child[1] for child in children if child[0] == (9,)]
    assert len(children) == 120
    assert sum(len(genes) == 2 and max(genes) > 8 for genes in of_current) >= 3, "mutations"
    assert sum(max(genes) <= 8 for genes in of_current) >= 8, "crossings"
    assert sum(child[0] == (1,) for child in children) > 90


def test_a_generation_below_its_limit_is_as_it_was_made() -> None:
    parents: list[Genome] = [((0, 1, 2, 3),), ((0, 4, 5, 6),)]
    few, many = (
        evolution(2, 3, 4, most).children(parents, parents[0], POOL, 7, random.Random(0), set(parents))
        for most in (17, 1000)
    )
    assert few == many


def test_mutations_add_to_what_they_are_given() -> None:
    only = evolution(edits=0, mutations=3, crossovers=0)
    children = only.children([((0,),)], ((0, 1),), POOL, 4, random.Random(0), set(), mutated=((0, 0), (0, 1)))
    assert [len(child[0]) for child in children] == [6, 6, 6]
    assert all({0, 1} < set(child[0]) for child in children)
