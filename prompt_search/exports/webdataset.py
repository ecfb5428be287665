"""The two text files in the root of a WebDataset that CLIP_benchmark and DataComp read."""

from prompt_search.exports.form import Files, TextForm, Told
from prompt_search.exports.text_files import format_template, line_bytes, shared_templates
from prompt_search.prompt_files.prompts_json import PromptFile

__all__ = ["WEBDATASET"]

PLACE = "{c}"


def webdataset_files(content: PromptFile, told: Told) -> Files:
    """`classnames.txt` in order of the labels, and `zeroshot_classification_templates.txt` with `{c}`.

    Raises:
        PromptError: if classes have texts of their own, or a name or a template can't be a line.
    """
    templates = shared_templates(content.prompts, "a WebDataset's root")
    names = [label.name for label in content.prompts.classes]
    return {
        "webdataset/classnames.txt": line_bytes(names, "class name"),
        "webdataset/zeroshot_classification_templates.txt": line_bytes(
            [format_template(each, PLACE) for each in templates], "template"
        ),
    }


WEBDATASET = TextForm(
    "classnames.txt and zeroshot_classification_templates.txt of a WebDataset's root", webdataset_files
)
