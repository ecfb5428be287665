"""What is wrong with a prompt file, or will be where it is used."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from evaluators import Candidate, ImageTextModel
from evaluators.printable import counted
from prompt_search.doctor import Check
from prompt_search.errors import ModelError, PromptError
from prompt_search.models import has_weights_of, load_model
from prompt_search.prompt_files.classifier import read_classifier
from prompt_search.prompt_files.prompts_json import PromptFile, read_prompts_json

__all__ = ["diagnose_prompts"]

EXAMPLES = 3


def diagnose_prompts(source: str | Path, *, model: str | None = None, device: str = "auto") -> list[Check]:
    """Look at a run folder or a `prompts.json` with its model, or with another one.

    Raises:
        PromptError: if it is no prompt file of ours.
    """
    path = Path(source)
    path = path / "prompts.json" if path.is_dir() else path
    content = read_prompts_json(path)
    checks = [_names(content.prompts)]
    name = model or str(content.model["name"])
    try:
        loaded = load_model(name, device=device, precision=content.model.get("precision", "fp32"))
    except ModelError as error:
        return [*checks, Check("prompts", "model", False, str(error), "name the one to use with --model")]
    checks.append(_fingerprint(content, name, loaded))
    checks += [_lengths(content.prompts, loaded), _collisions(content.prompts, loaded), _padding(loaded)]
    return [*checks, *_matrix(content, path.with_name("classifier.safetensors"))]


def _names(prompts: Candidate) -> Check:
    repeated = [name for name, n in Counter(label.name for label in prompts.classes).items() if n > 1]
    if repeated:
        found = f"several classes are called {_listed(repeated)}"
        return Check(
            "prompts", "class names", False, found, "files keyed by name are refused; give others with --classes"
        )
    return Check("prompts", "class names", True, f"{len(prompts.classes)} classes, all of different names")


def _fingerprint(content: PromptFile, name: str, model: ImageTextModel) -> Check:
    if has_weights_of(content.model, model):
        return Check("prompts", "model", True, f"{name}: weights, tokenizer and precision are those of the file")
    found = f"{name} is not what the prompts were found for ({content.model['name']}): its weights or tokenizer differ"
    return Check(
        "prompts", "model", False, found, "none of the file's figures holds; use the model of the file, or search anew"
    )


def _texts(prompts: Candidate) -> list[str]:
    return list(dict.fromkeys(text for own in prompts.rendered for text in own))


def _lengths(prompts: Candidate, model: ImageTextModel) -> Check:
    texts = _texts(prompts)
    counts = model.token_counts(texts)
    long = [text for text, n in zip(texts, counts, strict=True) if n > model.context_length]
    if long:
        over = f"of {counted(len(texts), 'text')} {len(long)} would be cut"
        found = f"{over}, being longer than {model.context_length} tokens: {_listed(long)}"
        return Check("prompts", "length of texts", False, found, "shorten or remove them")
    return Check("prompts", "length of texts", True, f"at most {max(counts)} of {model.context_length} tokens")


def _collisions(prompts: Candidate, model: ImageTextModel) -> Check:
    """Texts of several classes that the model can't tell apart."""
    texts = _texts(prompts)
    keys = dict(zip(texts, model.token_keys(texts), strict=True))
    classes: dict[frozenset[bytes], list[str]] = defaultdict(list)
    for label, own in zip(prompts.classes, prompts.rendered, strict=True):
        classes[frozenset(keys[text] for text in own)].append(label.id)
    same = [ids for ids in classes.values() if len(ids) > 1]
    if same:
        found = f"the model reads the same in all texts of {_listed(same[0])}: they can't be told apart"
        return Check("prompts", "token ids", False, found, "give the classes other names or texts")
    fewer = len(texts) - len(set(keys.values()))
    told = (
        f"{fewer} of {len(texts)} texts read the same to the model as another"
        if fewer
        else "no two texts read the same"
    )
    return Check("prompts", "token ids", True, told)


def _padding(model: ImageTextModel) -> Check:
    """Whether a text's features depend on what it is padded with, as SigLIP's do."""
    if getattr(model, "cut_is_exact", True):
        return Check("prompts", "padding", True, "texts may be padded to any length")
    found = f"every text must be padded to {model.context_length} tokens, as the model was trained"
    return Check(
        "prompts", "padding", True, found, 'elsewhere say so: in transformers padding="max_length"; open_clip does it'
    )


def _matrix(content: PromptFile, path: Path) -> list[Check]:
    if not path.is_file():
        return []
    try:
        _, _, about = read_classifier(path)
    except PromptError as error:
        return [Check("prompts", path.name, False, str(error), "write it anew: prompt-search export --to safetensors")]
    same = about.get("prompts_sha256") == content.prompts.compiled().fingerprint
    found = "is of these prompts" if same else "is of other prompts than those in the file"
    return [Check("prompts", path.name, same, found, None if same else "prompt-search export --to safetensors")]


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(repr(text[:60]) for text in texts[:EXAMPLES])
    return shown + (f" and {len(texts) - EXAMPLES} more" if len(texts) > EXAMPLES else "")
