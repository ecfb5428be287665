"""Names made from ids that are no names, and what a person is told about them."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from prompt_search.data import read_images
from prompt_search.data.names import wordnet
from prompt_search.data.names.readable_names import readable_names
from tests.prompt_search.data.pictures_on_disk import write_classes


def names(*ids: str) -> list[str]:
    made, _, _ = readable_names(ids)
    return [made[class_id] for class_id in ids]


def test_wordnet_ids_are_looked_up_and_told_with_before_and_after() -> None:
    made, notes, warnings = readable_names(["n02123045", "n01440764", "n00007846"])
    assert made == {"n02123045": "tabby cat", "n01440764": "tench", "n00007846": "person"}
    assert "WordNet ids were looked up (3 of 3): 'n02123045' -> 'tabby cat'" in notes[0]
    assert "classes.json" in notes[0]
    assert warnings == ()


def test_wordnet_ids_of_two_meanings_get_the_names_that_tell_them_apart() -> None:
    assert names("n02012849", "n03126707") == ["crane bird", "construction crane"]


def test_ids_that_no_list_knows_stay_with_a_warning() -> None:
    made, _, warnings = readable_names(["n02123045", "n99999999"])
    assert made["n99999999"] == "n99999999"
    assert "1 of 2 class names is no word" in warnings[0]
    assert "'n99999999'" in warnings[0]


def test_without_timm_wordnet_ids_stay_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    made, notes, warnings = readable_names(["n02123045", "n01440764"])
    assert (made["n02123045"], notes) == ("n02123045", ())
    assert "2 of 2 class names are no words" in warnings[0]


def test_lists_of_other_names_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new_words.txt").write_text("n02123045\ttabby, tabby cat\nn01440764\ttench\n")
    (tmp_path / "a_definition.txt").write_text("n02123045\ta cat with a grey coat\n")
    monkeypatch.setattr(wordnet, "_timm_lists", lambda: sorted(tmp_path.glob("*.txt")))
    assert wordnet.wordnet_names(["n02123045"]) == {"n02123045": "tabby"}


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (("001.Black_footed_Albatross", "002.Laysan_Albatross"), ["Black footed Albatross", "Laysan Albatross"]),
        (("101.ak47", "257.clutter"), ["ak47", "clutter"]),
        (("1-cat", "2-dog", "3-owl"), ["cat", "dog", "owl"]),
        (("01_cat", "07_dog"), ["cat", "dog"]),
        (("n02085620-Chihuahua", "n02088364-beagle"), ["Chihuahua", "beagle"]),
        (("2_doors", "4_wheels"), ["2 doors", "4 wheels"]),
        (("2_wheeler", "3_wheeler", "1_wheeler"), ["2 wheeler", "3 wheeler", "1 wheeler"]),
        (("7_up", "cola"), ["7 up", "cola"]),
        (("3D_printer", "2D_plot"), ["3D printer", "2D plot"]),
    ],
)
def test_numbers_that_count_classes_are_taken_off_and_others_are_not(ids: Sequence[str], expected: list[str]) -> None:
    assert names(*ids) == expected


def test_numbers_that_may_count_or_not_are_warned_about() -> None:
    _, notes, warnings = readable_names(["2_doors", "4_wheels"])
    assert notes == ()
    assert "all class names begin with numbers" in warnings[0]


@pytest.mark.parametrize(
    ("class_id", "expected"),
    [
        ("SeaLake", "sea lake"),
        ("seaLake", "sea lake"),
        ("HerbaceousVegetation", "herbaceous vegetation"),
        ("MRIScan", "MRI scan"),
        ("ScanMRI", "scan MRI"),
        ("TVSet", "TV set"),
        ("big_SeaLake", "big sea lake"),
        ("BMW", "BMW"),
        ("BMWs", "BMWs"),
        ("iPhone", "iPhone"),
        ("McLaren", "McLaren"),
        ("PhD", "PhD"),
        ("Forest", "Forest"),
        ("Boeing747", "Boeing747"),
        ("X-ray", "X-ray"),
        ("ÉtoileRouge", "étoile rouge"),
    ],
)
def test_camel_case_is_opened_and_acronyms_and_brands_are_not(class_id: str, expected: str) -> None:
    assert names(class_id, "other") == [expected, "other"]


def test_opened_names_are_told() -> None:
    _, notes, _ = readable_names(["SeaLake", "Forest"])
    assert notes == (
        "class names: CamelCase was opened (1 of 2): 'SeaLake' -> 'sea lake'; a classes.json says it better",
    )


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ([str(i) for i in range(10)], "10 of 10 class names are numbers.*if the number is what the pictures show"),
        (["c0", "c1", "cat"], "2 of 3 class names are no words"),
        (["class_1", "class_2"], "2 of 2 class names are no words"),
    ],
)
def test_names_that_are_no_words_stay_with_a_warning(ids: list[str], told: str) -> None:
    made, notes, warnings = readable_names(ids)
    assert list(made) == ids
    assert notes == ()
    assert len(warnings) == 1
    assert re.search(told, warnings[0])


@pytest.mark.parametrize("ids", [["tabby_cat", "dog"], ["猫", "犬"], ["t-shirt", "7 up"], ["ox", "T-Rex"]])
def test_plain_names_are_left_without_a_word(ids: list[str]) -> None:
    _, notes, warnings = readable_names(ids)
    assert (notes, warnings) == ((), ())


def test_ids_stay_and_a_classes_file_wins(tmp_path: Path) -> None:
    root = write_classes(tmp_path, {"SeaLake": 1, "n02123045": 1})
    assert [(c.id, c.name) for c in read_images(root).classes] == [("SeaLake", "sea lake"), ("n02123045", "tabby cat")]
    (root / "classes.json").write_text('{"SeaLake": "water", "n02123045": "cat"}')
    source = read_images(root)
    assert [label.name for label in source.classes] == ["water", "cat"]
    assert (source.notes, source.warnings) == ((), ())


def test_no_heavy_import_for_plain_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    assert names("cat", "SeaLake") == ["cat", "sea lake"]


def test_numbers_that_only_some_names_have_are_warned_about_if_they_look_like_counting() -> None:
    _, _, warnings = readable_names(["001.cat", "002.dog", "owl"])
    assert any("2 of 3 class names begin with numbers" in warning for warning in warnings)
    assert readable_names(["2_doors", "18_wheeler", "owl"])[2] == ()


def test_several_separators_in_a_row_become_one_space() -> None:
    names_, _, _ = readable_names(["Apple___scab", "tabby__cat"])
    assert names_ == {"Apple___scab": "Apple scab", "tabby__cat": "tabby cat"}
