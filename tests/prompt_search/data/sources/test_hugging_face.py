"""Data sets as the hub and `datasets` have them, read by the real library."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

from evaluators.errors import DataError
from prompt_search.data import Reading, read_images
from prompt_search.data.layouts.image_source import ImageSource
from tests.fakes.pixel_model import PixelModel
from tests.prompt_search.data.pictures_on_disk import load, png, write

NAMES = ["cat", "dog"]


def table(first: int, labels: list[Any], **columns: Any) -> Any:
    features = datasets.Features(
        {
            "img": datasets.Image(),
            "fine_label": datasets.ClassLabel(names=NAMES),
            **{name: datasets.Value("string") for name in columns},
        }
    )
    pictures = [{"bytes": png(first + i), "path": None} for i in range(len(labels))]
    return datasets.Dataset.from_dict({"img": pictures, "fine_label": labels, **columns}, features=features)


def quietly(path: Path, data: Any) -> None:
    datasets.disable_progress_bars()
    data.to_parquet(path) if path.suffix == ".parquet" else data.save_to_disk(path)
    datasets.enable_progress_bars()


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A repository of the hub, downloaded: the test split has no labels."""
    folder = tmp_path / "snapshot"
    (folder / "data").mkdir(parents=True)
    quietly(folder / "data" / "train-00000-of-00002.parquet", table(0, [0, 1] * 4))
    quietly(folder / "data" / "train-00001-of-00002.parquet", table(8, [0, 1] * 4))
    quietly(folder / "data" / "validation-00000-of-00001.parquet", table(16, [0, 1] * 3))
    quietly(folder / "data" / "test-00000-of-00001.parquet", table(22, [-1] * 3))
    write(folder / "README.md", b"---\nlicense: mit\n---\n")
    return folder


def counts(source: ImageSource) -> dict[tuple[str, str | None], int]:
    found: dict[tuple[str, str | None], int] = {}
    for image in source.images:
        found[image.class_id, image.given] = found.get((image.class_id, image.given), 0) + 1
    return found


def test_a_snapshot_is_read_and_a_split_without_labels_left_out(snapshot: Path, tmp_path: Path) -> None:
    source = read_images(snapshot, cache_dir=tmp_path / "cache")
    assert counts(source) == {("cat", "search"): 8, ("dog", "search"): 8, ("cat", "test"): 3, ("dog", "test"): 3}
    assert source.warnings == ("the split 'test' is left out: none of its 3 rows has a label",)
    assert len(source.unlabelled) == 3
    assert source.images[0].id == "train/row 0"


def test_streamed_and_downloaded_give_the_same_features_and_splits(snapshot: Path, tmp_path: Path) -> None:
    downloaded = load(snapshot, tmp_path / "a", reading=Reading(stream=False))
    model = PixelModel()
    streamed = load(snapshot, tmp_path / "b", model, reading=Reading(stream=True))
    assert streamed.fingerprint == downloaded.fingerprint
    features = [np.sort(np.asarray(splits.search.embeddings), axis=0) for splits in (streamed, downloaded)]
    assert (features[0] == features[1]).all()
    assert len(model.pictures) == 22
    assert any("streamed" in note for note in streamed.report.notes)
    assert not list((tmp_path / "b" / "datasets").rglob("*.arrow"))
    again = load(snapshot, tmp_path / "b", model, reading=Reading(stream=True))
    assert again.fingerprint == streamed.fingerprint
    assert len(model.pictures) == 22


def test_the_split_map_says_what_splits_are_for(snapshot: Path, tmp_path: Path) -> None:
    reading = Reading(split_map=("train=test,validation=search",))
    assert set(counts(read_images(snapshot, reading, tmp_path))) == {(c, r) for c in NAMES for r in ("search", "test")}
    with pytest.raises(DataError, match="'tarin', which is no split here; did you mean 'train'"):
        read_images(snapshot, Reading(split_map=("tarin=search",)), tmp_path)


def test_what_was_saved_to_disk_is_read(tmp_path: Path) -> None:
    several = datasets.DatasetDict({"train": table(0, [0, 1] * 4), "test": table(8, [0, 1])})
    quietly(tmp_path / "dict", several)
    quietly(tmp_path / "one", several["train"])
    assert counts(read_images(tmp_path / "dict"))["cat", "test"] == 1
    assert counts(read_images(tmp_path / "one")) == {("cat", None): 4, ("dog", None): 4}
    assert len(load(tmp_path / "dict", tmp_path / "cache").test) == 2


def test_another_column_of_pictures_has_other_bytes(tmp_path: Path) -> None:
    rows = {"a": [png(i) for i in range(8)], "b": [png(i + 8) for i in range(8)], "label": ["cat", "dog"] * 4}
    datasets.Dataset.from_dict(rows).to_parquet(tmp_path / "a.parquet")
    first = load(tmp_path / "a.parquet", tmp_path / "cache", reading=Reading(image_column="a"))
    second = load(tmp_path / "a.parquet", tmp_path / "cache", reading=Reading(image_column="b"))
    assert first.fingerprint != second.fingerprint
    assert first.report.corrupt == second.report.corrupt == ()


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (Reading(), "several columns of labels, 'coarse', 'fine'; say which with --label-column"),
        (Reading(label_column="fin"), r"no column 'fin' \(--label-column\), only 'image', 'coarse', 'fine'"),
        (Reading(image_column="coarse", label_column="fine"), "'coarse' holds no pictures"),
    ],
)
def test_columns_that_can_not_be_told_are_asked_for(tmp_path: Path, reading: Reading, message: str) -> None:
    label = datasets.ClassLabel(names=NAMES)
    features = datasets.Features({"image": datasets.Image(), "coarse": label, "fine": label})
    rows = {"image": [{"bytes": png(i), "path": None} for i in (0, 1)], "coarse": [0, 1], "fine": [1, 0]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=message):
        read_images(tmp_path / "a.parquet", reading)


def test_classes_of_one_name_have_their_numbers_as_ids(tmp_path: Path) -> None:
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["crane", "ox", "c"])})
    write(tmp_path / "x", b"")
    rows = {"image": [{"bytes": png(i), "path": None} for i in range(3)], "label": [0, 1, 2]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "a.parquet")
    assert [label.id for label in read_images(tmp_path / "a.parquet").classes] == ["c", "crane", "ox"]


def test_files_of_a_pattern_are_the_splits_their_names_say(snapshot: Path, tmp_path: Path) -> None:
    source = read_images(f"{snapshot}/data/*-0*.parquet", cache_dir=tmp_path)
    assert counts(source)["cat", "search"] == 8
    assert len({image.id for image in source.images}) == len(source.images) == 22


@pytest.mark.parametrize("name", ["hf:", "hf:a b", "hf:a/b/c", "hf:../x"])
def test_a_name_that_is_none_of_the_hub_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"names no data set of the hub|can't be read|is not on this machine"):
        read_images(name)


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub's interface as `datasets` asks for one repository."""

    folder: Path
    asked: list[str]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        paths = json.loads(self.rfile.read(length) or b"{}").get("paths", [])
        self._send(json.dumps([self._entry(p) for p in paths if (self.folder / p).is_file()]).encode(), {})

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(path)
        head = "/datasets/me/pets/resolve/"
        file = self.folder / path.removeprefix(head).partition("/")[2] if path.startswith(head) else None
        if file is not None and file.is_file():
            headers = {"ETag": f'"{file.name}"', "X-Repo-Commit": "a" * 40, "Accept-Ranges": "bytes"}
            self._send(file.read_bytes(), headers, with_body=with_body)
        elif path == "/api/datasets/me/pets" or path.startswith("/api/datasets/me/pets/revision/"):
            files = [{"rfilename": self._name(f)} for f in self._files()]
            self._send(json.dumps({"id": "me/pets", "sha": "a" * 40, "siblings": files, "tags": []}).encode(), {})
        elif path.startswith("/api/datasets/me/pets/tree/"):
            inside = self.folder / path.removeprefix("/api/datasets/me/pets/tree/").partition("/")[2]
            found = sorted(inside.rglob("*") if "recursive=True" in self.path else inside.glob("*"))
            self._send(json.dumps([self._entry(self._name(f)) for f in found]).encode(), {})
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _files(self) -> list[Path]:
        return sorted(f for f in self.folder.rglob("*") if f.is_file())

    def _name(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()

    def _entry(self, name: str) -> dict[str, Any]:
        file = self.folder / name
        if file.is_dir():
            return {"type": "directory", "path": name, "size": 0, "oid": "c" * 40}
        return {"type": "file", "path": name, "size": file.stat().st_size, "oid": "b" * 40}

    def _send(self, body: bytes, headers: dict[str, str], *, with_body: bool = True) -> None:
        self.send_response(200)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(snapshot: Path) -> Iterator[str]:
    handler = type("Served", (Hub,), {"folder": snapshot, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


SCRIPT = """
import json, sys
from pathlib import Path
from prompt_search.data import read_images
from prompt_search.errors import DataError
for name in sys.argv[2:]:
    try:
        source = read_images(name, cache_dir=Path(sys.argv[1]))
        print(json.dumps([name, sorted(source.given), sorted({image.class_id for image in source.images})]))
    except DataError as error:
        print(json.dumps([name, str(error)]))
"""
FOUND = ["hf:me/pets", ["search", "test"], NAMES]


def test_a_data_set_of_the_hub_is_downloaded_and_found_again_when_the_hub_is_away(hub: str, tmp_path: Path) -> None:
    assert seen(hub, tmp_path, "hf:me/pets") == [FOUND]
    found, absent = seen("http://127.0.0.1:9", tmp_path, "hf:me/pets", "hf:me/none")
    assert found == FOUND
    assert absent[1].startswith("hf:me/none is not on this machine, and http://127.0.0.1:9 can't be reached")


def seen(hub: str, place: Path, *names: str) -> list[list[Any]]:
    """The address of the hub is read when its client is imported, so a process of its own is needed."""
    own = {"HF_ENDPOINT": hub, "HF_HOME": str(place / "hf"), "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
    command = [sys.executable, "-c", SCRIPT, str(place / "cache"), *names]
    done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
