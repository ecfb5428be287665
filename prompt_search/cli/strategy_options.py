"""`--strategy` and `--set`: from what a person writes to strategies with their settings."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from prompt_search.cli.panels import SEARCH

if TYPE_CHECKING:
    from prompt_search.run.config import StrategyChoice

__all__ = ["Settings", "strategy_choices"]

Settings = Annotated[
    list[str],
    typer.Option("--set", rich_help_panel=SEARCH, help="A strategy's setting, e.g. iterations=20 or cupl.samples=4."),
]


def strategy_choices(names: Iterable[str], settings: Iterable[str]) -> "tuple[StrategyChoice, ...]":
    """Strategies with their settings; `NAME.setting=value` is for one of them, `setting=value` for the only one."""
    from evaluators.nearest import nearest
    from prompt_search.errors import SettingsError
    from prompt_search.run.config import StrategyChoice

    chosen = [name.strip() for each in names for name in each.split(",") if name.strip()]
    if not chosen:
        raise SettingsError("--strategy needs a name; `prompt-search strategies` lists them")
    values: dict[str, dict[str, str]] = {name: {} for name in chosen}
    for setting in settings:
        left, equals, value = setting.partition("=")
        strategy, dot, key = left.rpartition(".")
        if not equals:
            raise SettingsError(f"--set takes NAME=VALUE, got {setting!r}")
        if not dot and len(values) > 1:
            raise SettingsError(f"--set {setting}: say for which strategy, e.g. --set {chosen[0]}.{setting}")
        target = strategy if dot else chosen[0]
        if target not in values:
            close = nearest(target, values)
            hint = f"did you mean {close}.{key}? " if close else ""
            raise SettingsError(
                f"--set {setting}: {target!r} is not among the strategies of this run; {hint}there are "
                f"{', '.join(chosen)}"
            )
        values[target][key] = value
    return tuple(StrategyChoice(name, tuple(sorted(values[name].items()))) for name in chosen)
