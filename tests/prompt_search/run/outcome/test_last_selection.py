"""After the choice: selected again with the select images, held against other words, and never handed over if worse."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluators import ClassLabel, Saying, SelectionSettings, TextLibrary
from evaluators.models.image_text_model import FloatArray
from optimizers import Cupl, EnsembleSelection, HillClimbing, Sample
from prompt_search.errors import RunError
from prompt_search.report.result import NO_WORDS, RANDOM_WORDS, Result
from prompt_search.run.journal.differences import compare_runs
from prompt_search.run.journal.journal import read_records
from prompt_search.run.outcome.last_selection import Recipe, searched_placebos
from tests.fakes.hashed_model import HashedModel
from tests.prompt_search.conftest import COLOURS, World, paint

SMALL = EnsembleSelection(samples=1, listed=4, rounds=1, pairs=2, most=4)
GIBBERISH = "fab ia wl xt ia al ia {} ia ia ia"


SHADES = {"crimson": COLOURS["red_ball"], "mossy": COLOURS["green_leaf"], "azure": COLOURS["blue_sky"]}
OWN = {"red ball": "crimson", "green leaf": "mossy", "blue sky": "azure"}


class ShadesModel(HashedModel):
    """Knows the words of `SHADES` and nothing else of what a picture shows: its mean colour."""

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        noise = super().encode_texts(texts)
        seen = [[SHADES[word] for word in SHADES if word in text] for text in texts]
        told = np.array([np.sum([_colour(shade) for shade in own], axis=0) if own else np.zeros(3) for own in seen])
        features = 0.4 * noise
        features[:, :3] = told
        return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True), dtype=np.float32)

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        rows = np.zeros((len(images), self.width), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            row[:3] = _colour(np.asarray(image, dtype=np.float64).mean(axis=(0, 1)))
            row[3:] = 0.3 * super().encode_texts([image.tobytes().hex()])[0, 3:]
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _colour(rgb: object) -> FloatArray:
    away = np.asarray(rgb, dtype=np.float64) - 100
    return np.asarray(away / np.linalg.norm(away), dtype=np.float32)


def kinds(sample: Sample) -> str:
    """Says the right shade of every class it is asked about, among others."""
    question = sample.request.messages[-1].content
    named = [name for name in OWN if f'"{name}"' in question]
    right = [OWN[name] for name in sorted(named, key=lambda name: question.index(f'"{name}"'))]
    rng = random.Random(sample.key)
    return "\n".join(f"{shade} thing" for shade in [*right[:1], *rng.sample(["pale", "round", "leafy", "rubber"], 2)])


def kinds_in_sentences(sample: Sample) -> str:
    return f"It is a {kinds(sample).splitlines()[0]} to look at."


@pytest.fixture
def shades(world: World) -> World:
    """A world in which words gain."""
    paint(world.images, per_class=24)
    world.model = ShadesModel()
    return world


@pytest.fixture
def result(shades: World) -> Result:
    return shades.run(answer=kinds, strategy=SMALL)


def events(result: Result) -> list[str]:
    return [record.event.kind for record in read_records(result.folder / "journal.jsonl")]


def test_the_winner_is_selected_again_with_the_select_images_before_test_is_read(result: Result) -> None:
    order = events(result)
    assert (
        order.index("select")
        < order.index("refit")
        < order.index("winner")
        < order.index("searched placebos")
        < order.index("test")
    )
    assert order.count("test") == 1
    assert result.refitted
    assert "a proven gain" in result.verdict()


def test_both_forms_stand_in_the_table_and_in_the_prompt_file(result: Result) -> None:
    roles = [row.role for row in result.rows]
    assert roles[0] == "winner"
    assert roles.count("first form") == 1
    written = json.loads(result.prompts_file.read_text())
    assert written["result"]["refitted"] is True
    assert sum(row["role"] == "first form" for row in written["result"]["rows"]) == 1


def test_no_refit_keeps_the_select_images_out(shades: World) -> None:
    found = shades.run(answer=kinds, strategy=SMALL, refit=False)
    assert "refit" not in events(found)
    assert not found.refitted


def test_a_strategy_that_can_not_says_so(world: World) -> None:
    found = [world.run(f"s{seed}", strategy=HillClimbing(iterations=2, pool=6), seed=seed) for seed in range(4)]
    for each in found:
        said = any("can't make its search again" in note for note in each.notes)
        assert said == (each.found_by == "hill-climb") or each.found_by == "baseline"


def test_placebos_searched_the_same_way_are_read_on_test_and_the_words_share_is_told(result: Result) -> None:
    rows = {row.name: row for row in result.rows}
    assert rows["placebo: shuffled words, searched"].winner_gain() > 0
    noise = rows[RANDOM_WORDS]
    assert noise.winner_gain() > 0  # random words name no shade
    assert any(f"{100 * noise.winner_gain():.1f} points ahead" in remark for remark in result.remarks())


def test_a_probe_of_the_same_images_stands_beside_and_is_kept(result: Result) -> None:
    adapters = [row.name for row in result.rows if row.role == "adapter"]
    assert any("linear probe" in name for name in adapters)
    assert any("Tip-Adapter" in name for name in adapters)
    assert all(row.search is None and row.select is None for row in result.rows if row.role == "adapter")
    assert (result.folder / "probe.safetensors").is_file()


@pytest.mark.parametrize("survives", [0.5, 0.8, 0.93, 0.99])
def test_a_run_killed_on_the_way_ends_in_the_same_bytes(shades: World, survives: float) -> None:
    whole = shades.run("whole", answer=kinds, strategy=SMALL)
    journal = (whole.folder / "journal.jsonl").read_bytes()
    killed = shades.folder / "killed"
    killed.mkdir()
    (killed / "journal.jsonl").write_bytes(journal[: int(len(journal) * survives)])
    continued = shades.run("killed", answer=kinds, strategy=SMALL)
    assert compare_runs(continued.folder, whole.folder) == []


def test_a_recorded_choice_of_texts_that_are_not_there_is_an_error(shades: World) -> None:
    path = shades.run("whole", answer=kinds, strategy=SMALL).folder / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for kind in ("selection", "refit", "searched placebos"):
        place = next(i for i, line in enumerate(lines) if json.loads(line)["event"] == kind)
        event = json.loads(lines[place])
        for chosen in ([], event["chosen"][1:], [[[10**6]]] * len(event["chosen"]), [[10**6]] * len(event["chosen"])):
            damaged = json.dumps(event | {"chosen": chosen}).encode() + b"\n"
            path.write_bytes(b"".join([*lines[:place], damaged, *lines[place + 1 :]]))
            with pytest.raises(RunError, match=f"line {place + 1} is damaged: 'chosen"):
                shades.run("whole", answer=kinds, strategy=SMALL)


def test_no_baseline_beats_what_is_handed_over_in_top_1_on_select(world: World) -> None:
    """An untrained model that is near chance, a language model that writes gibberish: nothing worse is handed over."""
    for seed in range(6):
        found = world.run(
            f"seed{seed}", answer=lambda _: GIBBERISH, strategy=[HillClimbing(iterations=3, pool=8), SMALL], seed=seed
        )
        assert found.winner.select is not None
        for row in found.rows:
            if row.role == "baseline":
                assert row.select is not None
                assert row.select.top1 <= found.winner.select.top1


def test_what_a_baseline_beats_on_test_is_said_in_the_first_line(world: World) -> None:
    for seed in range(6):
        found = world.run(f"seed{seed}", answer=lambda _: GIBBERISH, strategy=SMALL, seed=seed, max_useless=0)
        better = [row for row in found.rows if row.role in ("baseline", "placebo") and row.winner_gain() < 0]
        said = found.verdict()
        untold = [row for row in better if f"the winner against {row.name}:" not in said]
        assert ("better on these images" in said) == bool(untold)


LIBRARY = TextLibrary(
    (ClassLabel("a", "cat"), ClassLabel("b", "dog"), ClassLabel("c", "owl")),
    ("a photo of a {}.",),
    (
        (Saying("siamese cat", "a photo of a {}."), Saying("A cat has whiskers.")),
        (Saying("poodle"),),
        (Saying("barn owl"),),
    ),
)


def test_random_words_are_as_many_in_the_same_frames_and_name_the_class_where_it_was_named() -> None:
    noise = searched_placebos(Recipe(LIBRARY, SelectionSettings()), 0, lambda text: True)[RANDOM_WORDS]
    assert [len(own) for own in noise.sayings] == [2, 1, 1]
    first, second = noise.sayings[0]
    assert first.frame == "a photo of a {}."
    assert first.words.split()[0] == "cat"
    assert len(first.words.split()) == 2
    assert len(second.words.split()) == 4
    assert noise.sayings[1][0].words != "poodle"
    assert len(noise.sayings[1][0].words.split()) == 1
    assert noise.templates == LIBRARY.templates


def test_shuffled_words_are_those_of_another_class_under_the_own_name() -> None:
    mixed = searched_placebos(Recipe(LIBRARY, SelectionSettings()), 0, lambda text: True)[
        "placebo: shuffled words, searched"
    ]
    said = {label.name: [each.words for each in own] for label, own in zip(mixed.classes, mixed.sayings, strict=True)}
    originals = [[each.words for each in own] for own in LIBRARY.sayings]
    assert all(own != original for own, original in zip(said.values(), originals, strict=True))
    assert [len(own) for own in said.values()].count(2) == 1
    assert any(words.endswith("has whiskers.") and "cat" not in words for own in said.values() for words in own)


def test_without_words_there_is_nothing_to_shuffle_and_the_templates_stand_alone() -> None:
    silent = LIBRARY.with_sayings([[], [], []])
    assert searched_placebos(Recipe(silent, SelectionSettings()), 0, lambda text: True) == {NO_WORDS: silent}


def test_a_winner_that_was_not_selected_is_held_against_a_selection_all_the_same(shades: World) -> None:
    found = shades.run(answer=kinds_in_sentences, strategy=Cupl(samples=2))
    assert found.found_by == "cupl"
    assert not found.selected
    names = [row.name for row in found.rows]
    assert NO_WORDS in names
    assert RANDOM_WORDS in names
    assert any("put through a selection on the search images" in remark for remark in found.remarks())


def test_the_seed_draws_the_words(tmp_path: Path) -> None:
    recipe = Recipe(LIBRARY, SelectionSettings())
    one, again, other = (searched_placebos(recipe, seed, lambda text: True)[RANDOM_WORDS] for seed in (0, 0, 1))
    assert one == again != other
