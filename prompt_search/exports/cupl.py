"""The form of CuPL, DCLIP and MPVR: every text of a class written out, by class name."""

from prompt_search.exports.form import Files, TextForm, Told
from prompt_search.exports.text_files import check_names_differ, json_bytes
from prompt_search.prompt_files.prompts_json import PromptFile

__all__ = ["CUPL"]


def cupl_files(content: PromptFile, told: Told) -> Files:
    """`{class name: [sentence, ...]}`.

    Raises:
        PromptError: if two classes share a name, since one would be lost.
    """
    prompts = content.prompts.compiled()
    check_names_differ(prompts.classes)
    texts = {c.name: list(own) for c, own in zip(prompts.classes, prompts.rendered, strict=True)}
    return {"cupl.json": json_bytes(texts)}


CUPL = TextForm("every text by class name, as CuPL, DCLIP and MPVR have them", cupl_files)
