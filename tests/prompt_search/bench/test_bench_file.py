"""A bench file: what it may hold, and that every mistake is told with the file, the key and the way out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_search.bench.bench_file import PHOTO_ROW, read_bench
from prompt_search.errors import SettingsError
from prompt_search.run.config import StrategyChoice
from prompt_search.run.money.budget import Budget

Write = Callable[[str], Path]

LEAST = "[data.photos]\n[strategies.cupl]\n"


def test_the_least_file_is_an_image_set_and_a_strategy(written: Write) -> None:
    bench = read_bench(written(LEAST))
    assert (bench.title, bench.seeds, bench.shots, bench.against) == ("mine", tuple(range(5)), (None,), PHOTO_ROW)
    assert bench.budget == Budget()
    assert {cell.config.data.source for cell in bench.cells()} == {"bundled:photos"}


def test_cells_go_seed_by_seed_through_everything(written: Write) -> None:
    bench = read_bench(written("seeds = [7, 3]\nshots = [1, 4]\n[data.photos]\n[data.emoji]\n[strategies.cupl]\n"))
    cells = [(cell.seed, cell.shots, cell.data) for cell in bench.cells()]
    assert cells == [(s, n, d) for s in (7, 3) for n in (1, 4) for d in ("photos", "emoji")]
    assert len({cell.folder for cell in bench.cells()}) == len(cells)


def test_shots_count_for_the_choice_of_the_winner_too_unless_it_has_its_own(written: Write) -> None:
    text = "shots = 4\n[data.photos]\n[data.emoji]\nselect_shots = 2\n[strategies.cupl]\n"
    splits = [(cell.config.data.shots, cell.config.data.select_shots) for cell in read_bench(written(text)).cells()]
    assert set(splits) == {(4, 4), (4, 2)}


def test_fields_of_a_strategy_count_more_than_those_of_the_images_and_those_more_than_the_settings(
    written: Write,
) -> None:
    text = (
        '[settings]\ndescription = "all"\nllm = "openai/a"\n[data.photos]\ndescription = "images"\nrefit = false\n'
        '[strategies.cupl]\n[strategies.own]\nrun = "cupl"\ndescription = "strategy"\n'
    )
    first, second = read_bench(written(text), seeds=[0]).cells()
    assert (first.config.search.description, second.config.search.description) == ("images", "strategy")
    assert (first.config.llm.name, first.config.search.refit) == ("openai/a", False)


def test_settings_of_strategies_are_written_for_the_only_one_or_by_name(written: Write) -> None:
    text = (
        '[data.photos]\n[strategies.one]\nrun = "cupl"\nset = { samples = 2, combine = "templates" }\n'
        '[strategies.two]\nrun = ["cupl", "hill-climb"]\nset = { cupl = { questions = ["a {}?", "b {}?"] }, '
        "hill-climb = { conversation = true } }\n"
    )
    one, two = read_bench(written(text)).strategies
    assert one.choices == (StrategyChoice("cupl", (("combine", "templates"), ("samples", "2"))),)
    assert two.choices == (
        StrategyChoice("cupl", (("questions", "a {}?\nb {}?"),)),
        StrategyChoice("hill-climb", (("conversation", "true"),)),
    )


def test_paths_are_looked_for_beside_the_file(written: Write, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    text = '[data.photos]\nbaseline = ["mine.txt#pets"]\n[data.emoji]\n[strategies.cupl]\n'
    ours, bundled = read_bench(written(text), seeds=[0]).cells()
    assert ours.config.data.source == str(tmp_path / "photos")
    assert ours.config.search.baseline == (str(tmp_path / "mine.txt#pets"),)
    assert bundled.config.data.source == "bundled:emoji"


def test_images_may_be_elsewhere(written: Write, tmp_path: Path) -> None:
    bench = read_bench(written(LEAST), sources={"photos": str(tmp_path)})
    assert bench.data[0].source == str(tmp_path)
    with pytest.raises(SettingsError, match=r"--data: there is no option 'photo'; did you mean 'photos'"):
        read_bench(written(LEAST), sources={"photo": "x"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds = ", r"mine\.toml is not TOML"),
        ("[strategies.cupl]", r"mine\.toml has no data; give at least one table \[data\.NAME\]"),
        ("[data.photos]", r"has no strategies; give at least one table \[strategies\.NAME\]"),
        ("seed = 1\n" + LEAST, r"mine\.toml: there is no option 'seed'; did you mean 'seeds'"),
        ("seeds = 0\n" + LEAST, r"mine\.toml, seeds: give a whole number of at least 1, got 0"),
        ("seeds = [1, 1]\n" + LEAST, r"seeds: give how many, or a list of different whole numbers"),
        ("seeds = [true]\n" + LEAST, "seeds: give how many"),
        ("shots = []\n" + LEAST, "shots: give different numbers of images per class"),
        ('shots = ["many"]\n' + LEAST, "shots: give a whole number of at least 1, got 'many'"),
        ("title = 3\n" + LEAST, "title: give a text, got 3"),
        ("[budget]\nmax_call = 3\n" + LEAST, r"\[budget\]: there is no option 'max_call'; did you mean 'max_calls'"),
        ("[budget]\nmax_calls = -1\n" + LEAST, r"\[budget\]: max_calls must be 0 or more"),
        ("[settings]\nfitnes = 'a'\n" + LEAST, r"\[settings\]: there is no option 'fitnes'; did you mean 'fitness'"),
        ("[settings]\nseed = 1\n" + LEAST, r"\[settings\] seed: a bench decides this itself; give `seeds`"),
        ("[settings]\nsource = 'a'\n" + LEAST, r"source: a bench decides this itself; it is a key of \[data"),
        ("settings = 3\n" + LEAST, r"\[settings\]: this is a table of keys and values"),
        ("[data.photos]\nshots = 0\n[strategies.cupl]", r"\[data\.photos\]: shots must be at least 1"),
        ("[data.photos]\nn_classes = 0\n[strategies.cupl]", r"\[data\.photos\] n_classes: give a whole number"),
        ("[data.photos]\nsource = 3\n[strategies.cupl]", r"\[data\.photos\] source: give a text"),
        (
            "[data.photos]\n[strategies.cupel]",
            r"\[strategies\.cupel\]: there is no strategy 'cupel'; did you mean 'cupl'",
        ),
        ("[data.photos]\n[strategies.a]\nrun = 3", r"\[strategies\.a\] run: give a strategy's name or a list of them"),
        ("[data.photos]\n[strategies.cupl]\nset = {sample = 3}", r"no setting 'sample'; did you mean 'samples'"),
        ("[data.photos]\n[strategies.cupl]\nset = {samples = 0}", "samples must be at least 1"),
        ("[data.photos]\n[strategies.cupl]\nset = {samples = 1979-05-27}", "a setting is a text, a number"),
        (
            '[data.photos]\n[strategies.a]\nrun = ["cupl", "glov"]\nset = {samples = 3}',
            r"\[strategies\.a\] set: there is no option 'samples'; there are cupl, glov",
        ),
        ("[data.photos]\n[strategies.cupl]\nmodel = 'a'", r"\[strategies\.cupl\] model: it must be the same for all"),
        ("[data.photos]\n[strategies.cupl]\nshots = 3", r"\[strategies\.cupl\] shots: it must be the same for all"),
        ("[data.'../up']\n[strategies.cupl]", r"\[data\]: the name '\.\./up' can't name a folder"),
        ("[data.'a b']\n[data.'A B']\n[strategies.cupl]", "'a b' and 'A B' would have one folder"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_way_out(written: Write, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        read_bench(written(text))
    assert "mine.toml" in str(raised.value)


def test_another_language_model_may_be_named(written: Write) -> None:
    bench = read_bench(written(LEAST), llm="openai/a")
    assert {cell.config.llm.name for cell in bench.cells()} == {"openai/a"}


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml can't be read: No such file"):
        read_bench(tmp_path / "absent.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is not TOML"):
        read_bench(tmp_path / "bytes.toml")
