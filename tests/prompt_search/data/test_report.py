"""What a person reads about their data."""

from prompt_search.data import DataReport


def report(**fields: object) -> DataReport:
    return DataReport(2, {"search": 1, "select": 2, "test": 3}, **fields)  # type: ignore[arg-type]


def test_a_clean_data_set_is_one_line() -> None:
    assert report().lines() == ["2 classes: 1 images to search with, 2 to select with, 3 sealed for the test"]


def test_every_finding_has_its_line() -> None:
    found = report(
        unused=9,
        corrupt=(("cat/1.png", "cut off"),),
        duplicates=(("cat/2.png", "cat/0.png"),),
        contradictions=((("cat/3.png", "cat"), ("dog/1.png", "dog")),),
        ignored=("cat/a.txt", "b.md"),
        notes=("the folder 'a' inside is read",),
        warnings=("class 'cat' has too few images",),
    )
    assert found.lines()[1:] == [
        "9 images of the given splits not used",
        "1 unreadable image left out:",
        "  cat/1.png: cut off",
        "1 duplicate image left out:",
        "  cat/2.png: the same bytes as cat/0.png",
        "2 images left out because the same bytes are in different classes:",
        "  cat/3.png (cat), dog/1.png (dog)",
        "2 files that are no pictures ignored: 'cat/a.txt', 'b.md'",
        "the folder 'a' inside is read",
        "warning: class 'cat' has too few images",
    ]


def test_long_lists_are_cut_with_their_count() -> None:
    lines = report(corrupt=tuple((f"{i}.png", "empty") for i in range(50))).lines()
    assert lines[1] == "50 unreadable images left out:"
    assert lines[-1] == "  and 30 more"


def test_control_characters_are_escaped() -> None:
    text = "\n".join(report(corrupt=(("a\x1b[31m\n\u202e.png", "x\x07"),), ignored=("\x1b",)).lines())
    assert "\\x1b[31m\\n\\u202e.png: x\\x07" in text
    assert text.count("\n") == 3
    assert "\x1b" not in text
