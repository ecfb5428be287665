"""`predictions.parquet` as pandas reads it."""

import json

import pandas as pd
import pyarrow.parquet
import pytest

from prompt_search.report.predictions import PREDICTIONS, read_predictions
from tests.prompt_search.conftest import World

COLUMNS = ["image", "split", "label"] + [
    f"{side}{part}" for side in ("winner", "baseline") for part in ("", "_top5", "_cosines")
]


def test_every_image_has_the_predictions_that_the_result_counts(world: World) -> None:
    (world.folder / "mine.txt").write_text("a dark view of a {}.\n")
    result = world.run(baseline=[world.folder / "mine.txt"])
    frame = pd.read_parquet(result.folder / PREDICTIONS)
    assert list(frame.columns) == COLUMNS
    assert list(dict.fromkeys(frame["split"])) == ["search", "select", "test"]
    assert frame["image"].is_unique
    assert set(frame["label"]) == {"red_ball", "green_leaf", "blue_sky"}
    test = frame[frame["split"] == "test"]
    baseline = next(row for row in result.rows if row.name == "yours: mine.txt")
    for side, row in (("winner", result.winner), ("baseline", baseline)):
        assert (test[side] == test["label"]).mean() == pytest.approx(row.test.top1, abs=1e-6)
        assert [own[0] for own in frame[f"{side}_top5"]] == list(frame[side])
        assert all(len(own) == 3 and (own[:-1] >= own[1:]).all() for own in frame[f"{side}_cosines"])
    told = json.loads(pyarrow.parquet.read_schema(result.folder / PREDICTIONS).metadata[b"prompt_search"])
    assert told["baseline"] == "yours: mine.txt"
    assert [each["name"] for each in told["classes"]] == ["blue sky", "green leaf", "red ball"]
    shown = read_predictions(result.folder)
    assert shown is not None
    assert [each.image for each in shown] == list(test["image"])


def test_a_run_that_is_started_again_leaves_the_file_as_it_is(world: World) -> None:
    folder = world.run().folder
    first = (folder / PREDICTIONS).read_bytes()
    world.run()
    assert (folder / PREDICTIONS).read_bytes() == first
    (folder / PREDICTIONS).unlink()
    world.run()  # the test split is not read again for it
    assert not (folder / PREDICTIONS).exists()
