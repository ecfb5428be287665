"""`prompt-search`: the commands, and what becomes of errors."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from prompt_search.cli import (
    bench_command,
    cache_commands,
    compare_command,
    data_commands,
    doctor_command,
    import_command,
    llm_commands,
    predict_command,
    prompt_commands,
    report_command,
    run_commands,
    strategy_commands,
)

__all__ = ["app", "main", "run_program"]

OK, FAILED, BAD_INPUT, BUDGET, INTERRUPTED = range(5)
"""Exit codes: done; something else; bad usage or input; a budget ended the run; interrupted, resumable."""

TYPER_INTERRUPTED = 130
"""What typer makes of Ctrl-C."""

app = typer.Typer(
    name="prompt-search",
    help="Find the prompts that make a CLIP-like model classify your images best, and prove that they do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
run_commands.register(app)
report_command.register(app)
strategy_commands.register(app)
prompt_commands.register(app)
import_command.register(app)
predict_command.register(app)
compare_command.register(app)
bench_command.register(app)
data_commands.register(app)
doctor_command.register(app)
app.add_typer(llm_commands.app, name="llm")
app.add_typer(cache_commands.app, name="cache")


@app.callback(invoke_without_command=True)
def version_option(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Take the options that belong to no command."""
    if version:
        from prompt_search import __version__

        typer.echo(f"prompt-search {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a traceback never reaches a person. SIGTERM ends it like Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Threads that wait for each other spin by default, which beside a busy process took three times the processor time.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        code = run_program(sys.argv[1:])
    except KeyboardInterrupt:  # the second Ctrl-C of an impatient person
        code = INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def run_program(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; what went wrong is told on standard error."""
    from prompt_search.cli.failures import say

    try:
        code = app(args=list(arguments), prog_name="prompt-search", standalone_mode=False)
    except typer.Exit as done:
        code = done.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = TYPER_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last station before a person
        return _told(error)
    if code == TYPER_INTERRUPTED:
        say("interrupted; give the same command again to continue where it stopped")
        return INTERRUPTED
    return code if isinstance(code, int) else OK


def _told(error: Exception) -> int:
    """Our own errors and typer's complaints are for the person; anything else is ours to mend."""
    from prompt_search.cli.failures import report_defect, say, say_usage, usage_message
    from prompt_search.errors import InputError, PromptSearchError

    usage = usage_message(error)
    if usage is not None:
        say_usage(usage)
        return BAD_INPUT
    if not isinstance(error, PromptSearchError):
        report_defect(error)
        return FAILED
    say(f"error: {error}")
    return BAD_INPUT if isinstance(error, InputError) else FAILED


if __name__ == "__main__":
    main()
