"""Folders as people have them: splits of any name, wrapped, inside of classes, beside annotations."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluators.errors import DataError
from prompt_search.data import read_images
from prompt_search.data.layouts.image_source import ImageSource
from prompt_search.data.names.printable import listed
from tests.prompt_search.data.pictures_on_disk import png, write, write_classes


def grid(root: Path, outer: Sequence[str], inner: Sequence[str] = ("cat", "dog")) -> Path:
    """Folders that all hold the same folders of two pictures."""
    return write_classes(root, {f"{a}/{b}": 2 for a in outer for b in inner})


def class_ids(source: ImageSource) -> list[str]:
    return [label.id for label in source.classes]


def roles(source: ImageSource) -> dict[str, str | None]:
    """The role of each outermost folder."""
    return {image.id.split("/")[0]: image.given for image in source.images}


@pytest.mark.parametrize(
    ("search", "test"),
    [
        ("Training", "Testing"),
        ("TRAIN", "TEST"),
        ("cats_train", "cats_test"),
        ("seg_train", "seg_test"),
        ("train2017", "val2017"),
        ("ILSVRC2012_img_train", "ILSVRC2012_img_val"),
        ("01_train", "02_test"),
        ("train_images", "test_images"),
        ("TrainSet", "TestSet"),
        ("Train Data", "Eval Data"),
        ("train", "holdout"),
        ("train", "held-out"),
        ("trainval", "test"),
        ("train_val", "test"),
        ("dogtrain", "dogtest"),
        ("trn", "tst"),
        ("development_train", "development_test"),
    ],
)
def test_splits_are_known_by_any_common_name(tmp_path: Path, search: str, test: str) -> None:
    source = read_images(grid(tmp_path, (search, test)))
    assert class_ids(source) == ["cat", "dog"]
    assert roles(source) == {search: "search", test: "test"}


@pytest.mark.parametrize("select", ["val", "Valid", "validation", "dev", "VALIDATE", "Development"])
def test_the_split_to_select_with_is_known_by_any_common_name(tmp_path: Path, select: str) -> None:
    source = read_images(grid(tmp_path, ("Train", select, "Evaluation")))
    assert roles(source) == {"Train": "search", select: "select", "Evaluation": "test"}


def test_unusual_names_of_splits_are_told(tmp_path: Path) -> None:
    assert read_images(grid(tmp_path / "a", ("train", "test"))).notes == ()
    notes = read_images(grid(tmp_path / "b", ("Training", "Testing"))).notes
    assert notes == ("read as splits: 'Testing' sealed for the test, 'Training' to search with",)


@pytest.mark.parametrize("names", [("truck", "train"), ("contest", "protest"), ("test_tube", "beaker"), ("a", "test")])
def test_classes_that_only_sound_like_splits_are_classes(tmp_path: Path, names: tuple[str, str]) -> None:
    source = read_images(write_classes(tmp_path, dict.fromkeys(names, 3)))
    assert class_ids(source) == sorted(names)
    assert source.given == frozenset()


def test_validation_is_sealed_where_there_is_no_test_and_that_is_told(tmp_path: Path) -> None:
    source = read_images(grid(tmp_path, ("train", "val")))
    assert roles(source) == {"train": "search", "val": "test"}
    assert source.given == {"search", "test"}
    assert source.notes[0].startswith("there is no test split: 'val' is sealed for the test")


def test_a_training_split_alone_is_divided(tmp_path: Path) -> None:
    grid(tmp_path, ("train",))
    for i in range(3):
        write(tmp_path / "test" / f"{i}.png", png(100 + i))
    source = read_images(tmp_path)
    assert (class_ids(source), source.given) == (["cat", "dog"], frozenset())
    assert "labelled pictures are in 'train' only" in source.notes[0]
    assert source.warnings[0] == "'test' is left out: its 3 pictures are in no class folders"


def test_an_empty_split_is_left_out_and_told(tmp_path: Path) -> None:
    grid(tmp_path, ("train", "test"))
    (tmp_path / "val").mkdir()
    source = read_images(tmp_path)
    assert source.given == {"search", "test"}
    assert source.warnings == ("the split 'val' is empty and left out",)


def test_folders_beside_splits_are_left_out_and_told(tmp_path: Path) -> None:
    grid(tmp_path, ("Training", "PublicTest", "PrivateTest", "spare"))
    write(tmp_path / "docs" / "a.txt", b"x")
    source = read_images(tmp_path)
    assert roles(source) == {"Training": "search", "PublicTest": "test", "PrivateTest": "test"}
    assert "'spare' beside the splits is left out: it is no split" in source.warnings
    assert "'docs' beside the splits is left out: it holds no pictures" in source.warnings


def test_folders_around_splits_and_inside_of_them_are_opened(tmp_path: Path) -> None:
    for i in range(2):
        write(tmp_path / "archive" / "seg_pred" / "seg_pred" / f"{i}.png", png(50 + i))
    grid(tmp_path / "archive" / "seg_train", ("seg_train",))
    grid(tmp_path / "archive" / "seg_test", ("seg_test",))
    source = read_images(tmp_path)
    assert class_ids(source) == ["cat", "dog"]
    assert {i.id.split("/")[1]: i.given for i in source.images} == {"seg_train": "search", "seg_test": "test"}
    assert source.notes[0] == "the folder 'archive' inside is read"
    assert any("'seg_pred' beside the splits is left out" in warning for warning in source.warnings)


def test_a_folder_around_the_classes_is_opened_with_its_classes_file(tmp_path: Path) -> None:
    write_classes(tmp_path / "my" / "dataset", {"a1": 1, "b2": 1})
    write(tmp_path / "readme.txt", b"x")
    write(tmp_path / "my" / "annotations" / "a.xml", b"x")
    write(tmp_path / "my" / "dataset" / "classes.json", b'{"a1": "cat", "b2": "dog"}')
    source = read_images(tmp_path)
    assert [label.name for label in source.classes] == ["cat", "dog"]
    assert source.notes == ("the folder 'my/dataset' inside is read",)
    assert source.warnings == ("'my/annotations' beside it is left out: no class folder",)
    assert source.images[0].id == "my/dataset/a1/000.png"


def test_splits_inside_of_classes_give_the_roles(tmp_path: Path) -> None:
    source = read_images(grid(tmp_path, ("cat", "dog"), ("Training", "val", "Test")))
    assert class_ids(source) == ["cat", "dog"]
    assert {i.id.split("/")[1]: i.given for i in source.images} == {
        "Training": "search",
        "val": "select",
        "Test": "test",
    }
    assert any("in every class folder are read as splits" in note for note in source.notes)


def test_pictures_beside_splits_inside_of_classes_are_left_out_and_told(tmp_path: Path) -> None:
    grid(tmp_path, ("cat", "dog"), ("train", "test"))
    write(tmp_path / "cat" / "loose.png", png(99))
    source = read_images(tmp_path)
    assert "cat/loose.png" not in [image.id for image in source.images]
    assert source.warnings == ("1 picture that lies in a class folder beside the splits is left out",)


def test_a_level_too_many_inside_of_classes_is_told(tmp_path: Path) -> None:
    source = read_images(grid(tmp_path, ("cat", "dog"), ("images",)))
    assert class_ids(source) == ["cat", "dog"]
    assert source.notes == ("every class folder holds one folder 'images', whose pictures are read",)


def test_masks_beside_the_pictures_of_every_class_are_no_pictures_of_it(tmp_path: Path) -> None:
    source = read_images(grid(tmp_path, ("covid", "normal"), ("images", "masks")))
    assert class_ids(source) == ["covid", "normal"]
    assert {image.id.split("/")[1] for image in source.images} == {"images"}
    assert source.warnings == ("in every class folder 'masks' is left out: annotations",)


def test_more_inner_folders_than_outer_ones_could_be_the_classes_and_are_asked_about(tmp_path: Path) -> None:
    grid(tmp_path, ("art", "photo"), ("cat", "dog", "horse"))
    with pytest.raises(
        DataError, match=r"'art', 'photo' all hold the same folders 'cat', 'dog', 'horse'.*classes\.json"
    ):
        read_images(tmp_path)
    write(tmp_path / "classes.json", b'{"cat": "cat", "dog": "dog", "horse": "horse"}')
    inner = read_images(tmp_path)
    assert class_ids(inner) == ["cat", "dog", "horse"]
    assert len(inner.images) == 12
    write(tmp_path / "classes.json", b'{"art": "painting", "photo": "photo"}')
    assert class_ids(read_images(tmp_path)) == ["art", "photo"]


def test_no_more_inner_folders_than_outer_ones_are_parts_of_classes_with_a_warning(tmp_path: Path) -> None:
    source = read_images(grid(tmp_path, ("oak", "ash", "elm"), ("leaf", "bark")))
    assert class_ids(source) == ["ash", "elm", "oak"]
    assert "all hold the same folders 'bark', 'leaf'; the outer ones are read as the classes" in source.warnings[0]


def test_different_folders_inside_of_classes_are_told(tmp_path: Path) -> None:
    source = read_images(write_classes(tmp_path, {"animal/cat": 1, "animal/dog": 1, "vehicle/car": 1}))
    assert class_ids(source) == ["animal", "vehicle"]
    assert source.notes == (
        "pictures in folders inside of class folders count to the class: 'animal/cat', 'animal/dog', 'vehicle/car'",
    )


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir",
        "$RECYCLE.BIN",
        "Recycle Bin",
        "System Volume Information",
        "lost+found",
        "FOUND.000",
        "#recycle",
        "~snapshot",
        "@Transcode",
        "__MACOSX",
        ".ipynb_checkpoints",
        "node_modules",
        "venv",
        ".venv",
    ],
)
def test_folders_of_systems_are_skipped_at_every_level_and_told(tmp_path: Path, name: str) -> None:
    write_classes(tmp_path, {"cat": 1, "dog": 1, f"cat/{name}": 1, name: 1})
    write(tmp_path / "dog" / "Thumbs.db", b"x")
    source = read_images(tmp_path)
    assert [image.id for image in source.images] == ["cat/000.png", "dog/000.png"]
    assert source.ignored == ()
    assert source.notes == (f"hidden and system files and folders skipped (3): {listed(sorted([name, 'Thumbs.db']))}",)


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ("owl", "'cat', 'dog' hold the splits 'test', 'train', but 'owl' does not"),
        ("owl/barn", "but 'owl' does not and 'owl/barn' is no split"),
        ("dog/extra", "but 'dog/extra' is no split"),
    ],
)
def test_a_test_set_is_not_mixed_into_the_rest_because_another_class_has_none(
    tmp_path: Path, odd: str, told: str
) -> None:
    write_classes(grid(tmp_path, ("cat", "dog"), ("train", "test")), {odd: 6}, first=50)
    with pytest.raises(DataError, match="sealed for the test can't be told; give every class folder") as caught:
        read_images(tmp_path)
    assert told in str(caught.value)


def test_splits_inside_of_classes_may_have_the_name_of_their_class(tmp_path: Path) -> None:
    names = [f"{c}/{c}s_{split}" for c in ("cat", "dog") for split in ("train", "test")]
    source = read_images(write_classes(tmp_path, dict.fromkeys(names, 2)))
    assert class_ids(source) == ["cat", "dog"]
    assert {image.id.split("/")[1]: image.given for image in source.images} == {
        "cats_train": "search",
        "cats_test": "test",
        "dogs_train": "search",
        "dogs_test": "test",
    }
