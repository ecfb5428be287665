"""The whole way from a folder to three splits of features."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluators.errors import DataError
from prompt_search.data.encoding.prepare import read_bytes
from prompt_search.data.load import load_splits
from tests.fakes.pixel_model import PixelModel
from tests.prompt_search.data.pictures_on_disk import load, png, used, write, write_classes


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "data", {"cat": 9, "dog": 6})


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("prepare", "fingerprints"):
        monkeypatch.setattr(f"prompt_search.data.encoding.{module}.read_bytes", None)


def test_three_disjoint_splits_with_labels_and_features(data: Path, cache: Path) -> None:
    splits = load(data, cache)
    assert [len(split) for split in (splits.search, splits.select, splits.test)] == [5, 5, 5]
    assert len(used(splits)) == 15
    assert splits.search.class_ids == ("cat", "dog")
    assert splits.search.labels.tolist() == [int(i.startswith("dog")) for i in splits.search.image_ids]
    np.testing.assert_allclose(np.linalg.norm(np.asarray(splits.test.embeddings), axis=1), 1, rtol=1e-6)


def test_a_second_start_reads_and_encodes_nothing(data: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(data / "cat" / "broken.png", b"broken")
    first = load(data, cache)
    forbid_reading(monkeypatch)
    model = PixelModel()
    second = load(data, cache, model)
    assert model.pictures == []
    assert second.report == first.report
    assert second.fingerprint == first.fingerprint
    np.testing.assert_array_equal(np.asarray(second.search.embeddings), np.asarray(first.search.embeddings))


def test_reading_and_encoding_are_counted_to_their_ends_and_not_at_all_the_second_time(data: Path, cache: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    for _ in range(2):
        load_splits(
            data,
            PixelModel(),
            cache_dir=cache,
            on_reading=lambda *at: seen.append(("read", *at)),
            on_progress=lambda *at: seen.append(("encoded", *at)),
        )
    assert seen == [("read", 0, 15), ("read", 15, 15), ("encoded", 0, 15), ("encoded", 15, 15)]


def test_features_stored_in_half_precision_are_others_than_the_full_ones(data: Path, cache: Path) -> None:
    full = load(data, cache)
    model = PixelModel()
    half = load_splits(data, model, cache_dir=cache, stored_as="fp16")
    assert len(model.pictures) == 15
    assert half.fingerprint == full.fingerprint
    expected = np.asarray(full.search.embeddings).astype(np.float16)
    np.testing.assert_array_equal(np.asarray(half.search.embeddings), expected)


def test_a_second_start_of_a_folder_imports_no_heavy_library(data: Path, cache: Path) -> None:
    load(data, cache)
    code = (
        "import sys; from pathlib import Path; from tests.prompt_search.data.pictures_on_disk import load; "
        "before = set(sys.modules); load(Path(sys.argv[1]), Path(sys.argv[2])); "
        "sys.exit(str({'datasets', 'torch'} & (set(sys.modules) - before) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code, data, cache], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_a_renamed_file_is_not_encoded_again(data: Path, cache: Path) -> None:
    first = load(data, cache)
    (data / "cat" / "000.png").rename(data / "cat" / "new name.png")
    model = PixelModel()
    second = load(data, cache, model)
    assert model.pictures == []
    assert "cat/new name.png" in used(second)
    assert second.fingerprint == first.fingerprint


def test_a_changed_file_is_noticed(data: Path, cache: Path) -> None:
    first = load(data, cache)
    write(data / "cat" / "000.png", png(99))
    model = PixelModel()
    assert load(data, cache, model).fingerprint != first.fingerprint
    assert len(model.pictures) == 1


def test_verify_notices_a_change_that_kept_size_and_time(data: Path, cache: Path) -> None:
    path = data / "cat" / "000.png"
    before = path.stat()
    first = load(data, cache)
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1  # of the checksum of the last, empty chunk: still a picture
    path.write_bytes(changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load(data, cache).fingerprint == first.fingerprint
    assert load(data, cache, verify=True).fingerprint != first.fingerprint


def test_a_moved_folder_is_not_encoded_again(data: Path, cache: Path, tmp_path: Path) -> None:
    first = load(data, cache)
    shutil.move(data, tmp_path / "elsewhere")
    model = PixelModel()
    assert load(tmp_path / "elsewhere", cache, model).fingerprint == first.fingerprint
    assert model.pictures == []


def test_corrupt_images_are_skipped_counted_and_listed(data: Path, cache: Path) -> None:
    write(data / "cat" / "broken.png", b"nonsense")
    write(data / "cat" / "cut.png", png(50)[:60])
    write(data / "dog" / "empty.jpg", b"")
    (data / "dog" / "gone.png").symlink_to("nowhere")
    splits = load(data, cache)
    assert [image for image, _ in splits.report.corrupt] == [
        "cat/broken.png",
        "cat/cut.png",
        "dog/empty.jpg",
        "dog/gone.png",
    ]
    assert len(used(splits)) == 15
    assert "4 unreadable images left out:" in splits.report.lines()


def test_a_corrupt_image_does_not_eat_a_shot(data: Path, cache: Path) -> None:
    for i in range(6):
        write(data / "cat" / f"broken{i}.png", f"nonsense {i}".encode())
    splits = load(data, cache, shots=3, select_shots=2)
    assert np.bincount(splits.search.labels).tolist() == [3, 3]
    assert np.bincount(splits.select.labels).tolist() == [2, 2]
    assert np.bincount(splits.test.labels).tolist() == [4, 1]
    assert splits.report.warnings == ()


def test_only_the_drawn_part_of_a_given_train_split_is_encoded(tmp_path: Path, cache: Path) -> None:
    write_classes(tmp_path / "data", {"train/cat": 60, "train/dog": 40, "test/cat": 2, "test/dog": 2})
    for i in range(30):
        write(tmp_path / "data" / "train" / "dog" / f"broken{i}.png", f"nonsense {i}".encode())
    model = PixelModel()
    splits = load(tmp_path / "data", cache, model, shots=3, select_shots=2)
    assert np.bincount(splits.search.labels).tolist() == [3, 3]
    assert np.bincount(splits.select.labels).tolist() == [2, 2]
    assert len(model.pictures) < 25
    assert splits.report.unused == 60 + 40 + 30 - 10 - len(splits.report.corrupt)


def test_the_draw_does_not_depend_on_what_an_earlier_run_found_corrupt(tmp_path: Path, cache: Path) -> None:
    write_classes(tmp_path / "data", {"train/cat": 20, "train/dog": 20, "test/cat": 1, "test/dog": 1})
    for i in range(9):
        write(tmp_path / "data" / "train" / "cat" / f"broken{i}.png", f"nonsense {i}".encode())
    fresh = load(tmp_path / "data", tmp_path / "fresh", shots=2, select_shots=2, seed=0)
    for seed in range(1, 6):
        load(tmp_path / "data", cache, seed=seed)
    assert load(tmp_path / "data", cache, shots=2, select_shots=2, seed=0).fingerprint == fresh.fingerprint


def test_a_class_left_with_too_few_images_is_named_with_the_reason(data: Path, cache: Path) -> None:
    write_classes(data, {"owl": 2}, first=70)
    write(data / "owl" / "broken.png", b"nonsense")
    with pytest.raises(DataError, match=r"'owl' has 2 usable images.*1 unreadable: 'owl/broken.png \(not a picture\)'"):
        load(data, cache)


def test_a_class_of_corrupt_images_is_named(data: Path, cache: Path) -> None:
    for i in range(4):
        write(data / "owl" / f"{i}.png", f"nonsense {i}".encode())
    with pytest.raises(DataError, match=r"'owl' has 0 usable images.*4 unreadable"):
        load(data, cache)


def test_copies_across_given_splits_stay_in_the_test_only(tmp_path: Path, cache: Path) -> None:
    data = write_classes(tmp_path / "data", {f"{s}/{c}": 3 for s in ("train", "val", "test") for c in ("cat", "dog")})
    shutil.copy(data / "test" / "cat" / "000.png", data / "train" / "cat" / "copy.png")
    shutil.copy(data / "val" / "dog" / "000.png", data / "train" / "dog" / "copy.png")
    splits = load(data, cache)
    assert splits.report.duplicates == (
        ("train/cat/copy.png", "test/cat/000.png"),
        ("train/dog/copy.png", "val/dog/000.png"),
    )
    assert [len(split) for split in (splits.search, splits.select, splits.test)] == [6, 6, 6]


def test_contradicting_labels_are_left_out_and_reported_with_their_classes(data: Path, cache: Path) -> None:
    shutil.copy(data / "cat" / "000.png", data / "dog" / "twin.png")
    splits = load(data, cache)
    assert splits.report.contradictions == ((("cat/000.png", "cat"), ("dog/twin.png", "dog")),)
    assert used(splits).isdisjoint({"cat/000.png", "dog/twin.png"})


def test_empty_files_in_two_classes_are_corrupt_and_no_contradiction(data: Path, cache: Path) -> None:
    for name in ("cat/a.png", "cat/b.png", "dog/a.png"):
        write(data / name, b"")
    report = load(data, cache).report
    assert [image for image, _ in report.corrupt] == ["cat/a.png", "cat/b.png", "dog/a.png"]
    assert (report.duplicates, report.contradictions) == ((), ())


def test_a_select_split_that_lost_all_its_images_is_not_drawn_anew(tmp_path: Path, cache: Path) -> None:
    data = write_classes(tmp_path / "data", {f"{s}/{c}": 3 for s in ("train", "test") for c in ("cat", "dog")})
    for c in ("cat", "dog"):
        shutil.copytree(data / "test" / c, data / "val" / c)
    with pytest.raises(
        DataError, match=r"'cat' has 0 usable images, needs at least 1 in the select split.*6 duplicate"
    ):
        load(data, cache)


def test_the_fingerprint_knows_roles_and_not_names(data: Path, cache: Path) -> None:
    first = load(data, cache)
    write(data / "classes.json", b'{"cat": "Katze", "dog": "Hund"}')
    named = load(data, cache)
    assert [label.name for label in named.classes] == ["Katze", "Hund"]
    assert named.fingerprint == first.fingerprint
    assert load(data, cache, seed=1).fingerprint != first.fingerprint


def test_hostile_names_go_the_whole_way(tmp_path: Path, cache: Path) -> None:
    names = ["{0}", "🐈", "[x]", "*", " a b ", "c" * 250, "test", "a::b", "http:"]
    splits = load(write_classes(tmp_path / "data", dict.fromkeys(names, 3)), cache)
    assert [label.id for label in splits.classes] == sorted(names)
    assert len(used(splits)) == 27


def test_a_file_that_may_not_be_read_is_listed_and_read_once_it_may(
    data: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(picture: Mapping[str, Any]) -> bytes:
        if picture["path"].endswith("cat/000.png"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return read_bytes(picture)

    with monkeypatch.context() as patch:
        patch.setattr("prompt_search.data.encoding.fingerprints.read_bytes", refuse)
        assert load(data, cache).report.corrupt == (("cat/000.png", "Permission denied"),)
    assert load(data, cache).report.corrupt == ()


def test_empty_files_of_one_class_are_said_to_be_empty_and_no_duplicates(data: Path, cache: Path) -> None:
    for i in range(3):
        write(data / "dog" / f"nothing{i}.png", b"")
    for _ in range(2):  # the second time from the index
        report = load(data, cache).report
        assert report.duplicates == ()
        assert report.corrupt == tuple((f"dog/nothing{i}.png", "the file is empty") for i in range(3))
