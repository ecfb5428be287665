"""Whatever is in a source: a data set in which every image has a class that the source names, or an error of ours."""

import json
import tarfile
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.errors import DataError
from prompt_search.data import read_images
from prompt_search.data.sources.objects import OwnData
from prompt_search.data.sources.reading import Reading
from tests.prompt_search.data.pictures_on_disk import write, write_classes
from tests.prompt_search.data.sources.test_webdataset import samples, tar
from tests.prompt_search.test_fuzzing import VALUES, damaged, with_another

FEW = settings(max_examples=60, deadline=None, derandomize=True)
CLASSES = {"cat", "dog"}


def sources(root: Path) -> dict[str, bytes]:
    """A file of every kind that names the pictures in `root`, by its name."""
    cells = [(f"images/{label}/{i:03}.png", label) for label in ("cat", "dog") for i in range(4)]
    coop = {"train": [[file, int(label == "dog"), label] for file, label in cells]}
    np.savez(root / "made.npz", features=np.eye(8), labels=np.arange(8) % 2)
    np.save(root / "alone.npy", np.eye(8))
    return {
        "a.csv": ("path,label,split\n" + "".join(f"{file},{label},train\n" for file, label in cells)).encode(),
        "a.jsonl": "\n".join(json.dumps({"path": file, "label": label}) for file, label in cells).encode(),
        "split_zhou_A.json": json.dumps(coop).encode(),
        "a.tar": tar(root / "made.tar", samples(8, labels=("cat", "dog"))).read_bytes(),
        "a.tar.gz": tar(root / "made.tgz", samples(8, labels=("cat", "dog")), "w:gz").read_bytes(),
        "a.npz": (root / "made.npz").read_bytes(),
        "a.npy": (root / "alone.npy").read_bytes(),
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classes(tmp_path_factory.mktemp("data"), {"images/cat": 4, "images/dog": 4})


@pytest.fixture(scope="module")
def whole(root: Path) -> dict[str, bytes]:
    return sources(root)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "split_zhou_A.json", "a.tar", "a.tar.gz", "a.npz", "a.npy"])
def test_a_damaged_file_gives_a_data_set_or_an_error_of_ours(root: Path, whole: dict[str, bytes], name: str) -> None:
    for seed in range(40):
        path = write(root / "try" / name, damaged(whole[name], seed))
        with suppress(DataError), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # numpy, of damaged numbers
            source = read_images(path, Reading(image_root=str(root)))
            assert len(source.classes) > 1
            for picture, image in zip(source.pictures(source.images), source.images, strict=True):
                assert source.features is not None or picture is not None
                assert image.class_id in {label.id for label in source.classes}


@FEW
@given(st.integers(0, 10**6), VALUES)
def test_any_content_of_a_split_file_gives_known_classes_or_an_error_of_ours(place: int, other: Any) -> None:
    rows = [[f"images/{label}/{i:03}.png", int(label == "dog"), label] for label in ("cat", "dog") for i in range(4)]
    content = with_another({"train": rows[::2], "test": rows[1::2]}, place, other)
    with TemporaryDirectory() as scratch, suppress(DataError):
        root = write_classes(Path(scratch), {"images/cat": 4, "images/dog": 4})
        path = write(root / "split_zhou_A.json", json.dumps(content).encode(errors="surrogatepass"))
        source = read_images(path, Reading(image_root=str(root)))
        assert all(image.path.startswith(scratch) for image in source.images)


@FEW
@given(st.lists(st.tuples(VALUES, VALUES) | VALUES, max_size=6))
def test_any_items_of_a_sequence_are_left_out_or_refused(items: list[Any]) -> None:
    pixels = np.zeros((2, 2, 3), dtype=np.uint8)
    good = [(pixels + i, "cat" if i % 2 else "dog") for i in range(4)]
    listing = OwnData([*good, *items]).list(Reading())
    assert len(listing.images) == 4
    assert set(listing.class_ids) == CLASSES
    assert len(listing.unlabelled) == len(items)


def test_a_tar_with_a_header_that_lies_about_its_size_gives_what_is_there(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", samples(4))
    with tarfile.open(path, "a") as opened:
        member = tarfile.TarInfo("9999.png")
        member.size = 2**40
        opened.fileobj.write(member.tobuf())
    assert len(read_images(path).images) == 4
