"""ProAPO's second stage: what the importance of a class is measured by."""

from optimizers import Task
from optimizers.proapo.class_texts import ClassTexts
from optimizers.proapo.evolution import Evolution
from optimizers.proapo.stages import ClassTextStage
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score

NOTHING_EVOLVES = Evolution(generations=0, parents=1, edits=0, mutations=0, crossovers=0, most=1)


def scored_texts(task: Task, synonyms: list[tuple[str, ...]], descriptions: list[tuple[str, ...]]) -> list[object]:
    """The texts of every candidate of one round without groups, where fewer texts are better."""
    search = ScriptedSearch(task, scorer=lambda c: plain_score(1 - c.n_texts / 100))
    texts = ClassTexts(task.classes, ["{}"], synonyms, descriptions, task.fits)
    ClassTextStage(samples=0, rounds=1, groups=0, evolution=NOTHING_EVOLVES).run(search, texts)
    return [candidate.texts for candidate in search.scored]


def test_without_descriptions_a_class_is_important_by_its_other_names(task: Task) -> None:
    everything, plain, *trials = scored_texts(task, [("kitty",), ("barn owl",), ()], [(), (), ()])
    assert everything == (("cat", "kitty"), ("owl", "barn owl"), ("red fox",))
    assert plain == (("cat",), ("owl",), ("red fox",))
    assert trials == [
        (("cat", "kitty"), ("owl",), ("red fox",)),
        (("cat",), ("owl", "barn owl"), ("red fox",)),
    ]


def test_with_descriptions_other_names_count_too(task: Task) -> None:
    *_, trial = scored_texts(task, [("kitty",), (), ()], [("It purrs.",), (), ()])
    assert trial == (("cat", "cat It purrs.", "kitty", "kitty It purrs."), ("owl",), ("red fox",))
