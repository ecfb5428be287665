"""The same bytes twice."""

from prompt_search.data.layouts.image_source import ImageFile, Role
from prompt_search.data.pictures.duplicates import distinct


def image(name: str, content: bytes, given: Role | None = None) -> ImageFile:
    return ImageFile(name, name.split("/")[0], given, "", 0, 0, content=content)


def test_the_first_copy_within_a_class_is_kept() -> None:
    found = distinct([image("cat/2", b"x"), image("cat/1", b"x"), image("cat/3", b"y"), image("cat/0x", b"x")])
    assert [i.id for i in found.images] == ["cat/0x", "cat/3"]
    assert [(i.id, kept) for i, kept in found.duplicates] == [("cat/1", "cat/0x"), ("cat/2", "cat/0x")]


def test_the_copy_in_the_most_sealed_split_is_kept() -> None:
    copies = [image("cat/a", b"x", "search"), image("cat/b", b"x", "select"), image("cat/c", b"x", "test")]
    assert [i.id for i in distinct(copies).images] == ["cat/c"]
    assert [i.id for i in distinct(copies[:2]).images] == ["cat/b"]


def test_copies_in_different_classes_are_all_left_out() -> None:
    found = distinct([image("cat/1", b"x", "search"), image("dog/1", b"x", "test"), image("cat/2", b"x", "search")])
    assert found.images == ()
    assert found.duplicates == ()
    assert [[i.id for i in group] for group in found.contradictions] == [["cat/1", "cat/2", "dog/1"]]
