"""FuDD's two files: texts for pairs of classes by index, and the names that the indices count."""

from prompt_search.exports.form import Files, TextForm, Told
from prompt_search.prompt_files.fudd import fudd_files
from prompt_search.prompt_files.prompts_json import PromptFile

__all__ = ["FUDD"]


def _files(content: PromptFile, told: Told) -> Files:
    return {name: text.encode() for name, text in fudd_files(content.prompts).items()}


FUDD = TextForm("texts for pairs of classes, in FuDD's own files", _files)
