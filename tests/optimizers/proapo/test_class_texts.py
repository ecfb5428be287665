"""Class texts: what an item renders to, what fits, and how genomes become candidates."""

from evaluators import PromptSet
from optimizers import Task
from optimizers.proapo.class_texts import ClassTexts
from optimizers.proapo.population import with_genes
from optimizers.template_search import opened_by

TEMPLATES = ("a photo of a {}.", "the {}.")


def texts_of(task: Task, limit: int = 99) -> ClassTexts:
    return ClassTexts(
        task.classes,
        TEMPLATES,
        [("kitty",), (), ()],
        [("It purrs.", "It has a very long and soft tail."), ("It hoots.",), ()],
        fits=lambda text: len(text.split()) <= limit,
    )


def test_every_name_comes_alone_and_with_every_description(task: Task) -> None:
    texts = texts_of(task)
    assert [len(items) for items in texts.texts] == [6, 2, 1]
    assert texts.texts[0][0] == ("a photo of a cat.", "the cat.")
    assert texts.texts[0][4] == ("a photo of a kitty. It purrs.", "the kitty. It purrs.")
    assert (texts.plain, texts.full) == (((0,), (0,), (0,)), ((1, 2), (1,), (0,)))
    assert texts.movable == (0, 1)
    assert texts.genes([1, 2]) == ((1, 0), (1, 1), (2, 0))
    assert texts.dropped == 0


def test_texts_that_are_too_long_are_dropped_and_counted_and_an_item_goes_with_its_last(task: Task) -> None:
    texts = texts_of(task, limit=10)
    assert texts.dropped == 2, "a photo of a cat/kitty with the long tail"
    assert [len(items) for items in texts.texts] == [6, 2, 1]
    assert texts.texts[0][2] == ("the cat. It has a very long and soft tail.",)
    shorter = texts_of(task, limit=6)
    assert shorter.dropped == 2 * 2 + 3
    assert [len(items) for items in shorter.texts] == [4, 2, 1]
    assert shorter.full == ((1,), (1,), (0,))


def test_a_genome_stands_for_its_texts_and_equal_classes_are_shared(task: Task) -> None:
    texts = texts_of(task)
    one, other = texts.prompt_set(((0, 1), (1,), (0,))), texts.prompt_set(((0, 1), (0,), (0,)))
    assert one == PromptSet.of(
        task.classes,
        texts={
            "n01": ["a photo of a cat.", "the cat.", "a photo of a cat. It purrs.", "the cat. It purrs."],
            "n02": ["a photo of a owl. It hoots.", "the owl. It hoots."],
            "n03": ["a photo of a red fox.", "the red fox."],
        },
    )
    assert one.texts[0] is other.texts[0]
    assert texts.prompt_set(texts.plain).fingerprint == PromptSet.of(task.classes, TEMPLATES).fingerprint


def test_braces_in_names_and_descriptions_are_text(task: Task) -> None:
    texts = ClassTexts(task.classes[:1], ["a {}."], [("{0} {}",)], [("It {}s.",)], lambda _: True)
    assert texts.texts == ((("a cat.",), ("a cat. It {}s.",), ("a {0} {}.",), ("a {0} {}. It {}s.",)),)


def test_a_class_without_an_item_stays_as_it_is() -> None:
    genome = ((0, 1), (2,), (3,))
    assert with_genes(genome, [0, 1], [(1, 5), (1, 4)]) == ((0, 1), (4, 5), (3,))
    assert with_genes(genome, [], []) == genome


def test_an_imported_text_gives_what_it_says_beside_its_template() -> None:
    assert opened_by("the cat. It purrs.", ["the {}", "the {}.", "a {}."], "cat") == "It purrs."
    assert opened_by("the cat.", ["the {}."], "cat") == ""
    assert opened_by("A cat has fur.", ["the {}."], "cat") == "A cat has fur."
    assert opened_by("the cattle graze.", ["the {}"], "cat") == "the cattle graze."
