"""Tar files of samples."""

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from evaluators.errors import DataError
from prompt_search.data import Reading, read_images
from prompt_search.data.layouts.image_source import ImageSource
from tests.prompt_search.data.pictures_on_disk import load, png, write

Files = dict[str, bytes]


def tar(path: Path, files: Files, mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as opened:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
    return path


def samples(count: int, first: int = 0, ending: str = "cls", labels: tuple[str, ...] = ("0", "1")) -> Files:
    files: Files = {}
    for i in range(first, first + count):
        files[f"{i:04}.png"] = png(i)
        files[f"{i:04}.{ending}"] = labels[i % len(labels)].encode()
    return files


def classes(source: ImageSource) -> list[tuple[str, str]]:
    return [(label.id, label.name) for label in source.classes]


def test_folders_are_splits_and_classnames_names(tmp_path: Path) -> None:
    tar(tmp_path / "wds" / "train" / "0.tar", samples(8))
    tar(tmp_path / "wds" / "train" / "1.tar", samples(4, 8))
    tar(tmp_path / "wds" / "test" / "0.tar", samples(4, 12))
    write(tmp_path / "wds" / "classnames.txt", b"tabby cat\nred fox\n")
    source = read_images(tmp_path / "wds")
    assert classes(source) == [("red fox", "red fox"), ("tabby cat", "tabby cat")]
    assert source.images[0].id == "test/0.tar/0012"
    assert [image.given for image in source.images] == ["test"] * 4 + ["search"] * 12
    splits = load(tmp_path / "wds", tmp_path / "cache")
    assert [len(s) for s in (splits.search, splits.select, splits.test)] == [6, 6, 4]


def test_one_tar_alone_is_what_it_was_among_others(tmp_path: Path) -> None:
    first = tar(tmp_path / "wds" / "train-0.tar", samples(8))
    tar(tmp_path / "wds" / "a-test-0.tar", samples(8, 8))
    assert load(tmp_path / "wds", tmp_path / "cache").report.used["test"] == 8
    alone = load(first, tmp_path / "cache")
    assert not alone.report.duplicates
    assert not alone.report.contradictions
    assert alone.fingerprint == load(first, tmp_path / "other").fingerprint


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_packed_or_not_the_pictures_are_the_same(tmp_path: Path, mode: str) -> None:
    plain = load(tar(tmp_path / "a.tar", samples(12)), tmp_path / "cache")
    packed = tar(tmp_path / f"b.tar{mode[1:].replace(':', '.')}", samples(12), mode)
    assert load(packed, tmp_path / "cache").fingerprint == plain.fingerprint


@pytest.mark.parametrize("ending", ["cls.txt", "label", "label.txt"])
def test_other_endings_of_labels_are_known(tmp_path: Path, ending: str) -> None:
    source = read_images(tar(tmp_path / "a.tar", samples(4, ending=ending, labels=("cat", "dog"))))
    assert classes(source) == [("cat", "cat"), ("dog", "dog")]


def test_labels_in_json_or_under_another_ending_are_read(tmp_path: Path) -> None:
    in_json = {name: json.dumps({"kind": data.decode()}).encode() if "json" in name else data
               for name, data in samples(4, ending="json", labels=("cat", "dog")).items()}  # fmt: skip
    path = tar(tmp_path / "a.tar", in_json)
    with pytest.raises(DataError, match="its json has no 'label', 'cls'"):
        read_images(path)
    assert len(read_images(path, Reading(label_column="kind")).classes) == 2
    path = tar(tmp_path / "b.tar", samples(4, ending="txt", labels=("cat", "dog")))
    with pytest.raises(DataError, match="no label"):
        read_images(path)
    assert len(read_images(path, Reading(label_column="txt")).classes) == 2


BAD: list[tuple[Files, str, str]] = [
    ({"x.png": png(50)}, "x", "it has no label"),
    ({"x.cls": b"1"}, "x", "it has a label and no picture"),
    ({"x.png": png(50), "x.cls": b"9"}, "x", "its label is 9, and classnames.txt has 2 lines"),
    ({"x.png": png(50), "x.cls": b"-1"}, "x", "its label is '-1', which is no class"),
    ({"x.png": png(50), "x.cls": b"owl"}, "x", "its label 'owl' is not in classnames.txt"),
    ({"x.png": png(50), "x.cls": b"\xff"}, "x", "its label is no text"),
    ({"x.png": png(50), "x.json": b"{"}, "x", "its json is not valid"),
    ({"x.png": png(50), "x.jpg": png(51), "x.cls": b"1"}, "x", "it has several pictures: 'jpg', 'png'"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "name", "why"), BAD)
def test_a_sample_of_no_use_is_named_and_left_out(tmp_path: Path, files: Files, name: str, why: str) -> None:
    tar(tmp_path / "a.tar", samples(4) | files)
    write(tmp_path / "classnames.txt", b"cat\ndog\n")
    source = read_images(tmp_path / "a.tar")
    assert len(source.images) == 4
    ((sample, reason),) = source.unlabelled
    assert sample == f"a.tar/{name}"
    assert why in reason


def test_a_mask_beside_a_picture_is_not_it(tmp_path: Path) -> None:
    files = samples(4) | {f"{i:04}.seg.png": png(i + 90) for i in range(4)}
    plain = read_images(tar(tmp_path / "a.tar", samples(4)))
    masked = read_images(tar(tmp_path / "b.tar", files))
    pictures = [[picture and picture["bytes"] for picture in s.pictures(s.images)] for s in (plain, masked)]
    assert pictures[0] == pictures[1] == [png(i) for i in range(4)]
    of_masks = read_images(tmp_path / "b.tar", Reading(image_column="seg.png"))
    assert next(of_masks.pictures(of_masks.images[:1])) == {"bytes": png(90), "path": None}


@pytest.mark.parametrize("name", ["../../out", "/etc/x", "a/../../b"])
def test_nothing_is_ever_written_whatever_names_are_in_a_tar(tmp_path: Path, name: str) -> None:
    files = samples(4) | {f"{name}.png": png(70), f"{name}.cls": b"0"}
    path = tar(tmp_path / "in" / "a.tar", files)
    before = sorted(tmp_path.rglob("*"))
    source = read_images(path)
    list(source.pictures(source.images))
    assert sorted(tmp_path.rglob("*")) == before
    assert len(source.images) == 5


def test_links_and_devices_in_a_tar_are_no_samples(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", samples(4))
    with tarfile.open(path, "a") as opened:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"l{kind.decode()}.png")
            member.type, member.linkname = kind, "/etc/passwd"
            opened.addfile(member)
    assert len(read_images(path).images) == 4


def test_a_tar_that_is_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", samples(8))
    path.write_bytes(path.read_bytes()[:9000])
    source = read_images(path)
    assert 1 < len(source.images) < 8
    assert "a.tar is cut off after" in source.warnings[0]
    packed = tmp_path / "b.tar.gz"
    packed.write_bytes(gzip.compress(tar(tmp_path / "b.tar", samples(8)).read_bytes())[:60])
    with pytest.raises(DataError, match=r"b\.tar\.gz"):
        read_images(packed)


def test_a_tar_of_class_folders_is_told_from_samples(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {f"{folder}/{i}.png": png(i) for folder in ("cat", "dog") for i in range(2)})
    with pytest.raises(DataError, match="a tar of class folders must be unpacked"):
        read_images(path)


def test_braces_stand_for_several_tars(tmp_path: Path) -> None:
    for i in range(3):
        tar(tmp_path / f"shard-{i:03}.tar", samples(4, 4 * i))
    source = read_images(f"{tmp_path}/shard-{{000..001}}.tar")
    assert len(source.images) == 8
    assert len(read_images(f"{tmp_path}/shard-*.tar").images) == 12
    with pytest.raises(DataError, match="does not exist"):
        read_images(f"{tmp_path}/shard-{{007..009}}.tar")
    with pytest.raises(DataError, match="100000 are the most"):
        read_images(f"{tmp_path}/shard-{{0..9999999}}.tar")


def test_any_is_no_tar(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {"a.tar": b"nonsense", "b.tar": b"", "c.tgz": b"\x1f\x8b"}
    for name, data in nothing.items():
        with pytest.raises(DataError):
            read_images(write(tmp_path / name, data))
