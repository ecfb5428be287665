"""Which folders a run may write into."""

from pathlib import Path

from prompt_search.errors import RunMismatch
from prompt_search.run.arguments_file import ARGUMENTS
from prompt_search.run.journal.journal import JOURNAL

__all__ = ["check_folder"]

LEFT_BEHIND = (ARGUMENTS, f".{ARGUMENTS}", ".lock", "completions.sqlite")
"""What a run that was killed before its first event may have left."""


def check_folder(folder: Path, data: Path | None = None) -> None:
    """Refuse a folder that holds anything but a run (its files would be overwritten), or lies among the images.

    Raises:
        RunMismatch: naming something that is there.
    """
    if folder.exists() and not folder.is_dir():
        raise RunMismatch(f"{folder} is a file; choose another run folder")
    if data is not None and data.is_dir() and folder.resolve().is_relative_to(data.resolve()):
        raise RunMismatch(
            f"{folder} lies in the images' folder {data} and would count as images; choose another run folder"
        )
    if not folder.is_dir() or (folder / JOURNAL).exists():
        return
    foreign = sorted(path.name for path in folder.iterdir() if not path.name.startswith(LEFT_BEHIND))
    if foreign:
        raise RunMismatch(
            f"{folder} holds other files ({foreign[0]!r}) and no run; choose an empty or a new run folder"
        )
