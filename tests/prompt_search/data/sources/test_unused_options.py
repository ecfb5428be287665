"""What a person says of a source that has no use for it is refused, not passed over."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluators.errors import DataError
from prompt_search.data import Reading, read_images
from prompt_search.data.sources.features import Features
from prompt_search.data.sources.objects import OwnData
from tests.prompt_search.data.pictures_on_disk import write, write_classes
from tests.prompt_search.data.sources.test_tables import write_parquet
from tests.prompt_search.data.sources.test_webdataset import samples, tar

Kind = Callable[[Path], Path | OwnData]


def folders(root: Path) -> Path:
    return write_classes(root / "data", {"cat": 2, "dog": 2})


def coop(root: Path) -> Path:
    rows = [[f"{name}/{i:03}.png", label, name] for label, name in enumerate(("cat", "dog")) for i in range(2)]
    return write(folders(root) / "split_zhou_Pets.json", json.dumps({"train": rows}).encode())


def a_list(root: Path) -> Path:
    rows = "".join(f"{name}/{i:03}.png,{name}\n" for name in ("cat", "dog") for i in range(2))
    return write(folders(root) / "list.csv", f"path,label\n{rows}".encode())


def with_table(root: Path) -> Path:
    return a_list(root).rename(root / "data" / "metadata.csv").parent


def tars(root: Path) -> Path:
    return tar(root / "a.tar", samples(4))


def table(root: Path) -> Path:
    return write_parquet(root / "a.parquet", ["cat", "dog"])


def arrays(root: Path) -> Path:
    np.savez(root / "a.npz", features=np.eye(4), labels=np.array([0, 1, 0, 1]))
    return root / "a.npz"


def pairs(root: Path) -> OwnData:
    return OwnData([(Image.new("RGB", (2, 2), (i, 9, 9)), name) for i, name in enumerate(("cat", "dog"))])


def features(root: Path) -> OwnData:
    return OwnData(Features(np.eye(4), [*"abab"]))


LABELS = Reading(label_column="kind")
ROOT = Reading(image_root="/nowhere")
STREAM = Reading(stream=True)


@pytest.mark.parametrize(
    ("kind", "reading", "told"),
    [
        (folders, LABELS, "its folders are the classes, so --label-column is of no use; leave it out"),
        (folders, Reading(image_column="a", image_root="b"), "so --image-column and --image-root are of no use; leave"),
        (folders, STREAM, "its folders are the classes, so --stream is of no use"),
        (with_table, LABELS, r"so --label-column is of no use; .*, or give the table itself: .*metadata\.csv"),
        (coop, LABELS, "it is a file of CoOp's splits, so --label-column is of no use"),
        (a_list, STREAM, "it is a list of files, so --stream is of no use"),
        (tars, ROOT, "pictures and labels lie in tar files, so --image-root is of no use"),
        (table, ROOT, "so --image-root is of no use"),
        (table, STREAM, "it is a table on this machine, so --stream is of no use"),
        (arrays, ROOT, "it holds arrays, so --image-root is of no use"),
        (arrays, Reading(image_column="feature"), r"no array 'feature' \(--image-column\), only 'features', 'labels'"),
        (pairs, LABELS, "it gives pictures with their labels, so --label-column is of no use"),
        (features, LABELS, "features are given with their labels, so --label-column is of no use"),
    ],
)
def test_what_a_source_has_no_use_for_is_refused(tmp_path: Path, kind: Kind, reading: Reading, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_images(kind(tmp_path), reading)


def test_what_asks_for_what_is_anyway_is_no_mistake(tmp_path: Path) -> None:
    assert len(read_images(folders(tmp_path), Reading(stream=False)).classes) == 2


def test_the_table_in_a_folder_takes_columns_where_it_is_given_itself(tmp_path: Path) -> None:
    itself = with_table(tmp_path) / "metadata.csv"
    assert len(read_images(itself, Reading(label_column="label")).classes) == 2


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (with_table, "names 'train', which is no split here; there are none"),
        (folders, "names 'train', and there is no"),
    ],
)
def test_a_split_map_for_data_without_splits_is_refused(tmp_path: Path, kind: Kind, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_images(kind(tmp_path), Reading(split_map=("train=search",)))


def test_a_split_map_for_folders_that_are_named_as_classes_is_refused(tmp_path: Path) -> None:
    data = write_classes(tmp_path, {"train": 2, "bus": 2})
    write(data / "classes.json", b'{"train": "train", "bus": "bus"}')
    with pytest.raises(
        DataError, match="names 'train', and a file of class names says that the folders are the classes"
    ):
        read_images(data, Reading(split_map=("train=search",)))
