"""ProAPO's files: templates under `top1`, or names with descriptions by class."""

from evaluators import PHOTO_TEMPLATE, fill
from prompt_search.errors import PromptError
from prompt_search.exports.form import Files, TextForm, Told
from prompt_search.exports.text_files import check_names_differ, json_bytes
from prompt_search.prompt_files.prompts_json import PromptFile
from prompt_search.prompt_files.reading.by_class import SEPARATOR

__all__ = ["PROAPO"]


def proapo_files(content: PromptFile, told: Told) -> Files:
    """`{"top1": [template, ...]}`, or `{class name: ["name", "name**+*+**description", ...]}` of class texts.

    Raises:
        PromptError: if a class's text is not "a photo of a NAME." with a description behind it, which is all that the
            second form can say, or two classes share a name.
    """
    prompts = content.prompts.compiled()
    if prompts.shared_only:
        return {"proapo_templates.json": json_bytes({"top1": list(prompts.templates)})}
    check_names_differ(prompts.classes)
    texts = {
        label.name: [_described(text, label.name) for text in own]
        for label, own in zip(prompts.classes, prompts.rendered, strict=True)
    }
    return {"proapo_descriptions.json": json_bytes(texts)}


def _described(text: str, name: str) -> str:
    begin = fill(PHOTO_TEMPLATE, name)
    if not text.startswith(begin) or SEPARATOR in text:
        raise PromptError(
            f"ProAPO's file of descriptions writes {begin!r} before each, and the text {text[:60]!r} does not begin so;"
            " export to cupl, which holds texts as they are"
        )
    description = text.removeprefix(begin).strip()
    return f"{name}{SEPARATOR}{description}" if description else name


PROAPO = TextForm("ProAPO's templates, or its descriptions by class", proapo_files)
