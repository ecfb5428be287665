"""A start is measured to the line that is waited for, or to the end; one that fails is no figure."""

import pytest

from benchmarks.start_up import start

WAITS = "import sys, time; print('loading models', file=sys.stderr); print('ready', file=sys.stderr); time.sleep(3600)"


def test_a_process_is_stopped_at_the_line_that_is_waited_for() -> None:
    found = start(["-c", WAITS], "ready")
    assert found.seconds > 0
    assert found.processor > 0
    assert found.modules == 0


def test_modules_are_counted_where_that_is_asked_for() -> None:
    few = start(["-c", WAITS], "loading", tell_imports=True)
    many = start(["-c", "import json, tomllib"], tell_imports=True)
    assert 0 < few.modules < many.modules


@pytest.mark.parametrize(("program", "mark"), [("print('ready')", "ready"), ("raise SystemExit('no model')", None)])
def test_what_never_gets_there_or_fails_is_no_figure(program: str, mark: str | None) -> None:
    with pytest.raises(RuntimeError, match="ended with"):
        start(["-c", program], mark)
