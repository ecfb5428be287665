"""Names of WordNet ids (`n02123045`), from the lists that come with open_clip and timm."""

import importlib.util
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from evaluators.prompts.prompt_set import open_clip_lists

__all__ = ["is_wordnet_id", "wordnet_names"]

ID = re.compile(r"n\d{8}")
LINE = re.compile(r"(n\d{8})\t+([^,\n]+)")
IMAGENET_CLASSES = 1000


def is_wordnet_id(text: str) -> bool:
    """Whether the text is a WordNet id of a noun, as ImageNet's folders are called.

    >>> is_wordnet_id("n02123045"), is_wordnet_id("n02123045-cat")
    (True, False)
    """
    return ID.fullmatch(text) is not None


def wordnet_names(ids: Collection[str]) -> dict[str, str]:
    """The names of those ids that are known: ImageNet's thousand as open_clip calls them ("tabby cat", "crane bird"),
    others by the first word of their synset in timm's lists. Empty where these lists are not installed.

    >>> wordnet_names(["n02123045", "n99999999"])
    {'n02123045': 'tabby cat'}
    """
    names = _synset_names(ids) | _imagenet_names(ids)
    return {synset: names[synset] for synset in ids if synset in names}


def _imagenet_names(ids: Collection[str]) -> dict[str, str]:
    """open_clip's names are in the order of the sorted ids of ImageNet-1k, which timm lists."""
    lists = [path for path in _timm_lists() if path.name == "imagenet_synsets.txt"]
    synsets = _lines(lists[0]) if lists else []
    if len(synsets) != IMAGENET_CLASSES or not set(ids) & set(synsets):
        return {}
    names = open_clip_lists().IMAGENET_CLASSNAMES
    return dict(zip(sorted(synsets), names, strict=True)) if len(names) == len(synsets) else {}


def _synset_names(ids: Collection[str]) -> dict[str, str]:
    """From every list of ids and words; definitions are no names."""
    wanted = set(ids)
    found: dict[str, str] = {}
    for path in _timm_lists():
        if "definition" in path.name:
            continue
        matches = (LINE.match(line) for line in _lines(path))
        for synset, name in (match.groups() for match in matches if match):
            if synset in wanted:
                found.setdefault(synset, name.strip())
    return found


def _timm_lists() -> Iterable[Path]:
    """timm's text files, found without importing timm."""
    spec = importlib.util.find_spec("timm")
    folders = spec.submodule_search_locations if spec else None
    return [path for folder in folders or () for path in sorted((Path(folder) / "data" / "_info").glob("*.txt"))]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
