"""What is known of published data sets is consistent, and used only where it belongs."""

from pathlib import Path

import datasets
import pytest

from evaluators.errors import DataError
from prompt_search.data import Reading, read_images
from prompt_search.data.names.spellings import plain_spelling
from prompt_search.data.presets.presets import FOLDER, Preset, preset_named, presets
from prompt_search.data.sources.hugging_face import HubName
from prompt_search.data.sources.reading import parse_split_map
from tests.prompt_search.data.pictures_on_disk import png, write_classes

OF_COOP = {
    *("imagenet", "caltech101", "oxford-pets", "stanford-cars", "flowers102", "food101"),
    *("fgvc-aircraft", "sun397", "dtd", "eurosat", "ucf101"),
}


@pytest.mark.parametrize("preset", presets().values(), ids=presets())
def test_every_file_is_consistent(preset: Preset) -> None:
    assert preset.name == preset.name.lower()
    assert preset.classes > 1
    assert preset.description.endswith(".")
    assert preset.split_rule.endswith(".")
    assert preset.domain
    assert all(word == word.strip() and "{" not in word for word in preset.domain)
    assert preset.names_from in ("list", "data", "open_clip:imagenet")
    assert (preset.names_from == "list") == bool(preset.class_names)
    names = preset.names()
    assert len(names) in (0, preset.classes)
    assert all(name == " ".join(name.split()) for name in names)
    assert preset.names_from != "list" or len({plain_spelling(name) for name in names}) == len(names)
    parse_split_map(preset.splits)
    if preset.hub:
        assert HubName.of(preset.source).name == preset.hub
    else:
        with pytest.raises(DataError, match="no repository of the hub is known"):
            _ = preset.source


def test_all_that_were_promised_are_there() -> None:
    assert OF_COOP | {"cub200", "places365", "cifar10", "cifar100"} == set(presets())
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(presets())


def test_a_name_is_found_in_other_spellings_or_offered() -> None:
    found = preset_named("Oxford_Pets")
    assert found is not None
    assert found.title == "OxfordPets"
    with pytest.raises(DataError, match="did you mean 'eurosat'"):
        preset_named("eurosta")


def eurosat(path: Path, names: list[str], labels: list[int]) -> Path:
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=names)})
    rows = {"image": [{"bytes": png(i), "path": None} for i in range(len(labels))], "label": labels}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path)
    return path


SHORT = ["AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial"]
SHORT += ["Pasture", "PermanentCrop", "Residential", "River", "SeaLake"]


def test_its_names_are_used_by_the_numbers_of_the_data(tmp_path: Path) -> None:
    source = read_images(eurosat(tmp_path / "a.parquet", SHORT, list(range(10))), Reading(preset="eurosat"))
    names = {label.id: label.name for label in source.classes}
    assert names["AnnualCrop"] == "annual crop land"
    assert names["SeaLake"] == "sea or lake"
    assert "the names of classes are those of EuroSAT" in source.notes


def test_its_names_are_not_used_where_the_numbers_mean_something_else(tmp_path: Path) -> None:
    source = read_images(eurosat(tmp_path / "a.parquet", SHORT[::-1], list(range(10))), Reading(preset="eurosat"))
    assert {label.id: label.name for label in source.classes}["SeaLake"] == "sea lake"
    assert any("can't be told to belong to them" in warning for warning in source.warnings)


def test_its_names_are_used_where_they_are_the_ids_otherwise_spelt(tmp_path: Path) -> None:
    preset = preset_named("cifar10")
    assert preset is not None
    folders = {name.upper(): 1 for name in preset.class_names}
    source = read_images(write_classes(tmp_path / "data", folders), Reading(preset="cifar10"))
    assert {label.id: label.name for label in source.classes}["TRUCK"] == "truck"


def test_another_number_of_classes_is_told(tmp_path: Path) -> None:
    source = read_images(write_classes(tmp_path / "data", {"cat": 1, "dog": 1}), Reading(preset="cifar10"))
    assert "CIFAR-10 has 10 classes, here are 2" in source.warnings


def test_a_preset_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data set 'x' is known"):
        read_images(write_classes(tmp_path / "data", {"cat": 1, "dog": 1}), Reading(preset="x"))
