"""The files of a finished run."""

from collections.abc import Mapping
from typing import Any

from evaluators import ImageTextModel, class_weights
from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.prompt_files.classifier import write_classifier
from prompt_search.prompt_files.prompts_json import PromptFile, write_prompts_json
from prompt_search.report.readme import readme
from prompt_search.report.result import Result

__all__ = ["write_outputs"]


def write_outputs(result: Result, model: ImageTextModel, described: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """Write prompts, classifier and README into the run folder; each is a function of the journal alone.

    Raises:
        RunError: if one can't be written.
    """
    folder = result.folder
    weights = class_weights(result.prompts, model)
    calibrated = result.calibration.logit_scale if result.calibration else None
    write_classifier(result.classifier_file, weights, model.logit_scale, result.winner.candidate, described, calibrated)
    write_atomically(folder / "README.md", readme(result, described).encode())
    write_prompts_json(result.prompts_file, PromptFile(result.winner.candidate, described, run, result.to_json()))
