"""What a data set holds, before anything is run."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from prompt_search.data import Reading
from prompt_search.data.look import look_at
from prompt_search.data.pictures.look_alikes import look_alikes
from prompt_search.data.sources.features import Features
from prompt_search.data.sources.objects import OwnData
from prompt_search.data.sources.read import read_images
from tests.prompt_search.data.pictures_on_disk import png, write, write_classes


def scene(number: int) -> Image.Image:
    """A blurred picture of its own for every number."""
    noise = np.random.default_rng(number).integers(0, 256, size=(96, 96, 3), dtype=np.uint8)
    return ImageOps.autocontrast(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(12)))


def saved(picture: Image.Image, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def test_it_tells_classes_counts_and_what_is_left_out(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "data", {"train/cat": 4, "train/dog": 4, "test/cat": 2, "test/dog": 2})
    write(data / "train/cat/copy.png", (data / "train/cat/000.png").read_bytes())
    write(data / "train/cat/broken.png", png(77)[:40])
    write(data / "train/dog/empty.png", b"")
    seen = look_at(data, cache_dir=tmp_path / "cache")
    lines = "\n".join(seen.lines())
    assert "2 classes, 12 usable images in given splits search, test" in lines
    assert "  cat      4      2" in lines
    assert "a run would search with 4 images, select with 4 and seal 4 for the test" in lines
    assert "2 unreadable images left out:" in lines
    assert "train/cat/copy.png: the same bytes as train/cat/000.png" in lines
    assert json.loads(json.dumps(seen.to_json()))["would_use"] == {"search": 4, "select": 4, "test": 4}
    assert seen.refused == ""


def test_it_tells_why_a_run_would_refuse_it(tmp_path: Path) -> None:
    seen = look_at(write_classes(tmp_path / "data", {"cat": 2, "dog": 5}), cache_dir=tmp_path / "cache")
    assert seen.would_use is None
    assert "class 'cat' has 2 usable images, needs at least 3" in seen.lines()[-1]


def test_pictures_that_look_the_same_are_told_those_across_splits_first(tmp_path: Path) -> None:
    for i in range(8):
        write(tmp_path / "data/train" / ("cat" if i % 2 else "dog") / f"{i}.jpg", saved(scene(i)))
        write(tmp_path / "data/test" / ("cat" if i % 2 else "dog") / f"{i}.jpg", saved(scene(i + 50)))
    write(tmp_path / "data/test/cat/copy.jpg", saved(scene(1).resize((80, 80)), quality=60))
    write(tmp_path / "data/train/dog/again.jpg", saved(scene(2), quality=50))
    seen = look_at(tmp_path / "data", cache_dir=tmp_path / "cache")
    assert seen.alike is not None
    assert [pair.ids for pair in seen.alike] == [
        ("test/cat/copy.jpg", "train/cat/1.jpg"),
        ("train/dog/2.jpg", "train/dog/again.jpg"),
    ]
    assert "2 pairs of pictures look the same (1 in different splits):" in seen.lines()
    without = look_at(tmp_path / "data", cache_dir=tmp_path / "cache", alike=False)
    assert without.alike is None


def test_plain_pictures_do_not_all_look_the_same(tmp_path: Path) -> None:
    for i in range(4):
        write(
            tmp_path / "data" / ("cat" if i % 2 else "dog") / f"{i}.png", saved(Image.new("RGB", (30, 30), (i, 9, 9)))
        )
    source = read_images(tmp_path / "data")
    assert look_alikes(source, source.images) == ((), {})


def test_features_are_looked_at_without_pictures(tmp_path: Path) -> None:
    given = OwnData(Features(np.random.default_rng(0).normal(size=(9, 4)), [*"abc"] * 3))
    seen = look_at(given, Reading(), cache_dir=tmp_path)
    assert "9 ready features of width 4: no picture is opened" in seen.lines()
    assert seen.would_use == {"search": 3, "select": 3, "test": 3}


def test_a_long_list_of_classes_is_cut(tmp_path: Path) -> None:
    given = OwnData(Features(np.random.default_rng(0).normal(size=(180, 4)), [str(i % 60) for i in range(180)]))
    assert "  and 20 more" in look_at(given, cache_dir=tmp_path).lines()
