"""What a person calls an image-text model, in open_clip's words."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from evaluators.prompts.prompt_set import open_clip_file
from prompt_search.cache.home_folder import in_home
from prompt_search.errors import ModelError
from prompt_search.testbed.bundled import BUNDLED_MODEL, model_name

__all__ = ["open_clip_name", "spelling_note"]

SCHEMES = ("hf-hub:", "local-dir:")
CONFIG = "open_clip_config.json"
WEIGHTS = frozenset({".pt", ".pth", ".bin", ".safetensors", ".ckpt", ".npz", ".pkl"})
HUB_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/([\w.-]+/[\w.-]+?)/?(?:tree/.*)?$")
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
OPENAI_CLIP = re.compile(
    r"(?:openai/clip-vit-(?P<size>base|large)-patch(?P<patch>\d+)(?P<pixels>-336)?"
    r"|(?:sentence-transformers/)?clip-(?P<sentence>vit-[bl]-\d+))$",
    re.IGNORECASE,
)
SIGLIP = re.compile(
    r"google/siglip(?P<version>2?)-(?P<size>base|large|so400m|giant-opt)-patch(?P<patch>\d+)-(?P<pixels>\d+)"
    r"(?P<many>-multilingual|-i18n)?$",
    re.IGNORECASE,
)
METACLIP = re.compile(r"facebook/metaclip-(?P<size>[blhg])(?P<patch>\d+)-(?P<data>400m|fullcc2\.5b)$", re.IGNORECASE)
SIZES = {"base": "B", "large": "L", "so400m": "SO400M", "giant-opt": "gopt", "b": "B", "l": "L", "h": "H", "g": "bigG"}
OPENAI_TAG = "openai"


def open_clip_name(name: str) -> str:
    """What open_clip calls a model: `ARCHITECTURE/TAG`, `hf-hub:OWNER/NAME` or `local-dir:FOLDER`.

    Understood beside those are `mini-clip` (bundled), OpenAI's `ViT-B/32`, the names of transformers for models that
    open_clip has (`openai/clip-vit-base-patch32`, `google/siglip2-...`, `facebook/metaclip-...`), any `OWNER/NAME` of
    the hub and its address, the path of a model's folder, `ARCHITECTURE/FILE` for weights of one's own, other capitals.
    An architecture whose weights were trained with QuickGELU is replaced by the one that has it.
    What is none of these is returned as it is.

    Raises:
        ModelError: for a path that can't be a model by itself, with the way out.

    >>> open_clip_name("hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K")
    'hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K'
    """
    if name == BUNDLED_MODEL or name.startswith("local-dir:"):
        return model_name(name)
    plain = name.strip()
    if address := HUB_ADDRESS.match(plain):
        plain = f"hf-hub:{address[1]}"
    if plain.startswith("hf-hub:"):
        return _of_transformers(plain.removeprefix("hf-hub:")) or plain
    if plain.startswith((".", "/", "~")):  # told before anything heavy is imported
        return _of_path(in_home(plain, ModelError, "the model"), plain)
    known = _built_in(plain)
    if known is not None:
        return known
    if _is_path(plain):
        return _of_path(in_home(plain, ModelError, "the model"), plain)
    return _of_transformers(plain) or _of_hub(plain) or name


def spelling_note(name: str, opened: str) -> tuple[str, ...]:
    """A line for a person whose name of a model was understood as another's.

    >>> spelling_note("ViT-B/32", "ViT-B-32-quickgelu/openai")
    ("the model 'ViT-B/32' is open_clip's ViT-B-32-quickgelu/openai",)
    """
    return () if opened in (name, model_name(name)) else (f"the model {name!r} is open_clip's {opened}",)


def _built_in(name: str) -> str | None:
    """An architecture with or without a tag, in any capitals, with `/` for `-` as OpenAI writes it."""
    known = {each.casefold(): each for each in _architectures()}
    for left, right in _cuts(name):
        architecture = known.get(left.replace("/", "-").replace("@336px", "-336").casefold())
        if architecture is None:
            continue
        import open_clip

        tag = right
        if not right and "/" in left and OPENAI_TAG in open_clip.list_pretrained_tags_by_model(architecture):
            tag = OPENAI_TAG  # in this spelling the names are OpenAI's own, of its own weights
        return _with_tag(architecture, tag)
    return None


def _architectures() -> list[str]:
    """Those that open_clip has, which takes seconds to import; if it is imported, those added since, too."""
    if sys.modules.get("open_clip") is not None:
        import open_clip  # waits where another thread is importing it

        architectures: list[str] = open_clip.list_models()
        return architectures
    return [path.stem for path in open_clip_file("model_configs").glob("*.json")]


def _cuts(name: str) -> Iterator[tuple[str, str]]:
    """The whole name, then the name cut in two at every separator, from the right."""
    yield name, ""
    for match in reversed(list(re.finditer(r"[/:, ]+", name))):
        yield name[: match.start()], name[match.start() + 1 :].strip(" ,:") or ""


def _with_tag(architecture: str, tag: str) -> str:
    import open_clip

    if not tag:
        return architecture
    cleaned = tag.lower().replace("-", "_")
    if cleaned not in open_clip.list_pretrained_tags_by_model(architecture):
        weights = in_home(tag, ModelError, "the weights")
        if weights.suffix.lower() in WEIGHTS and not weights.is_file():
            raise ModelError(f"there is no file {tag!r} with weights for {architecture}")
        return f"{architecture}/{weights if weights.is_file() else tag}"
    quick = f"{architecture}-quickgelu"
    config = open_clip.get_pretrained_cfg(architecture, cleaned)
    wants = bool(config.get("quick_gelu")) and not (open_clip.get_model_config(architecture) or {}).get("quick_gelu")
    return f"{quick if wants and quick in open_clip.list_models() else architecture}/{cleaned}"


def _is_path(name: str) -> bool:
    path = in_home(name, ModelError, "the model")
    return path.exists() or path.suffix.lower() in WEIGHTS


def _of_path(path: Path, name: str) -> str:
    if (path / CONFIG).is_file():
        return f"local-dir:{path}"
    if path.is_dir():
        raise ModelError(f"the folder {name!r} is no model of open_clip: there is no {CONFIG} in it")
    ways = f"write ARCHITECTURE/FILE ('ViT-B-32/{name}'), or local-dir:FOLDER for a folder with {CONFIG}"
    if not path.exists():
        raise ModelError(f"there is no file or folder {name!r}; for a model of your own {ways}")
    raise ModelError(f"the file {name!r} holds weights and does not say of which architecture; {ways}")


def _of_transformers(name: str) -> str | None:
    """A model that transformers and open_clip have under different names."""
    if found := OPENAI_CLIP.match(name):
        architecture = (
            found["sentence"] or f"ViT-{SIZES[found['size'].lower()]}-{found['patch']}{found['pixels'] or ''}"
        )
        return _if_known(architecture, OPENAI_TAG)
    if found := METACLIP.match(name):
        tag = "metaclip_400m" if found["data"].lower() == "400m" else "metaclip_fullcc"
        return _if_known(f"ViT-{SIZES[found['size'].lower()]}-{found['patch']}", tag)
    if found := SIGLIP.match(name):
        middle = f"ViT-{SIZES[found['size'].lower()]}-{found['patch']}-SigLIP{found['version']}"
        middle += "-i18n" if found["many"] else ""
        pixels = {"224": "", "384": "-384"}.get(found["pixels"], f"-{found['pixels']}")
        candidates = [middle + pixels, *([f"{middle}-378"] if pixels == "-384" else [])]
        return next((opened for each in candidates if (opened := _if_known(each, "webli"))), None)
    return None


def _if_known(architecture: str, tag: str) -> str | None:
    opened = _built_in(f"{architecture}/{tag}")
    import open_clip

    if opened is None or tag not in open_clip.list_pretrained_tags_by_model(opened.rpartition("/")[0]):
        return None
    return opened


def _of_hub(name: str) -> str | None:
    """A model of the hub: by open_clip's name if it has one."""
    if not HUB_NAME.fullmatch(name):
        return None
    import difflib

    import open_clip

    found = [
        (architecture, tag)
        for architecture, tag in open_clip.list_pretrained()
        if open_clip.get_pretrained_cfg(architecture, tag).get("hf_hub", "").strip("/").casefold() == name.casefold()
    ]
    if found:
        repository = name.rpartition("/")[2].casefold()
        found.sort(key=lambda pair: pair[0].casefold() not in repository)
        return _with_tag(*found[0])
    owner = name.partition("/")[0]
    likely = difflib.get_close_matches(owner, open_clip.list_models(), n=1, cutoff=0.8)
    return None if likely else f"hf-hub:{name}"
