"""Lays out what Jinja rendered: indentation, blank lines, and the origin of every line.

The rendered text holds tags between control characters: `@s:n` before line n of sheet s,
`>c@s:n` and `<` around the text that line n includes at column c, `-n` and `+n` around a body
whose header was dropped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lgen.render.markers import Sheet

TAG = re.compile("\x02([^\x03]*)\x03")


@dataclass(frozen=True)
class Origin:
    """A template's line and the conditions that brought it, outermost first."""

    template: str
    line: int
    conditions: tuple[str, ...]


@dataclass
class Line:
    """An emitted line before formatting."""

    text: str
    origin: Origin


class _Layout:
    def __init__(self, sheets: Mapping[str, Sheet]) -> None:
        self.sheets = sheets
        self.lines: list[Line] = []
        self.blanks: list[Line] = []  # not yet emitted
        self.run: list[Line] = []  # the run of blank lines that is being read
        self.after_header = True  # also at the start of a file
        self.shift = 0
        self.includes: list[tuple[int, tuple[str, ...]]] = [(0, ())]

    def read(self, tag: str, text: str) -> None:
        """Takes in one tag and the text behind it."""
        kind = tag[0]
        if kind in "+-":
            self.shift += int(tag)
        elif kind == ">":
            column, _, place = tag[1:].partition("@")
            sheet, line = self._place(place)
            conditions = self.includes[-1][1] + sheet.conditions[line]
            self.includes.append((int(column), conditions))
            self.shift += int(column)
        elif kind == "<":
            self.shift -= self.includes.pop()[0]
        else:
            sheet, line = self._place(tag[1:])
            conditions = self.includes[-1][1] + sheet.conditions[line]
            self._add(text, sheet, line, Origin(sheet.name, line, conditions))

    def _place(self, text: str) -> tuple[Sheet, int]:
        sheet, _, line = text.rpartition(":")
        return self.sheets[sheet], int(line)

    def _add(self, text: str, sheet: Sheet, line: int, origin: Origin) -> None:
        first, *more = text.removesuffix("\n").split("\n")
        if line not in sheet.in_string:
            if sheet.is_python and not first.strip():
                # a gap below a header goes with it, also where the header was dropped
                if line - 1 not in sheet.headers:
                    self._add_blank(origin)
                return
            first = self._shifted(first)
        if line in sheet.clauses or self.after_header:
            self.blanks = []
        self.lines += self.blanks
        self.blanks, self.run = [], []
        self.after_header = line in sheet.headers
        # a value of several lines stands in a string or outside Python, where all is as it is
        self.lines += [Line(part, origin) for part in [first, *more]]

    def _add_blank(self, origin: Origin) -> None:
        last = self.run[-1].origin if self.run else None
        if last is None or (last.template, last.line + 1) != (origin.template, origin.line):
            self.run = []
        self.run.append(Line("", origin))
        # where selection made two runs meet, the longer one stays
        if len(self.run) > len(self.blanks):
            self.blanks = list(self.run)

    def _shifted(self, text: str) -> str:
        if self.shift >= 0 or not text.strip():
            return " " * self.shift + text if text.strip() else text
        return text[min(-self.shift, len(text) - len(text.lstrip())) :]


def lay_out(rendered: str, sheets: Mapping[str, Sheet]) -> list[Line]:
    """The emitted lines of a rendered template, with their origins."""
    layout = _Layout(sheets)
    pieces = TAG.split(rendered)
    for tag, text in zip(pieces[1::2], pieces[2::2], strict=True):
        layout.read(tag, text)
    return layout.lines
