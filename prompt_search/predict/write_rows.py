"""Predictions as a table, CSV, JSON Lines or Parquet, written as they come."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, get_args

from evaluators import ClassLabel
from evaluators.printable import printable
from prompt_search.errors import RunError, SettingsError

if TYPE_CHECKING:
    from pyarrow import parquet

__all__ = ["FORMATS", "Guess", "RowFormat", "RowWriter", "row_format"]

RowFormat = Literal["table", "csv", "jsonl", "parquet"]
FORMATS: tuple[RowFormat, ...] = get_args(RowFormat)
ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".txt": "table"}
COLUMNS = ("image", "rank", "class", "name", "probability", "cosine")


@dataclass(frozen=True, slots=True)
class Guess:
    """A class that an image is taken for."""

    label: ClassLabel
    probability: float
    cosine: float


def row_format(stated: RowFormat | None, out: Path | None) -> RowFormat:
    """The format: as stated, or by the ending of the file.

    Raises:
        SettingsError: if the ending says nothing, or Parquet is to go to the screen.
    """
    if stated is None and out is not None:
        ending = ENDINGS.get(out.suffix.lower())
        stated = next((name for name in FORMATS if name == ending), None)
        if stated is None:
            raise SettingsError(f"the ending of {out} is none of {', '.join(ENDINGS)}; say which with --as")
    if stated == "parquet" and out is None:
        raise SettingsError("Parquet is no text for a screen; name a file with --out")
    return stated or "table"


class RowWriter:
    """Writes to a file, whole or not at all, or to a stream, image by image.

    Args:
        form: one of `FORMATS`.
        out: the file; `None` for the stream.
        stream: where text goes without one.

    Raises:
        RunError: if the file can't be written.
    """

    def __init__(self, form: RowFormat, out: Path | None, stream: IO[str]) -> None:
        self._form, self._out, self._stream = form, out, stream
        self._temporary: Path | None = None
        self._parquet: parquet.ParquetWriter | None = None

    def __enter__(self) -> "RowWriter":
        if self._out is not None:
            try:
                self._out.parent.mkdir(parents=True, exist_ok=True)
                handle, name = tempfile.mkstemp(dir=self._out.parent, prefix=f".{self._out.name[:40]}.")
            except OSError as error:
                raise RunError(f"{self._out} can't be written: {error.strerror or error}") from error
            os.close(handle)
            self._temporary = Path(name)
            if self._form != "parquet":
                self._stream = self._temporary.open("w", encoding="utf-8", newline="")
        if self._form == "csv":
            self._stream.write(_csv_line(COLUMNS))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._parquet is not None:
            self._parquet.close()
        if self._temporary is None or self._out is None:
            return
        if self._form != "parquet":
            self._stream.close()
        if kind is not None:
            self._temporary.unlink(missing_ok=True)
            return
        self._temporary.chmod(0o644)
        self._temporary.replace(self._out)

    def write(self, rows: Sequence[tuple[str, Sequence[Guess]]]) -> None:
        """Write the guesses of some images, the likeliest first."""
        if self._form == "parquet":
            self._write_parquet(rows)
            return
        line = {"table": _table_line, "csv": _csv_lines, "jsonl": _json_line}[self._form]
        for image, guesses in rows:
            self._stream.write(line(image, guesses))
        self._stream.flush()

    def _write_parquet(self, rows: Sequence[tuple[str, Sequence[Guess]]]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        kinds = (pa.string(), pa.int32(), pa.string(), pa.string(), pa.float64(), pa.float64())
        schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
        if self._parquet is None:
            self._parquet = parquet.ParquetWriter(self._temporary, schema, compression="zstd")
        flat = [dict(zip(COLUMNS, each, strict=True)) for image, guesses in rows for each in _flat(image, guesses)]
        self._parquet.write_table(pa.Table.from_pylist(flat, schema=schema))


def _flat(image: str, guesses: Sequence[Guess]) -> list[tuple[str, int, str, str, float, float]]:
    return [
        (image, rank, guess.label.id, guess.label.name, round(guess.probability, 6), round(guess.cosine, 6))
        for rank, guess in enumerate(guesses, 1)
    ]


def _table_line(image: str, guesses: Sequence[Guess]) -> str:
    told = "   ".join(f"{printable(guess.label.name)} {100 * guess.probability:.1f} %" for guess in guesses)
    return f"{printable(image)}   {told}\n"


def _csv_lines(image: str, guesses: Sequence[Guess]) -> str:
    return "".join(_csv_line(each) for each in _flat(image, guesses))


def _csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _json_line(image: str, guesses: Sequence[Guess]) -> str:
    told = [
        {"id": g.label.id, "name": g.label.name, "probability": round(g.probability, 6), "cosine": round(g.cosine, 6)}
        for g in guesses
    ]
    return json.dumps({"image": image, "classes": told}, ensure_ascii=False) + "\n"
