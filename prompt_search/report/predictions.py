"""`predictions.parquet`: what winner and baseline say of every image, for pandas, FiftyOne and scikit-learn."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluators import Candidate, Evaluator
from prompt_search.errors import RunError
from prompt_search.prompt_files.atomic import write_atomically

if TYPE_CHECKING:
    import pyarrow as pa

    from prompt_search.run.outcome.split_evaluators import SplitEvaluators

__all__ = ["PREDICTIONS", "Predicted", "read_predictions", "write_predictions"]

PREDICTIONS = "predictions.parquet"
METADATA_KEY = b"prompt_search"
MOST_CLASSES = 5
"""Classes told of each image."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """One image of the test split: ids of its class and of those that it is taken for."""

    image: str
    label: str
    winner: str
    baseline: str | None


def write_predictions(
    folder: Path,
    winner: tuple[str, Candidate],
    baseline: tuple[str, Candidate] | None,
    evaluators: "SplitEvaluators",
    model: Mapping[str, Any],
) -> None:
    """Write the file, whole or not at all; `docs/run_folder.md` tells its columns.

    Args:
        winner, baseline: names and prompts; without a baseline its columns are null.
        model: as `prompts.json` describes it.

    Raises:
        RunError: if it can't be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    splits = {"search": evaluators.search, "select": evaluators.select, "test": evaluators.test}
    sides = {"winner": winner[1], "baseline": baseline[1] if baseline else None}
    told = {
        "classes": [{"id": label.id, "name": label.name} for label in winner[1].classes],
        "winner": winner[0],
        "baseline": baseline[0] if baseline else None,
        "model": dict(model),
        "logit_scale": round(evaluators.texts.model.logit_scale, 6),
    }
    table = pa.concat_tables([_table(split, evaluator, sides) for split, evaluator in splits.items()])
    content = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata({METADATA_KEY: json.dumps(told)}), content, compression="zstd", version="2.6"
    )
    write_atomically(folder / PREDICTIONS, content.getvalue())


def read_predictions(folder: Path) -> list[Predicted] | None:
    """The test images of a run folder; `None` where there is no file.

    Raises:
        RunError: if the file can't be read.
    """
    from pyarrow import ArrowException, parquet

    path = folder / PREDICTIONS
    if not path.is_file():
        return None
    try:
        table = parquet.read_table(
            path, columns=["image", "label", "winner", "baseline"], filters=[("split", "=", "test")]
        )
        rows = table.to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        raise RunError(
            f"{path} can't be read: {str(error)[:80]}; delete it to have a report without the images"
        ) from error
    return [Predicted(**row) for row in rows]


def _table(split: str, evaluator: Evaluator, sides: Mapping[str, Candidate | None]) -> "pa.Table":
    import pyarrow as pa

    images = evaluator.images
    ids = pa.array(images.class_ids, pa.string())
    columns: dict[str, Any] = {
        "image": pa.array(images.image_ids, pa.string()),
        "split": pa.array([split] * len(images), pa.string()),
        "label": ids.take(pa.array(images.labels)),
    }
    for side, candidate in sides.items():
        columns |= _columns(side, evaluator, candidate, ids)
    return pa.table(columns)


def _columns(side: str, evaluator: Evaluator, candidate: Candidate | None, ids: "pa.Array") -> dict[str, Any]:
    """The three columns of the winner, or of the baseline."""
    import pyarrow as pa

    names = (side, f"{side}_top5", f"{side}_cosines")
    if candidate is None:
        kinds = (pa.string(), pa.list_(pa.string()), pa.list_(pa.float32()))
        return {name: pa.nulls(len(evaluator.images), kind) for name, kind in zip(names, kinds, strict=True)}
    found = evaluator.predictions(candidate, MOST_CLASSES)
    images, most = found.classes.shape
    ends = pa.array(range(0, images * most + 1, most), pa.int32())
    return {
        names[0]: ids.take(pa.array(found.classes[:, 0])),
        names[1]: pa.ListArray.from_arrays(ends, ids.take(pa.array(found.classes.reshape(-1)))),
        names[2]: pa.ListArray.from_arrays(ends, pa.array(found.cosines.reshape(-1), pa.float32())),
    }
