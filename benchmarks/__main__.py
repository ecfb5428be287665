"""Runs benchmarks: `python -m benchmarks [NAME ...] [--set cpu|gpu] [--json FILE] [--write]`.

Those of speed and of parts; strategies are compared by `prompt-search bench benchmarks/photos.toml`, whose table
`python -m benchmarks --keep runs/bench-photos` puts beside the others.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.report import Report, merged, results_page, table

SETS: Mapping[str, tuple[str, ...]] = {
    "cpu": (
        "text_encoding",
        "second_visits",
        "populations",
        "pairwise",
        "image_encoding",
        "image_decoding",
        "engine_overhead",
        "start_up",
        "calls_in_flight",
    ),
    "gpu": ("text_encoding", "populations", "image_encoding", "devices"),
}
BY_NAME_ONLY = (
    "demo_seeds",
    "heads",
    "testbed",
    "selection",
    "questions",
    "methods",
    "growth",
    "near_duplicates",
    "greedy_tokens",
    "prefix_sharing",
    "text_tower",
    "folder_visits",
)
"""`demo_seeds` and `testbed` take from half an hour to hours and are about the search, not speed;
`selection` is about what its hold adds, `questions` about what its questions bring,
`methods` about what those of every method bring, `greedy_tokens` about what its tokens do;
`growth` runs ProAPO on up to 1,000 classes; `heads` takes ten minutes and is about what words are compared with;
`prefix_sharing` is about what did not pay; `text_tower` compiles a network, and wants onnxruntime. `folder_visits`
writes 100,000 files.
`devices` is in the GPU set: on a processor it only shows that it runs."""

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table and JSON, and write what was asked for."""
    options = _options(arguments)
    for folder in options.keep:
        _keep_bench(folder)
    if options.keep:
        _write_page()
        return
    device = "cuda" if options.set == "gpu" else "cpu"
    if device == "cuda":
        _check_cuda()
    report = Report.of(device, [])
    for name in options.names or SETS[options.set]:
        measured = importlib.import_module(f"benchmarks.{name}").measure(device)
        report = merged(report, Report.of(device, measured))
        print(table(measured), flush=True)
    content = json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n"
    if options.json:
        options.json.write_text(content)
    if options.write:
        _write(report, options.set)
    print(content)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    known = sorted({*SETS["cpu"], *SETS["gpu"], *BY_NAME_ONLY})
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; by default the whole set")
    parser.add_argument("--set", choices=SETS, default="cpu", help="which device to measure; default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--write", action="store_true", help="keep the figures and write benchmarks/RESULTS.md")
    parser.add_argument(
        "--keep", type=Path, action="append", default=[], metavar="FOLDER",
        help="measure nothing: keep the table of a bench's folder, and write benchmarks/RESULTS.md",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are {', '.join(known)}")
    return options


def _check_cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        sys.exit("the GPU set needs a CUDA device and torch sees none here; `--set cpu` measures the processor")


def _write(report: Report, which: str) -> None:
    """Keep the figures beside those of earlier calls on the same machine, and write the page from all that are kept."""
    kept = HERE / "results" / f"{which}.json"
    if kept.exists():
        report = merged(Report.from_json(json.loads(kept.read_text())), report)
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n")
    _write_page()


def _keep_bench(folder: Path) -> None:
    """Copy the tables of a bench to where results are kept, under the folder's name."""
    if not (folder / "table.md").exists():
        sys.exit(f"{folder} has no table.md: it is no bench's folder, or nothing is finished in it")
    (HERE / "results").mkdir(exist_ok=True)
    for ending in ("md", "csv"):
        kept = HERE / "results" / f"{folder.name.removeprefix('bench-')}.{ending}"
        kept.write_text((folder / f"table.{ending}").read_text())


def _write_page() -> None:
    found = {name: HERE / "results" / f"{name}.json" for name in SETS}
    reports = {name: Report.from_json(json.loads(p.read_text())) if p.exists() else None for name, p in found.items()}
    benches = [path.read_text() for path in sorted((HERE / "results").glob("*.md"))]
    RESULTS.write_text(results_page(reports, benches))


if __name__ == "__main__":
    main()
