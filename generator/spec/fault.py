"""What is wrong with a spec or with the user's code, as a value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: the file, the line (None for the whole file), and a sentence."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        """The fault as it is printed, such as `lgen.yaml:12: ...`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"


def setting_text(setting: str) -> str:
    """`--set key=value` as a fault names its place: on one line, and cut short."""
    text = f"--set {setting}"
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= 80 else f"{text[:77]}..."


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` where one of the names is close, else an empty text."""
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""
