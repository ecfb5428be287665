"""For `open_clip.build_zero_shot_classifier`, which calls `str.format`."""

from prompt_search.exports.form import Files, TextForm, Told
from prompt_search.exports.text_files import format_template, json_bytes, shared_templates
from prompt_search.prompt_files.prompts_json import PromptFile

__all__ = ["OPEN_CLIP"]


def open_clip_files(content: PromptFile, told: Told) -> Files:
    """`{"classnames": [...], "templates": [...]}`.

    Raises:
        PromptError: if classes have texts of their own.
    """
    templates = shared_templates(content.prompts, "open_clip's build_zero_shot_classifier")
    names = [label.name for label in content.prompts.classes]
    return {"open_clip.json": json_bytes({"classnames": names, "templates": list(map(format_template, templates))})}


OPEN_CLIP = TextForm("class names and templates for open_clip.build_zero_shot_classifier", open_clip_files)
