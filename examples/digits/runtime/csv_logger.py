"""Writes metrics to a CSV file."""

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO


class CSVLogger:
    """A CSV file with a row for each call of log: step, epoch, and a column for each metric.

    A metric that is new gets a column at the right end. Every row is handed to the operating
    system at once, so that a killed run keeps it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: list[str] = []
        self.rows = 0
        self.file: TextIO | None = None
        if path.exists() and not path.read_text(encoding="utf-8").endswith("\n"):
            self.keep(None)  # the last row is torn
        elif lines := self.read():
            self.columns, self.rows = lines[0], len(lines) - 1

    def log(self, metrics: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Append a row; numbers are written so that float() gives them back exactly."""
        row = {"step": step, "epoch": epoch, **metrics}
        if new := [name for name in row if name not in self.columns]:
            self.add_columns(new)
        if self.file is None:
            self.file = self.path.open("a", buffering=1, newline="", encoding="utf-8")
        writer = csv.writer(self.file, lineterminator="\n")
        writer.writerow([row.get(name, "") for name in self.columns])
        self.rows += 1

    def add_columns(self, names: list[str]) -> None:
        """Write the file anew, with more columns."""
        rows = self.read()[1:]
        self.columns = self.columns + names
        self.write([self.columns, *([*row, *[""] * len(names)] for row in rows)])

    def read(self) -> list[list[str]]:
        """Return all whole lines of the file, the header first."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        return list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1])))

    def write(self, lines: list[list[str]]) -> None:
        """Put these lines in the place of the file."""
        self.close()
        aside = self.path.with_suffix(".tmp")
        with aside.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, self.path)

    def keep(self, rows: int | None) -> None:
        """Keep the first rows, None for all whole ones, and drop the rest of the file."""
        lines = self.read()
        self.columns = lines[0] if lines else []
        kept = lines[1:] if rows is None else lines[1 : 1 + rows]
        self.rows = len(kept)
        self.write([self.columns, *kept] if lines else [])

    def state_dict(self) -> dict[str, int]:
        """Return the number of rows so far."""
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Drop the rows that were written after the state was saved."""
        self.keep(state["rows"])

    def drop_after(self, step: int) -> None:
        """Drop the rows of later steps, of an earlier part of the run that had this logger."""
        rows = self.read()[1:]
        self.keep(sum(int(row[0]) <= step for row in rows))

    def close(self) -> None:
        """Close the file, which the next row opens again."""
        if self.file is not None:
            self.file.close()
            self.file = None
