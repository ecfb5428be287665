"""A worker's share of the encoding, without a cluster: columns in, columns out."""

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluators.models.image_text_model import ImageTextModel
from prompt_search.cluster.encoding_worker import EncodingWorker, columns_of, part_in
from prompt_search.cluster.worker_model import WorkerModel
from prompt_search.data import read_images
from prompt_search.data.encoding.encode import HereEncoded
from prompt_search.data.encoding.file_index import FileIndex
from prompt_search.data.encoding.fingerprints import fingerprint
from prompt_search.data.encoding.prepare import read_bytes
from prompt_search.data.layouts.image_source import ImageFile, ImageSource
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.errors import DataError, ModelError
from prompt_search.models import load_model
from prompt_search.testbed.bundled import data_path
from tests.fakes.pixel_model import PixelModel
from tests.prompt_search.data.pictures_on_disk import write, write_classes


@pytest.fixture
def found(tmp_path: Path) -> tuple[ImageSource, tuple[ImageFile, ...]]:
    data = write_classes(tmp_path / "data", {"cat": 3, "dog": 4})
    write(data / "cat" / "broken.png", b"no picture")
    source = read_images(data)
    return source, fingerprint(source, FileIndex(tmp_path / "index"))[0]


def worker(model: ImageTextModel) -> EncodingWorker:
    return EncodingWorker(WorkerModel.of(model), None, "cpu", 1, 3, Decoding())


def test_what_comes_back_is_what_one_process_makes(found: tuple[ImageSource, tuple[ImageFile, ...]]) -> None:
    source, images = found
    part = part_in(worker(PixelModel())(columns_of(images)))
    here = list(HereEncoded().encoded(source, images, PixelModel(), 64, Decoding()))
    assert len(here) == 1
    assert part.contents == here[0].contents
    np.testing.assert_array_equal(part.features, here[0].features)
    assert (part.corrupt, part.traits) == (here[0].corrupt, here[0].traits)
    assert len(part) == 8
    assert len(part.corrupt) == 1


def test_pictures_of_a_table_are_read_by_the_worker() -> None:
    source = read_images(data_path("emoji"))
    images = source.images[:5]
    known = [
        replace(image, content=hashlib.sha256(read_bytes(own)).digest())
        for image, own in zip(images, source.pictures(images), strict=True)
    ]
    reader = pickle.loads(pickle.dumps(source.reader))
    made = EncodingWorker(WorkerModel.of(PixelModel()), lambda: reader, "cpu", 1, 3, Decoding())
    assert part_in(made(columns_of(known))).contents == tuple(image.content for image in known)


def test_a_file_that_is_gone_is_an_error_with_its_name(found: tuple[ImageSource, tuple[ImageFile, ...]]) -> None:
    _, images = found
    Path(images[2].path).unlink()
    with pytest.raises(DataError, match=r"on the worker .*cat/1?.*can't be read any more"):
        part_in(worker(PixelModel())(columns_of(images)))


def test_a_named_model_is_loaded_again_and_must_have_the_same_weights() -> None:
    here = load_model("mini-clip", device="cpu")
    way = WorkerModel.of(here)
    assert (way.name, way.given) == ("mini-clip", None)
    assert way.load("cpu").fingerprint == here.fingerprint
    with pytest.raises(ModelError, match="other weights"):
        WorkerModel("mini-clip", "fp32", "torch", "others").load("cpu")
