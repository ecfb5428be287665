"""Pictures that Pillow alone can't read are named as what they are, with the way out."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluators.errors import DataError
from prompt_search.data import read_images
from prompt_search.data.pictures import picture_formats
from prompt_search.data.pictures.open_picture import CorruptPictureError, decode, is_picture_name, quiet_pillow
from tests.prompt_search.data.pictures_on_disk import load, png, tiff, write, write_classes


@contextmanager
def heif_hidden() -> Iterator[None]:
    """As if pillow-heif were not installed."""
    others = {name: endings for name, endings in picture_formats.FORMATS.items() if name != "HEIF"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture_formats, "_has_pillow_heif", lambda: False)
        patch.setattr(picture_formats, "FORMATS", others)  # a decoder that was registered once stays registered
        picture_formats.readable_formats.cache_clear()
        yield
    picture_formats.readable_formats.cache_clear()


@pytest.fixture
def no_heif() -> Iterator[None]:
    with heif_hidden():
        yield


def box(brand: bytes, others: bytes = b"") -> bytes:
    """The beginning of a file of the ISO family."""
    return (16 + len(others)).to_bytes(4, "big") + b"ftyp" + brand + bytes(4) + others + bytes(99)


def heic(colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    picture_formats.readable_formats()
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, "HEIF")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (box(b"heic"), r"HEIC picture, which needs pillow-heif \((uv )?pip install '\.\[heif\]'\)"),
        (box(b"mif1", b"mif1heic"), "HEIC picture"),
        (box(b"crx "), "camera's raw file.*convert it to JPEG or PNG"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(99), "camera's raw file"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(99), "camera's raw file"),
        (b"\xff\x0a" + bytes(99), "JPEG XL"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(99), "JPEG XL"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG drawing"),
        (bytes(128) + b"DICM" + bytes(99), "DICOM"),
    ],
)
@pytest.mark.usefixtures("no_heif")
def test_files_are_known_by_their_first_bytes_whatever_they_are_called(data: bytes, reason: str) -> None:
    with pytest.raises(CorruptPictureError, match=reason):
        decode(data)


@pytest.mark.parametrize(
    "name", ["a.HEIC", "a.heif", "a.hif", "a.avif", "a.JXL", "a.NEF", "a.cr2", "a.dng", "a.svg", "a.dcm"]
)
def test_files_are_known_to_be_pictures_by_their_endings(name: str) -> None:
    assert is_picture_name(name)


@pytest.mark.usefixtures("no_heif")
def test_without_its_decoder_heic_is_left_out_with_the_way_out(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "data", {"cat": 4, "dog": 4})
    write(data / "cat" / "IMG_1.HEIC", box(b"heic"))
    write(data / "cat" / "IMG_2.jpg", box(b"heix"))
    report = load(data, tmp_path / "cache").report
    assert [image for image, _ in report.corrupt] == ["cat/IMG_1.HEIC", "cat/IMG_2.jpg"]
    assert all("pip install '.[heif]'" in reason for _, reason in report.corrupt)


@pytest.mark.usefixtures("no_heif")
def test_a_class_of_heic_alone_is_named_with_the_way_out(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "data", {"cat": 4, "dog": 4})
    for i in range(4):
        write(data / "owl" / f"{i}.heic", box(b"heic") + bytes([i]))
    with pytest.raises(DataError, match=r"class 'owl' has 0 usable images.*4 unreadable.*'\.\[heif\]'"):
        load(data, tmp_path / "cache")


def test_with_its_decoder_heic_is_read() -> None:
    pixel = decode(heic()).getpixel((32, 32))
    assert isinstance(pixel, tuple)
    assert max(abs(got - wanted) for got, wanted in zip(pixel, (200, 30, 30), strict=True)) < 8


def test_a_damaged_heic_picture_is_named_as_one() -> None:
    with pytest.raises(CorruptPictureError, match="a HEIC or AVIF picture that its decoder can't read; convert it"):
        decode(box(b"heic"))


def test_what_one_decoder_could_not_read_another_is_asked_again(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "data", {"cat": 3, "dog": 3})
    write(data / "cat" / "IMG_1.HEIC", heic())
    with heif_hidden():
        assert len(load(data, tmp_path / "cache").report.corrupt) == 1
    assert load(data, tmp_path / "cache").report.corrupt == ()


def test_raw_files_are_not_left_to_decoders_that_find_a_thumbnail_in_them(tmp_path: Path) -> None:
    data = write_classes(tmp_path, {"cat": 1, "dog": 1})
    tiff = io.BytesIO()
    Image.new("RGB", (4, 4)).save(tiff, "TIFF")
    write(data / "cat" / "DSC_1.NEF", tiff.getvalue())
    assert read_images(data).unreadable == (
        ("cat/DSC_1.NEF", "a camera's raw file, which can't be read here; convert it to JPEG or PNG"),
    )


def test_a_picture_of_another_ending_is_read(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "data", {"cat": 3, "dog": 3})
    write(data / "cat" / "x.heic", png(50))
    assert load(data, tmp_path / "cache").report.corrupt == ()


def test_a_git_lfs_pointer_is_named_with_the_way_out() -> None:
    pointer = b"version https://git-lfs.example/spec/v1\noid sha256:4d7a\nsize 12345\n"
    with pytest.raises(CorruptPictureError, match="a Git LFS pointer and not the picture itself; run `git lfs pull`"):
        decode(pointer)


def test_pictures_without_an_ending_are_told_with_the_ending_they_need(tmp_path: Path) -> None:
    write_classes(tmp_path, {"cat": 3, "dog": 3})
    write(tmp_path / "dog" / "IMG1", png(50))
    write(tmp_path / "dog" / "README", b"all about dogs")
    source = read_images(tmp_path)
    assert source.ignored == ("dog/IMG1", "dog/README")
    told = "1 picture without an ending in its name is left out: 'dog/IMG1'; give each its own (dog/IMG1.png)"
    assert source.warnings == (told,)


def test_a_class_of_pictures_without_an_ending_is_refused_with_the_way_out(tmp_path: Path) -> None:
    write(write_classes(tmp_path, {"cat": 3}) / "dog" / "IMG1", png(50))
    with pytest.raises(DataError, match=r"no pictures in the class folder 'dog'.*give each its own \(dog/IMG1\.png\)"):
        read_images(tmp_path)


@pytest.mark.parametrize(
    ("channels", "dtype", "said"),
    [
        (3, np.float32, "3 channels of floating-point numbers with 32 bits"),
        (7, np.uint16, "7 channels of whole numbers with 16 bits"),
        (2, np.int16, "2 channels of whole numbers with a sign with 16 bits"),
        (1, np.float64, "1 channel of floating-point numbers with 64 bits"),
    ],
)
def test_a_tiff_of_a_kind_that_is_not_read_is_said_to_be_one(channels: int, dtype: type, said: str) -> None:
    with pytest.raises(CorruptPictureError) as caught:
        decode(tiff(np.ones((4, 5, channels), dtype=dtype)))
    assert f"a TIFF picture of {said}, a kind that is not read here" in str(caught.value)
    assert "gdal_translate" in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"II*\0", b"MM\0*" + bytes(9), b"II+\0" + bytes(99), b"II*\0\x08\0\0\0" + b"\xff" * 50]
)
def test_a_tiff_with_damaged_tags_is_no_longer_not_a_picture(data: bytes) -> None:
    with quiet_pillow(), pytest.raises(CorruptPictureError, match="a TIFF picture that is damaged, or of a kind"):
        decode(data)


def test_a_tiff_that_is_not_read_says_nothing_on_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = write_classes(tmp_path / "data", {"cat": 6, "dog": 6})
    write(data / "cat" / "bands.tif", tiff(np.ones((4, 5, 7), dtype=np.uint16)))
    report = load(data, tmp_path / "cache").report
    assert [(name, "a kind that is not read here" in why) for name, why in report.corrupt] == [("cat/bands.tif", True)]
    assert capfd.readouterr().err == ""
