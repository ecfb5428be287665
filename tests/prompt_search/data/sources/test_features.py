"""Ready features in the place of pictures."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from evaluators.errors import DataError
from prompt_search import Features
from prompt_search.data import Reading, read_images
from prompt_search.data.sources.objects import OwnData
from tests.fakes.pixel_model import WIDTH, PixelModel
from tests.prompt_search.data.pictures_on_disk import load, write


def rows(n: int, seed: int = 0, width: int = WIDTH) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)


def labels(n: int) -> NDArray[np.int64]:
    return np.arange(n) % 2


NAMES = np.array(["cat", "dog"])


def test_an_npz_goes_the_whole_way_and_no_picture_is_encoded(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", features=5 * rows(24), labels=labels(24), class_names=NAMES)
    model = PixelModel()
    splits = load(tmp_path / "f.npz", tmp_path / "cache", model)
    assert [label.id for label in splits.classes] == ["cat", "dog"]
    assert [len(s) for s in (splits.search, splits.select, splits.test)] == [8, 8, 8]
    assert model.pictures == []
    np.testing.assert_allclose(np.linalg.norm(np.asarray(splits.test.embeddings), axis=1), 1, rtol=1e-6)
    row = int(splits.test.image_ids[0].removeprefix("row "))
    expected = rows(24)[row] / np.linalg.norm(rows(24)[row])
    np.testing.assert_allclose(splits.test.embeddings[0:1][0], expected, rtol=1e-5)
    assert any("only their width can be checked" in line for line in splits.report.lines())


def test_features_of_another_width_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", features=rows(24, width=5), labels=labels(24))
    with pytest.raises(DataError, match=r"width 5, those of the model pixels have 8.*--model"):
        load(tmp_path / "f.npz", tmp_path / "cache")


@pytest.mark.parametrize(
    "arrays",
    [
        {"train_features": rows(8), "train_labels": labels(8), "test_features": rows(4, 1), "test_labels": labels(4)},
        {"X_train": rows(8), "y_train": labels(8), "X_test": rows(4, 1), "y_test": labels(4)},
        {"image_features": rows(12), "targets": labels(12), "split": np.array(["train"] * 8 + ["test"] * 4)},
    ],
)
def test_splits_are_told_from_names_or_a_column(tmp_path: Path, arrays: dict[str, Any]) -> None:
    np.savez(tmp_path / "f.npz", **arrays)
    source = read_images(tmp_path / "f.npz")
    assert source.given == {"search", "test"}
    assert sorted(str(image.given) for image in source.images) == ["search"] * 8 + ["test"] * 4


def test_npy_files_beside_each_other_and_in_a_folder_are_one(tmp_path: Path) -> None:
    np.save(tmp_path / "clip_features.npy", rows(8))
    np.save(tmp_path / "clip_labels.npy", labels(8))
    assert len(read_images(tmp_path / "clip_features.npy").images) == 8
    assert len(read_images(tmp_path).images) == 8
    (tmp_path / "clip_labels.npy").unlink()
    with pytest.raises(DataError, match=r"no features \[N, D\] with labels \[N\].*clip_features \[8, 8\]"):
        read_images(tmp_path / "clip_features.npy")


def test_safetensors_and_arrays_of_other_names_are_read(tmp_path: Path) -> None:
    save_file({"a": rows(8).astype(np.float16), "b": labels(8)}, tmp_path / "f.safetensors")
    with pytest.raises(DataError, match="it holds"):
        read_images(tmp_path / "f.safetensors")
    source = read_images(tmp_path / "f.safetensors", Reading(image_column="a", label_column="b"))
    assert [label.id for label in source.classes] == ["0", "1"]


def test_rows_of_no_use_are_named_and_left_out(tmp_path: Path) -> None:
    features = rows(10)
    features[0], features[1, 0], features[2, 0] = 0, np.nan, np.inf
    own = labels(10).astype(np.float64)
    own[3], own[4], own[5] = np.nan, -1, 7
    np.savez(tmp_path / "f.npz", features=features, labels=own, class_names=NAMES)
    source = read_images(tmp_path / "f.npz")
    assert dict(source.unreadable) == {
        "row 0": "its features are all zero",
        "row 1": "its features are not finite",
        "row 2": "its features are not finite",
    }
    assert [row for row, _ in source.unlabelled] == ["row 3", "row 4", "row 5"]
    assert [label.id for label in source.classes] == ["cat", "dog"]


class Evil:
    """Would write a file if it were unpickled."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("unpickled"),))


def test_nothing_pickled_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    objects = np.empty(2, dtype=object)
    objects[:] = [Evil(), Evil()]
    np.savez(tmp_path / "f.npz", features=rows(2), labels=objects)
    np.save(tmp_path / "g.npy", objects, allow_pickle=True)
    write(tmp_path / "h.npz", pickle.dumps(Evil()))
    for name in ("f.npz", "g.npy", "h.npz"):
        with pytest.raises(DataError, match=r"can't be read as features.*(Python objects|magic|zip|archive|pickle)"):
            read_images(tmp_path / name)
    assert not (tmp_path / "unpickled").exists()


def clip_retrieval(folder: Path, **columns: list[Any]) -> Path:
    for number in (0, 1):
        (folder / "img_emb").mkdir(parents=True, exist_ok=True)
        (folder / "metadata").mkdir(exist_ok=True)
        np.save(folder / "img_emb" / f"img_emb_{number}.npy", rows(6, number).astype(np.float16))
        pq.write_table(pa.table(columns), folder / "metadata" / f"metadata_{number}.parquet")
    return folder


def test_a_folder_of_clip_retrieval_is_read(tmp_path: Path) -> None:
    paths = [f"/data/{'cat' if i % 2 else 'dog'}/{i}.png" for i in range(6)]
    source = read_images(clip_retrieval(tmp_path / "a", image_path=paths, label=["x", "y"] * 3))
    assert [label.id for label in source.classes] == ["x", "y"]
    assert len(source.images) == 12
    source = read_images(tmp_path / "a", Reading(label_column="image_path"))
    assert len(source.classes) == 6
    source = read_images(clip_retrieval(tmp_path / "b", image_path=paths, caption=["a"] * 6))
    assert [label.id for label in source.classes] == ["cat", "dog"]
    assert "the folders of image_path are read as classes" in source.notes[1]
    with pytest.raises(DataError, match="no column of labels, only 'image_path'"):
        read_images(clip_retrieval(tmp_path / "c", image_path=[f"/d/{i}.png" for i in range(6)]))
    (tmp_path / "a" / "metadata" / "metadata_1.parquet").unlink()
    with pytest.raises(DataError, match=r"img_emb_1\.npy has no metadata of its number"):
        read_images(tmp_path / "a")


def test_arrays_are_given_as_they_are(tmp_path: Path) -> None:
    splits = load(OwnData(Features(rows(12), [*"ab"] * 6)), tmp_path)
    assert [label.id for label in splits.classes] == ["a", "b"]
    by_split = {
        "train": Features(rows(8), labels(8), ["cat", "dog"]),
        "test": Features(rows(4, 1), labels(4), ["cat", "dog"]),
    }
    splits = load(OwnData(by_split), tmp_path)
    assert len(splits.test) == 4
    assert splits.test.image_ids[0] == "test/row 0"
    for wrong, message in (
        (Features(rows(3), [1, 2]), "3 rows of features and 2 labels"),
        (Features(rows(3)[0], [1, 2]), "numbers \\[N, D\\]"),
        (Features(rows(3), [1, 1, 1]), "only one class"),
    ):
        with pytest.raises(DataError, match=message):
            load(OwnData(wrong), tmp_path)


def test_features_that_are_nearly_the_same_do_not_stand_in_different_splits(tmp_path: Path) -> None:
    features = rows(24)
    features[1:24:6] = features[0] + 0.001 * rows(4, 3)
    splits = load(OwnData(Features(features, labels(24))), tmp_path, alike=0.97)
    kept = [name for split in (splits.search, splits.select, splits.test) for name in split.image_ids]
    assert len(splits.report.near_duplicates) + len(kept) <= 24
