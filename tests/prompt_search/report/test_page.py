"""What the report says, and that it is the same each time and safe whatever it holds."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from prompt_search.errors import PromptError, RunMissing
from prompt_search.report import changed_images, page, plots
from prompt_search.report.page import render_comparison, write_report
from prompt_search.report.record import read_run
from prompt_search.run.folder import read_arguments
from tests.prompt_search.conftest import World
from tests.prompt_search.report.recorded_run import record_run

VOID = {"meta", "br", "img", "link", "input", "hr"}
HOSTILE = [
    "<script>alert(1)</script>",
    '" onload="x',
    "$\\frac{1}{2}$ & co",
    "🐱 \u202e {name} \x1b[2J",
    "x" * 300,
    "{{ 7*7 }}",
]


class Parts(HTMLParser):
    """Every element of a page, and that it is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def rendered(folder: Path, *, images: bool = True) -> str:
    config, _ = read_arguments(folder)
    return write_report(folder, config.data, folder.parent / "cache", images=images).read_text(encoding="utf-8")


def names(count: int) -> list[str]:
    return [f"class {number}" for number in range(count)]


@pytest.mark.parametrize("classes", [2, 10, 13])
def test_a_report_has_every_part_and_is_well_formed(tmp_path: Path, classes: int) -> None:
    html = rendered(record_run(tmp_path / "run", names(classes)))
    parts = Parts(html)
    assert len(parts.ids) == len(set(parts.ids))
    anchors = {attrs["href"] for tag, attrs in parts.elements if tag == "a"}
    assert {f"#{each}" for each in parts.ids} >= anchors >= {"#rows", "#classes", "#images", "#search", "#prompts"}
    pairs = "Pairs that changed most" if classes < 13 else "Confusions that changed most"
    first = ("unseen images the winner against", "Where the gain comes from", "Recall before and after", pairs)
    rest = ("Turned right", "The candidates", "Deploying", "Provenance", "Notes", "list price", "journal line")
    assert [part for part in (*first, *rest) if part not in html] == []
    assert len(re.findall('<svg viewBox="[^"]+" role="img" aria-label="[^"]+', html)) == 5  # three axes of one search
    assert html.count('<img src="data:image/jpeg;base64,') == html.count("<br>before: ")
    assert ('class="matrix"' in html) == (classes <= 12)


def test_nothing_of_a_report_comes_from_elsewhere(tmp_path: Path) -> None:
    html = rendered(record_run(tmp_path / "run", names(3)))
    for tag, attrs in Parts(html).elements:
        assert tag not in ("link", "iframe", "object", "base", "form")
        for name in ("src", "href", "action", "data", "srcset"):
            assert (attrs.get(name) or "#").startswith(("#", "data:image/"))
    assert "default-src 'none'" in html
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = record_run(tmp_path / "run", names(5))
    assert rendered(folder) == rendered(folder)


@pytest.mark.parametrize("until", ["searched", "finished"])
def test_hostile_names_and_replies_are_text(tmp_path: Path, until: str) -> None:
    said = "<img src=x onerror=alert(2)> \x07 it's {{ 7*7 }}"
    folder = record_run(tmp_path / "run", HOSTILE, until=until, said=said)  # type: ignore[arg-type]
    parts = Parts(html := rendered(folder))
    assert sum(tag == "script" for tag, _ in parts.elements) == 1
    assert not any(name.startswith("on") for _, attrs in parts.elements for name in attrs)
    assert all((attrs.get("src") or "data:").startswith("data:") for tag, attrs in parts.elements if tag == "img")
    assert "\x1b" not in html
    assert "\x07" not in html
    assert "\u202e" not in html
    assert "{{ 7*7 }}" in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_thousand_classes_stay_a_small_page(tmp_path: Path) -> None:
    html = rendered(record_run(tmp_path / "run", names(1000), candidates=20))
    assert len(html.encode()) < 3 * 2**20
    assert "The 15 classes that gained most, and the 15 that lost most, of 1000" in html
    assert "5000 more texts are in" in html
    assert html.count("<img ") <= 48


def test_pictures_are_left_out_on_request_and_where_they_are_gone(tmp_path: Path) -> None:
    folder = record_run(tmp_path / "run", names(4), images=False)
    html = rendered(folder)
    assert "<img" not in html
    assert "The pictures can&#39;t be shown" in html
    there = record_run(tmp_path / "other", names(4))
    assert "<img" in rendered(there)
    assert "<img" not in (html := rendered(there, images=False))
    assert "left out on request" in html
    assert re.search(r"turned <b>\d+</b> test image", html)


def test_at_most_two_dozen_pictures_of_a_kind_in_turn_from_every_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changed_images, "MOST", 3)
    html = rendered(record_run(tmp_path / "run", names(30)))
    assert html.count("<img") == 6
    assert "Turned right: 3 of" in html


def test_a_damaged_predictions_file_costs_the_pictures_only(tmp_path: Path) -> None:
    folder = record_run(tmp_path / "run", names(3))
    (folder / "predictions.parquet").write_bytes(b"PAR1 nothing")
    assert "predictions.parquet can&#39;t be read" in rendered(folder)
    (folder / "predictions.parquet").unlink()
    assert "There is no predictions.parquet" in rendered(folder)


def test_without_matplotlib_the_report_says_how_to_get_the_plots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (page, plots):
        monkeypatch.setattr(module, "has_matplotlib", lambda: False)
    html = rendered(record_run(tmp_path / "run", names(3)))
    assert "pip install &#39;.[plot]&#39;" in html
    assert "<svg" not in html
    assert "+0.0" in html  # the figures are in tables


def test_an_unfinished_run_has_a_report_that_proves_nothing(tmp_path: Path) -> None:
    html = rendered(record_run(tmp_path / "run", names(3), until="searched"))
    Parts(html)
    for part in (
        "Not finished: the best of",
        "Nothing is proven",
        "best so far (",
        "prompt-search resume",
        "The search",
    ):
        assert part in html
    assert "a proven" not in html
    begun = rendered(record_run(tmp_path / "begun", names(3), until="begun"))
    assert "Not finished: the best of 3 candidates" in begun


def test_a_prompt_file_of_an_earlier_budget_is_not_taken_for_the_result(tmp_path: Path) -> None:
    folder, other = (record_run(tmp_path / name, names(3), texts=n) for name, n in (("run", 3), ("other", 4)))
    (folder / "prompts.json").write_bytes((other / "prompts.json").read_bytes())
    assert read_run(folder).state == "unfinished"


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunMissing, match="no such folder"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(RunMissing, match="nothing is recorded"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    assert read_run(tmp_path).state == "new"


def test_a_damaged_result_is_named(tmp_path: Path) -> None:
    folder = record_run(tmp_path / "run", names(3))
    path = folder / "prompts.json"
    path.write_text(path.read_text().replace('"verdict"', '"judgement"'))
    with pytest.raises(PromptError, match=r"its part 'result' is damaged.*verdict"):
        read_run(folder)


def test_several_runs_stand_side_by_side_with_what_differs(tmp_path: Path) -> None:
    folders = [
        record_run(tmp_path / "one", names(3)),
        record_run(tmp_path / "<two>", names(3), until="searched"),
        record_run(tmp_path / "three", HOSTILE),
    ]
    html = render_comparison([read_run(folder) for folder in folders])
    parts = Parts(html)
    assert len(parts.ids) == len(set(parts.ids))
    for part in ("3 runs side by side", "&lt;two&gt;", "not finished", "What differs", "choice on test"):
        assert part in html
    assert html.count("<svg") == 4


def test_a_real_run_ends_with_the_report_that_the_command_writes(world: World) -> None:
    result = world.run()
    written = (result.folder / "report.html").read_bytes()
    config, _ = read_arguments(result.folder)
    again = write_report(result.folder, config.data, world.folder / "cache-run", out=world.folder / "again.html")
    assert again.read_bytes() == written
    html = written.decode()
    Parts(html)
    assert result.verdict().split(":")[0].replace('"', "&#34;") in html
    assert "What each text is worth was not reckoned" not in html
