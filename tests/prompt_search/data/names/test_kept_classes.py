"""`--classes`: names, or which classes to keep."""

from pathlib import Path

import pytest

from evaluators.errors import DataError
from prompt_search.data import Reading, read_images
from prompt_search.data.layouts.image_source import ImageSource
from tests.prompt_search.data.pictures_on_disk import write, write_classes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "data", {"tabby_cat": 2, "dog": 2, "owl": 2})


def kept(root: Path, classes: object) -> ImageSource:
    return read_images(root, Reading(classes=str(classes)))


@pytest.mark.parametrize(
    ("name", "text"),
    [("", "owl, dog"), ("k.txt", "owl\n\ndog\n"), ("k.json", '["dog", "owl"]'), ("k", '["dog","owl"]')],
)
def test_a_list_keeps_some(root: Path, tmp_path: Path, name: str, text: str) -> None:
    source = kept(root, write(tmp_path / name, text.encode()) if name else text)
    assert [label.id for label in source.classes] == ["dog", "owl"]
    assert len(source.images) == 4
    assert "2 of 3 classes are kept" in source.notes[-1]
    assert "left out: 'tabby_cat'" in source.notes[-1]


def test_names_for_some_keep_these(root: Path, tmp_path: Path) -> None:
    source = kept(root, write(tmp_path / "names.json", b'{"dog": "hound", "tabby_cat": "tabby"}'))
    assert [(label.id, label.name) for label in source.classes] == [("dog", "hound"), ("tabby_cat", "tabby")]


def test_classes_are_found_by_their_names_too(root: Path) -> None:
    write(root / "classes.json", b'{"tabby_cat": "tabby", "dog": "hound", "owl": "owl"}')
    source = kept(root, "tabby_cat,owl")
    assert [label.name for label in source.classes] == ["owl", "tabby"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dog,owll", r"'owll' \(did you mean 'owl'\?\)"),
        ("dog,dog", "keeps only one class; two are needed"),
        ("dog", "is no file; give one, or ids with commas"),
        (",", "names no class"),
        ("nowhere.json", "is no file"),
    ],
)
def test_what_keeps_nothing_is_refused(root: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        kept(root, text)


@pytest.mark.parametrize("text", ["[[1]]", '[{"a": 1}]', "[true]", "{", '{"dog": 3}', "7", "\xff"])
def test_a_file_that_is_no_list_of_classes_is_refused(root: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"k\.json"):
        kept(root, write(tmp_path / "k.json", text.encode("latin-1")))
