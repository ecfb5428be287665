"""The report in a real browser: headless Chromium, with axe-core for what a screen reader needs."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.report.page import render_comparison, write_report
from prompt_search.report.record import read_run
from prompt_search.run.folder import read_arguments
from tests.prompt_search.report.recorded_run import record_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.heavy
NAMES = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(sys.prefix) / "browser" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (360, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Headless Chromium; a part that is missing is a failure, not a test that is left out."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.fail("Chromium is missing: apt-get install chromium")
    if importlib.util.find_spec("playwright") is None or not AXE.exists():
        pytest.fail("playwright or axe-core is missing: make .venv/.browser (it needs npm: apt-get install npm)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of runs with 2, 10 and 1,000 classes, of one that is not finished, and of three side by side."""
    place = tmp_path_factory.mktemp("runs")
    many = [f"class {number}" for number in range(1000)]
    hostile = ["<script>alert(1)</script>", "a very " * 20 + "long name", "x" * 200]
    folders = {
        "two": record_run(place / "two", many[:2]),
        "ten": record_run(place / "ten", many[:10], candidates=300),
        "thousand": record_run(place / "thousand", many, candidates=20),
        "hostile": record_run(place / "hostile", hostile),
        "unfinished": record_run(place / "unfinished", many[:3], until="searched"),
    }
    pages = {}
    for name, folder in folders.items():
        data = read_arguments(folder)[0].data
        pages[name] = write_report(folder, data, place / "cache")
    pages["beside"] = place / "comparison.html"
    some = [read_run(folders[name]) for name in ("two", "hostile", "unfinished")]
    write_atomically(pages["beside"], render_comparison(some).encode())
    return pages


@dataclass
class Seen:
    """What a page did while it was opened."""

    page: "Page"
    told: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)

    def violations(self) -> list[tuple[str, str]]:
        """What axe-core objects to: the rule, and the first place."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run()")
        return [(each["id"], str(each["nodes"][0]["target"])) for each in found["violations"]]


def opened(browser: "Browser", path: Path, width: int = 1280, **context: Any) -> Seen:
    page = browser.new_page(viewport={"width": width, "height": 800}, **context)
    seen = Seen(page)
    page.on("console", lambda message: seen.told.append(message.text))
    page.on("pageerror", lambda error: seen.told.append(str(error)))
    page.on("request", lambda request: seen.asked_for.append(request.url))
    page.goto(path.as_uri())
    return seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["two", "ten", "thousand", "hostile", "unfinished", "beside"])
def test_a_page_is_quiet_fits_and_can_be_read_by_all(
    browser: "Browser", reports: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    seen = opened(browser, reports[name], width, color_scheme=scheme)
    assert seen.told == []
    assert [url for url in seen.asked_for if not url.startswith("data:")] == [reports[name].as_uri()]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.violations() == []
    seen.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    seen.page.close()


def test_the_first_screen_holds_the_verdict_its_picture_and_the_cost(
    browser: "Browser", reports: dict[str, Path]
) -> None:
    seen = opened(browser, reports["ten"])
    for selector in ("h1", "dl.tiles", "svg.plot", "ul.bars"):
        box = seen.page.locator(selector).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800, selector
    seen.page.close()


def test_tables_are_sorted_by_a_click_and_all_pictures_are_there(browser: "Browser", reports: dict[str, Path]) -> None:
    page = opened(browser, reports["ten"]).page
    table = page.locator("table.sortable", has_text="fitness")
    button = table.get_by_role("button", name="fitness")
    for order, reverse in (("descending", True), ("ascending", False)):
        button.click()
        values = [float(text) for text in table.locator("tbody td:nth-child(4)").all_inner_texts()]
        assert values == sorted(values, reverse=reverse)
        assert table.locator("th[aria-sort]").get_attribute("aria-sort") == order
    sizes = page.evaluate("[...document.images].map((each) => each.naturalWidth)")
    assert sizes
    assert min(sizes) == 40
    page.close()


def test_a_page_can_be_read_without_script_and_printed(browser: "Browser", reports: dict[str, Path]) -> None:
    page = opened(browser, reports["ten"], java_script_enabled=False).page
    for heading in ("The figures", "Class by class", "The search", "The winning prompts", "The candidates"):
        assert page.get_by_role("heading", name=heading).is_visible()
    assert page.locator("svg.plot").count() == 5
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.close()
