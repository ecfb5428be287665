"""Both ways see every file, and a second visit encodes none of them."""

from pathlib import Path

from benchmarks.folder_visits import KnownFolder, read_and_hash


def test_a_second_visit_comes_to_the_same_and_encodes_nothing(tmp_path: Path) -> None:
    known = KnownFolder(tmp_path, classes=2, images=4)
    assert known.model.encoded == 8
    assert known.visit() == known.fingerprint
    assert known.model.encoded == 8


def test_both_ways_notice_a_changed_file(tmp_path: Path) -> None:
    known = KnownFolder(tmp_path, classes=2, images=4)
    before = read_and_hash(known.images)
    with (known.images / "class 001" / "00003.jpg").open("ab") as file:
        file.write(b"more")
    assert known.visit() != known.fingerprint
    assert known.model.encoded == 9
    assert read_and_hash(known.images) != before
