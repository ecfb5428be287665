"""A result in a notebook: short, escaped, and what the journal tells."""

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from prompt_search.errors import RunMissing, SettingsError
from prompt_search.report.result import Result
from tests.prompt_search.conftest import World


@pytest.fixture(scope="module")
def kept() -> dict[str, Result]:
    """The result of one run, for all tests."""
    return {}


@pytest.fixture
def result(world: World, kept: dict[str, Result]) -> Result:
    if "result" not in kept:
        kept["result"] = world.run()
    return kept["result"]


class Tags(HTMLParser):
    """Counts tags, and notes those that are not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_its_repr_is_one_short_line(result: Result) -> None:
    assert re.fullmatch(r"<Result: .+, \d+\.\d % of \d+ unseen images right \(95 % interval .+\), in .+>", repr(result))
    assert len(repr(result)) < 300


def test_its_first_screen_is_whole_html_that_asks_for_nothing(result: Result) -> None:
    page = result._repr_html_()
    tags = Tags(page)
    assert tags.open == []
    assert {"table", "svg"} <= tags.names
    assert not tags.names & {"script", "link", "img", "iframe", "style"}
    assert "http" not in page
    for row in result.rows:
        assert f"{100 * row.test.top1:.1f} %" in page


def test_what_others_wrote_is_text_in_it(result: Result) -> None:
    rows = tuple(replace(row, name=f"<img src=x> \x1b[2J {row.name}") for row in result.rows)
    page = replace(result, rows=rows, winner=rows[0], found_by="<script>")._repr_html_()
    assert not Tags(page).names & {"img", "script"}
    assert "\x1b" not in page
    assert "&lt;img" in page


def test_the_frame_has_a_row_for_every_candidate_that_was_scored(result: Result) -> None:
    frame = result.to_frame()
    assert list(frame.index) == list(range(len(frame)))
    assert frame["calls"].is_monotonic_increasing
    assert frame["calls"].iloc[-1] == result.cost.llm_calls
    assert frame["top1"].between(0, 1).all()
    found = result.rows[1].candidate.compiled().templates
    assert found in set(frame["templates"])


def test_a_frame_without_a_journal_is_an_error_of_ours(result: Result, world: World) -> None:
    with pytest.raises(RunMissing, match="nothing is recorded"):
        replace(result, folder=world.folder / "nowhere").to_frame()


def test_a_plot_compares_every_row_and_shows_every_candidate(result: Result) -> None:
    figure = result.plot()
    gains, search = figure.axes
    assert len(gains.get_yticks()) == len(result.rows) - 1
    assert len(search.lines[0].get_xdata()) == len(result.to_frame())  # type: ignore[arg-type]


def test_a_name_with_dollars_is_no_formula_in_a_plot(result: Result) -> None:
    rows = tuple(replace(row, name="$\\frac$") for row in result.rows)
    assert "frac" in replace(result, rows=rows).plot()._repr_svg_()  # type: ignore[attr-defined]


def test_a_plot_without_matplotlib_says_how_to_get_it(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "prompt_search.report.figure", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(SettingsError, match=r"needs matplotlib: .*install '\.\[plot\]'"):
        result.plot()
