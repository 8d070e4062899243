"""Writes metrics to a CSV file."""

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path


class CSVLogger:
    """A CSV file with a row for each call of log: step, epoch, and a column for each metric.

    A metric that is new gets a column at the right end. Every row is handed to the operating
    system at once, so that a killed run keeps it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: list[str] = []
        self.rows = 0
        if path.exists():
            self.keep(None)

    def log(self, metrics: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Append a row; numbers are written so that float() gives them back exactly."""
        row = {"step": step, "epoch": epoch, **metrics}
        if new := [name for name in row if name not in self.columns]:
            self.add_columns(new)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow([row.get(n, "") for n in self.columns])
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
