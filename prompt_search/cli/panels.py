"""The help of a command in groups. Typer draws its panels with rich, which cuts names on a narrow terminal; these are
plain sections, made of what typer knows of them."""

from typing import Any

from typer.core import TyperCommand

__all__ = ["IMAGES", "LIMITS", "LLM", "OUTPUT", "RUNNING", "SEARCH", "PanelCommand"]

IMAGES = "Images and model"
SEARCH = "Search"
LLM = "Language model"
LIMITS = "Limits (at the first one reached the best so far is kept)"
RUNNING = "How it is run"
OUTPUT = "What is shown and kept"
ARGUMENTS, OTHERS = "Arguments", "Options"


class PanelCommand(TyperCommand):
    """A command whose options are told under the names of their panels, in the order in which panels first come."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - classes of click, which typer hides
        """Write the sections."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            told = parameter.get_help_record(ctx)
            if told is not None:
                argument = parameter.param_type_name == "argument"
                panel = ARGUMENTS if argument else getattr(parameter, "rich_help_panel", None) or OTHERS
                sections.setdefault(panel, []).append(told)
        for panel, rows in sections.items():
            with formatter.section(panel):
                formatter.write_dl(rows)
