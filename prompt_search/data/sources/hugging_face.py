"""Data sets of the Hugging Face hub: by name, as a snapshot of the repository, as `save_to_disk` left them."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluators.errors import DataError
from evaluators.models.open_clip_loading import hub_or_cache
from prompt_search.data.layouts.folder_reader import names_within
from prompt_search.data.layouts.image_source import Listing
from prompt_search.data.names.printable import printable
from prompt_search.data.sources.reading import COLUMNS, Reading, refuse_unused
from prompt_search.data.sources.tables import Part, Stamp, list_parts, no_progress_bars, stamp_of

__all__ = ["HUB", "HubName", "is_saved", "is_snapshot", "list_hub", "list_saved", "list_snapshot"]

HUB = "hf:"
NAME = re.compile(r"hf:(?P<name>[\w.-]+(/[\w.-]+)?)(:(?P<config>[^@]+))?(@(?P<revision>[\w./-]+))?")
LARGE = 20 * 2**30
"""Bytes of a download above which a data set is streamed unless a person says otherwise."""
CLASS_NAMES = "classnames.txt"


@dataclass(frozen=True, slots=True)
class HubName:
    """`hf:NAME`, `hf:NAME:CONFIG`, `hf:NAME@REVISION`, or all of it.

    >>> HubName.of("hf:uoft-cs/cifar100@main")
    HubName(name='uoft-cs/cifar100', config=None, revision='main')
    """

    name: str
    config: str | None = None
    revision: str | None = None

    @classmethod
    def of(cls, text: str) -> "HubName":
        """Read the text.

        Raises:
            DataError: if it is nothing of the kind.
        """
        found = NAME.fullmatch(text)
        if found is None:
            raise DataError(
                f"{printable(text)} names no data set of the hub; write hf:OWNER/NAME, "
                "with :CONFIG and @REVISION if needed"
            )
        return cls(found["name"], found["config"], found["revision"])


def list_hub(text: str, cache_dir: Path | None, reading: Reading) -> Listing:
    """List a data set of the hub; what is not large is downloaded first, by `datasets` and into its cache.

    Args:
        text: see `HubName`.
        cache_dir: where `datasets` keeps what it makes of the download; None for its own cache.
        reading: columns, split map, whether to stream.

    Raises:
        DataError: if there is none of that name, it can't be reached, or see `list_parts`.
    """
    hub = HubName.of(text)
    listing = _loaded(hub.name, text, cache_dir, reading, hub)
    numbered = {label: int(label) for label in listing.class_ids if label.isdecimal()}
    if listing.names or len(numbered) < len(listing.class_ids):
        return listing
    names = _class_names_of(hub)
    if not names or max(numbered.values()) >= len(names):
        return listing
    note = f"the names of classes are those of {CLASS_NAMES} in the repository"
    return replace(
        listing, names={label: names[number] for label, number in numbered.items()}, notes=(*listing.notes, note)
    )


def is_snapshot(folder: Path) -> bool:
    """Whether a folder holds Parquet or Arrow files as repositories of the hub do, in it or one or two levels down."""
    return any(
        name.endswith(".parquet") for _, inside, files in names_within(folder, levels=2) for name in (*inside, *files)
    )


def list_snapshot(folder: Path, cache_dir: Path | None, reading: Reading) -> Listing:
    """List a downloaded repository of the hub (`data/*.parquet`, maybe a `README.md` that says what is what).

    Raises:
        DataError: if `datasets` can't read it, or see `list_parts`.
    """
    return _loaded(str(folder), str(folder), cache_dir, reading, None)


def is_saved(folder: Path) -> bool:
    """Whether `datasets` saved a data set or several splits of one here."""
    return (folder / "dataset_dict.json").is_file() or all(
        (folder / name).is_file() for name in ("state.json", "dataset_info.json")
    )


def list_saved(folder: Path, reading: Reading) -> Listing:
    """List what `save_to_disk` wrote.

    Raises:
        DataError: if `datasets` can't read it, or see `list_parts`.
    """
    import datasets

    where = printable(str(folder))
    refuse_unused(reading, COLUMNS, where, "it is a table on this machine")
    with no_progress_bars(), _errors(where):
        found = datasets.load_from_disk(str(folder))
    splits = found if isinstance(found, Mapping) else {"": found}
    parts = _parts(splits, lambda split, table: stamp_of(f"{folder}/{split}", _files(table, folder)))
    return list_parts(parts, reading, where)


def _files(table: Any, folder: Path) -> list[Path]:  # noqa: ANN401
    return [Path(file["filename"]) for file in table.cache_files] or sorted(folder.rglob("*.arrow"))


def _loaded(name: str, text: str, cache_dir: Path | None, reading: Reading, hub: HubName | None) -> Listing:
    """What `datasets` makes of a name or a folder."""
    import datasets

    cache, where = str(cache_dir) if cache_dir else None, printable(text)
    named = {"revision": hub.revision, "cache_dir": cache} if hub else {"cache_dir": cache}
    config = hub.config if hub else None
    with no_progress_bars(), _hub_or_cache(where, asked=hub is not None), _errors(where):
        builder = datasets.load_dataset_builder(name, config, **named)
        size = builder.info.download_size or builder.info.dataset_size or 0
        stream = size > LARGE if reading.stream is None else reading.stream
        splits = datasets.load_dataset(name, config, streaming=stream, **named)
    version = str(builder.hash or builder.info.version or "")
    parts = _parts(splits, lambda split, table: _stamp(f"{text}/{split}", table, version))
    listing = list_parts(parts, reading, where)
    if stream and reading.stream is None:
        told = f"{size / 2**30:.0f} GB would be downloaded: it is streamed instead; --no-stream downloads it"
        return replace(listing, notes=(*listing.notes, told))
    return listing


def _parts(splits: Mapping[Any, Any], stamp: Callable[[str, Any], Stamp]) -> list[Part]:
    several = len(splits) > 1
    return [
        Part(str(split), table, stamp(str(split), table), f"{split}/" if several else "")
        for split, table in splits.items()
    ]


@contextmanager
def _hub_or_cache(where: str, *, asked: bool) -> Iterator[None]:
    """If the hub does not answer, `datasets` looks into its cache at once instead of trying for a minute.

    Raises:
        DataError: if it is not there, either.
    """
    import datasets

    if not asked:
        yield
        return
    was_offline = datasets.config.HF_HUB_OFFLINE
    with hub_or_cache() as fault:
        datasets.config.HF_HUB_OFFLINE = bool(fault)
        try:
            yield
        except DataError as error:
            if not fault:
                raise
            raise DataError(f"{where} is not on this machine, and {fault}") from error
        finally:
            datasets.config.HF_HUB_OFFLINE = was_offline


def _stamp(name: str, table: Any, version: str) -> Stamp:  # noqa: ANN401
    """Of the memory-mapped copy on this disk, or, streamed, of the version that the hub tells."""
    files = [Path(file["filename"]) for file in getattr(table, "cache_files", ())]
    return stamp_of(name, files) if files else (f"{name}@{version}", 0, 0)


def _class_names_of(hub: HubName) -> list[str]:
    """The lines of the repository's list of class names; none if there is no such file, or it can't be had."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        path = hf_hub_download(hub.name, CLASS_NAMES, repo_type="dataset", revision=hub.revision)
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError):
        return []


@contextmanager
def _errors(where: str) -> Iterator[None]:
    """What `datasets` and the hub raise, in one sentence."""
    import datasets
    import pyarrow as pa

    try:
        yield
    except (
        datasets.exceptions.DatasetsError,
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        RuntimeError,
    ) as error:
        cause = " ".join(str(error.__cause__ or error).split())
        if "config name is missing" in str(error).lower():
            cause = f"name one of its configurations, {where}:NAME; {cause}"
        raise DataError(f"{where} can't be read by the datasets library: {printable(cause)[:300]}") from error
