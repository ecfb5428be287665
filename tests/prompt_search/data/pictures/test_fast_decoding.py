"""JPEG files shrunk by their decoder: nearly the same pixels, features that are kept apart."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evaluators.models.image_text_model import FloatArray
from prompt_search.cluster.encoding_worker import EncodingWorker, columns_of, part_in
from prompt_search.cluster.worker_model import WorkerModel
from prompt_search.data import Reading, read_images
from prompt_search.data.encoding.encode import encode, image_store
from prompt_search.data.encoding.file_index import FileIndex
from prompt_search.data.encoding.fingerprints import fingerprint
from prompt_search.data.look import look_at
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.data.pictures.open_picture import CorruptPictureError, decode
from prompt_search.errors import SettingsError
from tests.fakes.pixel_model import PixelModel
from tests.fakes.shrinking import ShrinkingModel
from tests.prompt_search.data.pictures_on_disk import load, write

FAST = Decoding(way="fast")
SIDE = 4
"""Of what `ShrinkingModel` makes of pictures."""
PREPROCESSING = f'{{"size": {SIDE}}}'


def photo(number: int, width: int = 640, height: int = 480) -> Image.Image:
    """Slow changes with grain, as of a camera."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((width, height))
    grain = rng.integers(-12, 13, (height, width, 3))
    return Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8))


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def resized(picture: Image.Image, size: tuple[int, int]) -> Any:
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC), dtype=np.int64)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_large_jpeg_is_shrunk_and_resized_to_nearly_the_same_pixels(mode: str, options: dict[str, Any]) -> None:
    data = encoded(photo(0, 1600, 1200).convert(mode), **options)
    exact, fast = decode(data), decode(data, least_side=200)
    assert (exact.size, fast.size) == ((1600, 1200), (400, 300))
    assert np.abs(resized(fast, (133, 100)) - resized(exact, (133, 100))).max() <= 4


def test_neither_side_becomes_smaller_than_was_said() -> None:
    data = encoded(photo(0, 1600, 300))
    assert [decode(data, least_side=side).size for side in (301, 300, 151, 150, 38, 37, 1)] == [
        *[(1600, 300)] * 3,
        (800, 150),
        (400, 75),
        (200, 38),
        (200, 38),
    ]


def test_photos_of_phones_with_several_pictures_in_one_file_are_shrunk() -> None:
    data = encoded(photo(0), "MPO", save_all=True, append_images=[photo(1)])
    assert decode(data, least_side=60).size == (80, 60)


@pytest.mark.parametrize(
    "data",
    [encoded(photo(0), "PNG"), encoded(photo(0), "WEBP"), encoded(photo(0), "TIFF"), encoded(photo(0, 90, 60))],
    ids=["png", "webp", "tiff", "small jpeg"],
)
def test_other_pictures_and_small_jpegs_keep_every_bit(data: bytes) -> None:
    assert decode(data, least_side=40).tobytes() == decode(data).tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_shrunk_picture_is_turned_as_the_whole_one(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(photo(0), exif=exif)
    exact, fast = decode(data, turned=True), decode(data, turned=True, least_side=120)
    assert fast.size == ((160, 120) if orientation < 5 else (120, 160))
    small = (fast.width // 2, fast.height // 2)
    assert np.abs(resized(fast, small) - resized(exact, small)).max() <= 4


def test_a_cut_off_jpeg_is_corrupt_in_both_ways() -> None:
    data = encoded(photo(0))[:-2000]
    for least_side in (None, 60):
        with pytest.raises(CorruptPictureError, match="truncated"):
            decode(data, least_side=least_side)


@pytest.mark.parametrize(
    ("preprocessing", "side"),
    [
        ('{"size": 224}', 448),
        ('{"size": [224, 336], "resize_mode": "longest"}', 672),
        ('{"size": null}', None),
        ('{"size": []}', None),
        ('{"size": ["224"]}', None),
        ('{"mean": 1}', None),
        ("[224]", None),
        ("mean colour", None),
    ],
)
def test_a_picture_keeps_twice_what_preprocessing_resizes_to(preprocessing: str, side: int | None) -> None:
    assert FAST.least_side(preprocessing) == side
    assert Decoding().least_side(preprocessing) is None


def test_another_way_of_decoding_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="decode must be one of exact, fast, got 'quick'"):
        Decoding(way="quick")  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Large JPEG files, and small ones and PNGs."""
    for number, name in enumerate(("cat", "dog")):
        for i in range(6):
            write(tmp_path / "data" / name / f"large{i}.jpg", encoded(photo(100 * number + i)))
            write(tmp_path / "data" / name / f"small{i}.jpg", encoded(photo(100 * number + i, 15, 12)))
            write(tmp_path / "data" / name / f"other{i}.png", encoded(photo(100 * number + i, 64, 48), "PNG"))
    return tmp_path / "data"


def features(folder: Path, cache: Path, how: Decoding, processes: int = 0) -> dict[str, FloatArray]:
    """By the name of the image."""
    source = read_images(folder)
    images, _ = fingerprint(source, FileIndex(cache / "index"))
    model = ShrinkingModel(preprocessing=PREPROCESSING, decoding_processes=processes)
    store = image_store(model, cache, how=how)
    assert encode(source, images, model, store, how=how) == {}
    found = store.get([image.content for image in images])
    return {image.id: row for image, row in zip(images, found, strict=True)}


def test_only_features_of_large_jpegs_change_and_hardly(folder: Path, tmp_path: Path) -> None:
    exact, fast = (features(folder, tmp_path / "cache", how) for how in (Decoding(), FAST))
    changed = {name for name in exact if not np.array_equal(exact[name], fast[name])}
    assert changed
    assert all(Path(name).name.startswith("large") for name in changed)
    assert max(float(np.abs(exact[name] - fast[name]).max()) for name in exact) < 0.02


def test_threads_processes_and_a_worker_of_a_cluster_make_the_same_bits(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = features(folder, tmp_path / "threads", FAST)
    monkeypatch.setattr("prompt_search.data.encoding.encode.FEWEST_FOR_PROCESSES", 1)
    monkeypatch.setattr("prompt_search.data.encoding.processes._are_done", lambda tasks: True)
    processes = features(folder, tmp_path / "processes", FAST, processes=1)
    images, _ = fingerprint(read_images(folder), FileIndex(tmp_path / "index"))
    model = WorkerModel.of(ShrinkingModel(preprocessing=PREPROCESSING))
    part = part_in(EncodingWorker(model, None, "cpu", 1, 8, FAST)(columns_of(images)))
    worker = dict(zip(part.contents, part.features, strict=True))
    for image in images:
        np.testing.assert_array_equal(threads[image.id], processes[image.id])
        np.testing.assert_array_equal(threads[image.id], worker[image.content])


def test_features_of_the_two_ways_never_mix(folder: Path, tmp_path: Path) -> None:
    model = PixelModel(preprocessing=PREPROCESSING)
    load(folder, tmp_path, model)
    exact, model.pictures = len(model.pictures), []
    load(folder, tmp_path, model, reading=Reading(decode="fast"))
    assert len(model.pictures) == exact
    assert {picture.size for picture in model.pictures} == {(80, 60), (15, 12), (64, 48)}
    model.pictures = []
    for decode_as in ("exact", "fast", None):
        load(folder, tmp_path, model, reading=Reading(decode=decode_as))
    assert model.pictures == []


def test_a_model_of_unknown_preprocessing_gets_whole_pictures(folder: Path, tmp_path: Path) -> None:
    model = PixelModel()
    load(folder, tmp_path, model, reading=Reading(decode="fast"))
    assert (640, 480) in {picture.size for picture in model.pictures}


def test_look_alikes_are_found_among_shrunk_pictures(folder: Path, tmp_path: Path) -> None:
    write(folder / "cat" / "copy.jpg", encoded(photo(0), quality=60))
    exact, fast = (look_at(folder, Reading(decode=way), cache_dir=tmp_path).alike for way in ("exact", "fast"))
    assert exact == fast
    assert exact
    assert any("cat/copy.jpg" in pair.ids for pair in exact)
