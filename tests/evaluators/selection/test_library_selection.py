"""A selection whose strength cross-validation chooses, the plain prompts among the choices."""

from pathlib import Path

import numpy as np
import pytest

from evaluators import ClassLabel, Saying, SelectionSettings, TextEncoder, TextLibrary
from evaluators.errors import PromptError
from evaluators.selection.library_selection import (
    UNTESTED,
    choose_texts,
    held_out_weights,
    library_features,
)
from evaluators.selection.selected import HOLDS, Selected
from prompt_search.testing.oracle_world import ANIMALS, OracleModel, direction, oracle_world, unit, words

TEMPLATES = ("a photo of a {}.", "a drawing of a {}.", "the {} over there.")
VISIBLE = {
    name: f"{name} {trait}"
    for name, trait in zip(ANIMALS, ["stripe", "tail", "beak", "wing", "brush", "spot"], strict=True)
}


def library_of(labels: tuple[ClassLabel, ...], *said: str) -> TextLibrary:
    """Of every class what can be seen of it, and other words for the same number of texts."""
    own = [(Saying(VISIBLE[label.name]), *(Saying(f"{label.name} {word}") for word in said)) for label in labels]
    return TextLibrary(labels, TEMPLATES, tuple(own))


def test_what_can_be_seen_is_chosen_and_classifies_better(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE, per_class=32)
    library = library_of(world.task.classes, "umbrella", "ledger", "window")
    selected = world.evaluator.choose_texts(library, SelectionSettings(most=4))
    assert selected.hold in HOLDS
    seen, *noise = (sum(number in own for own in selected.chosen) for number in (3, 4, 5, 6))  # after three templates
    assert seen > max(noise)
    plain, found = world.evaluator.score([library.prompt_set([(0,)] * 6), library.prompt_set(selected.chosen)])
    assert found.top1 > plain.top1
    assert selected.loss is not None
    assert selected.plain is not None
    assert selected.loss < selected.plain


def test_where_labels_mean_nothing_the_plain_prompts_stay(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE)
    x, y = world.evaluator.images.embeddings[:], world.evaluator.images.labels
    library = library_of(world.task.classes, "umbrella", "ledger", "window")
    features = library_features(library, TextEncoder(OracleModel(), tmp_path).embed)
    stayed = 0
    for seed in range(10):
        shuffled = np.random.default_rng(seed).permutation(y)
        selected = choose_texts(x, shuffled, library, features, 10.0, SelectionSettings())
        stayed += selected.hold is None
        assert selected.hold is not None or len(set(map(len, selected.chosen))) == 1
    assert stayed >= 5


def test_one_image_a_class_is_too_few_to_leave_any_out(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE, per_class=1)
    selected = world.evaluator.choose_texts(library_of(world.task.classes), SelectionSettings())
    assert (selected.held_out, selected.costly, selected.loss) == ((), (), None)
    assert selected.hold == UNTESTED


def test_pairs_that_cost_most_come_first_and_name_the_likeliest_other(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE | {"cat": "owl"})  # cats that look like owls
    selected = world.evaluator.choose_texts(TextLibrary(world.task.classes, TEMPLATES, ((),) * 6), SelectionSettings())
    names = [label.name for label in world.task.classes]
    first = selected.costly[0]
    assert (names[first[0]], names[first[1]]) == ("cat", "owl")
    costs = [cost for _, _, cost in selected.costly]
    assert costs == sorted(costs, reverse=True)


def test_images_left_out_have_no_part_in_what_they_are_scored_with(tmp_path: Path) -> None:
    """Other pixels in the place of those left out change nothing of the weights they are scored with."""
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE)
    x, y = world.evaluator.images.embeddings[:], world.evaluator.images.labels
    library = library_of(world.task.classes, "umbrella")
    features = library_features(library, TextEncoder(OracleModel(), tmp_path).embed)
    settings, within = SelectionSettings(hold=3.0), range(48, 96)
    parts = list(held_out_weights(x, y, features, 10.0, settings, within))
    assert sorted(int(i) for out, _ in parts for i in out) == list(within)
    for number, (out, weights) in enumerate(parts):
        spoiled = x.copy()
        spoiled[out] = -spoiled[out]
        again_out, again = list(held_out_weights(spoiled, y, features, 10.0, settings, within))[number]
        assert (again_out == out).all()
        assert (again == weights).all()


def test_a_selection_is_written_down_and_read_back() -> None:
    selected = Selected(((0, 2), (1,)), 10.0, ((3.0, 0.5), (10.0, 0.4)), 0.6, ((0, 1, 2.5),))
    assert Selected.from_json(selected.to_json()) == selected
    assert selected.loss == 0.4
    assert Selected(((0,),), None, plain=0.7).loss == 0.7


def test_a_library_has_a_template_and_says_something_of_every_class_or_nothing() -> None:
    label = ClassLabel("n1", "cat")
    with pytest.raises(PromptError, match="at least one template"):
        TextLibrary((label,), (), ((),))
    with pytest.raises(PromptError, match="for every class"):
        TextLibrary((label,), ("a {}.",), ())
    twice = TextLibrary((label,), ("a {}.", "{}"), ((Saying("cat"), Saying("tabby", "a {}.")),))
    assert twice.texts == (("a cat.", "cat", "a tabby."),)
    assert twice.plain_counts == (2,)
    assert twice.start == (0,)


def test_the_features_of_the_prior_are_those_of_all_templates_together(tmp_path: Path) -> None:
    labels = (ClassLabel("n1", "cat"), ClassLabel("n2", "owl"))
    library = TextLibrary(labels, ("{}", "{} whiskers"), ((Saying("paw"),), ()))
    features = library_features(library, TextEncoder(OracleModel(), tmp_path).embed)
    expected = unit(
        np.array(
            [unit(np.array([direction("cat")]))[0] + unit(np.array([direction("cat") + direction("whiskers")]))[0]]
        )
    )[0]
    assert features.prior[0] == pytest.approx(expected, abs=1e-5)
    assert words("{} whiskers") == ["whiskers"]
