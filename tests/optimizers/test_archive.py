"""The archive keeps every candidate once and orders them the same way always."""

import random
from dataclasses import replace

from evaluators import PromptSet
from optimizers import Archive, Scored
from prompt_search.testing.scripted_search import plain_score

CLASSES = {"cat": "cat", "dog": "dog"}


def entry(archive: Archive, templates: list[str], fitness: float = 0.5, cross_entropy: float = 1.0) -> Scored:
    return archive.add(PromptSet.of(CLASSES, templates), plain_score(0.5, 2, cross_entropy), fitness)


def test_ties_go_by_the_cross_entropy_at_the_scale_that_fits_best() -> None:
    archive, score = Archive(), plain_score(0.5, 2)
    flat = replace(score, cross_entropy=1.0, fitted_cross_entropy=0.9)
    peaked = replace(score, cross_entropy=2.0, fitted_cross_entropy=0.8)
    for template, each in (("flat {}", flat), ("peaked {}", peaked)):
        archive.add(PromptSet.of(CLASSES, [template]), each, 0.5)
    assert [entry.score for entry in archive.best()] == [peaked, flat]


def test_ties_go_to_lower_cross_entropy_then_fewer_texts_then_earlier_discovery() -> None:
    archive = Archive()
    many = entry(archive, ["c {}", "d {}"])
    late = entry(archive, ["a {}"])
    later = entry(archive, ["b {}"])
    surer = entry(archive, ["e {}", "f {}"], cross_entropy=0.9)
    fitter = entry(archive, ["g {}", "h {}"], fitness=0.6, cross_entropy=2.0)
    assert archive.best(9) == [fitter, surer, late, later, many]


def test_the_order_of_the_best_is_total() -> None:
    rng = random.Random(0)
    archive = Archive()
    for i in range(60):
        entry(archive, [f"{i} {{}}"] + [f"{i} more {{}}"] * rng.randrange(2), rng.choice([0.1, 0.2]))
    keys = [scored.rank_key for scored in archive.best(60)]
    assert keys == sorted(set(keys))


def test_a_candidate_counts_once_whatever_it_is_made_of() -> None:
    archive = Archive()
    first = entry(archive, ["a {}"])
    spelled = PromptSet.of(CLASSES, texts={i: [f"a {i}"] for i in CLASSES})
    again = archive.add(spelled, plain_score(0.9), 9.0)
    assert again is first
    assert len(archive) == 1
    assert archive.find(spelled) is first


def test_an_unknown_candidate_is_not_found() -> None:
    assert Archive().find(PromptSet.of(CLASSES, ["a {}"])) is None


def test_entries_are_numbered_and_listed_by_discovery() -> None:
    archive = Archive()
    entries = [entry(archive, [f"{i} {{}}"], fitness=i) for i in range(5)]
    assert list(archive) == entries
    assert [scored.order for scored in entries] == [0, 1, 2, 3, 4]
    assert archive.best(2) == [entries[4], entries[3]]
    assert archive.best(9, since=2) == [entries[4], entries[3], entries[2]]
    assert archive.best(9, since=5) == []
