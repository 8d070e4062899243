"""Turns the `#:` markers of a template into Jinja blocks.

    scaler.step(optimizer)  #: if fp16            a statement with its body; in brackets: that line
    with torch.autocast(...):  #: wrap if amp     a header; its body stays and is dedented
    #: include "optimizer/adam.py"                on a line of its own: a Jinja statement

Another header for the same body is a second wrap around it, with the opposite condition:

    for batch in batches:  #: wrap if not accumulate
        while window := next_window():  #: wrap if accumulate
            ...

Every line is given a tag that says where it comes from (see layout.py), and selection happens
on the template's text alone: a value is never read as a marker or as Jinja.
"""

import re
from dataclasses import dataclass, field

from jinja2 import Environment
from jinja2.ext import Extension

from lgen.render.conditions import for_jinja, loop_names, negated
from lgen.render.errors import RenderError
from lgen.render.statements import CLAUSES, Source, read_statements
from lgen.render.substitution import substitute

OWN_LINE = re.compile(r"\s*(?:#:|<!--:)\s*(.*?)\s*(?:-->)?\s*$")
AT_END = re.compile(r"\s*#:\s*(wrap\s+if|if)\s+(.+?)\s*$")


@dataclass
class Region:
    """Lines that are selected together, with the Jinja text before and after them."""

    start: int
    end: int
    condition: str | None
    opening: str = ""
    closing: str = ""
    capitals: tuple[str, ...] = ()


@dataclass
class Sheet:
    """What layout needs to know about the lines of one template, counted from 1."""

    name: str
    is_python: bool
    conditions: list[tuple[str, ...]] = field(default_factory=list)
    headers: set[int] = field(default_factory=set)
    clauses: set[int] = field(default_factory=set)
    in_string: set[int] = field(default_factory=set)


def block(text: str) -> str:
    """A Jinja statement; control characters as delimiters clash with no text."""
    return f"\x02% {text} %\x03"


class Markers(Extension):
    """Jinja extension that reads the markers; leaves a Sheet for each template in `sheets`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(sheets={}, placeholder_names=frozenset())

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The template as Jinja text, line for line."""
        assert name is not None
        sheets: dict[str, Sheet] = self.environment.sheets  # type: ignore[attr-defined]
        names: frozenset[str] = self.environment.placeholder_names  # type: ignore[attr-defined]
        template = _Template(source, name)
        sheets[name] = template.sheet
        return template.for_jinja(names)


class _Template:
    def __init__(self, text: str, name: str) -> None:
        if "\x02" in text or "\x03" in text:
            raise RenderError(f"{name}:1: the template holds control characters")
        self.text = text if text.endswith("\n") else text + "\n"
        self.name = name
        self.lines = self.text.split("\n")[:-1]
        self.regions: list[Region] = []
        self.own_lines: dict[int, str] = {}
        self.blocks: list[Region] = []
        self.sheet = Sheet(name, name.endswith(".py"))
        self.source: Source | None = (
            read_statements(self.text, name) if name.endswith(".py") else None
        )
        self._read_markers()
        self._check_nesting()
        self._fill_sheet()

    def _fail(self, line: int, message: str) -> RenderError:
        return RenderError(f"{self.name}:{line}: {message}")

    def _read_markers(self) -> None:
        for number, text in enumerate(self.lines, start=1):
            if self.source is None:
                if text.lstrip().startswith(("#:", "<!--:")):
                    self._read_own_line(number, text)
                continue
            column = self.source.comments.get(number)
            if column is None or "#:" not in text[column:]:
                continue
            if self.source.has_only_comment(number) and text.lstrip().startswith("#:"):
                self._read_own_line(number, text)
            else:
                self._read_at_end(number, column + text[column:].index("#:"))
        if self.blocks:
            raise self._fail(self.blocks[-1].start, "this block has no end")

    def _read_own_line(self, line: int, text: str) -> None:
        match = OWN_LINE.match(text)
        assert match is not None
        word, _, rest = match.group(1).partition(" ")
        column = len(text) - len(text.lstrip())
        if word == "include":
            # the tags around it tell layout the indentation and the conditions of this place
            jinja = f"\x02>{column}@TAG\x03" + block(f"include {rest}") + "\x02<\x03"
            self.own_lines[line] = jinja
        elif word == "if":
            self.blocks.append(Region(line, 0, rest))
            self.own_lines[line] = block(f"if {self._condition(rest, line)}")
        elif word == "for":
            capitals = tuple(n for n in loop_names(rest, self.name, line) if n[0].isupper())
            self.blocks.append(Region(line, 0, None, capitals=capitals))
            self.own_lines[line] = block(f"for {rest}")
        elif word == "else" and self.blocks and self.blocks[-1].condition is not None:
            opened = self._close(line, column, line - 1)
            assert opened.condition is not None
            self.blocks.append(Region(line, 0, negated(opened.condition)))
            self.own_lines[line] = block("else")
        elif word in ("endif", "endfor") and self.blocks:
            opened = self._close(line, column, line)
            if (opened.condition is None) != (word == "endfor"):
                raise self._fail(line, f"{word} ends the block of line {opened.start}")
            self.own_lines[line] = block(word)
        else:
            raise self._fail(line, f"unknown marker {match.group(1)!r}")

    def _close(self, line: int, column: int, end: int) -> Region:
        opened = self.blocks.pop()
        text = self.lines[opened.start - 1]
        if len(text) - len(text.lstrip()) != column:
            raise self._fail(line, f"not at the column of line {opened.start}, which it belongs to")
        opened.end = end
        self.regions.append(opened)
        return opened

    def _read_at_end(self, line: int, column: int) -> None:
        assert self.source is not None
        match = AT_END.match(self.lines[line - 1][column:])
        alone = self.source.has_only_comment(line)
        statement = self.source.statement_at(line)
        if match is None or (statement is None and not alone):
            raise self._fail(line, f"unknown marker {self.lines[line - 1][column:]!r}")
        self.lines[line - 1] = self.lines[line - 1][:column].rstrip()
        condition = match.group(2)
        test = self._condition(condition, line)
        wraps = match.group(1) != "if"
        if alone and not wraps:
            start, end = line, line
        elif statement is None or alone:
            raise self._fail(line, "a comment wraps nothing")
        elif wraps:
            if statement.suite is None:
                raise self._fail(line, "wrap needs a header with an indented body")
            start = self.source.comments_above(statement.start, statement.column)
            first, last = statement.suite
            shift = statement.suite_column - statement.column
            self.regions.append(
                Region(
                    start,
                    first - 1,
                    condition,
                    block(f"if {test}"),
                    block("else") + f"\x02-{shift}\x03" + block("endif"),
                )
            )
            back = block(f"if not ({test})") + f"\x02+{shift}\x03" + block("endif")
            self.regions.append(Region(first, last, None, "", back))
            return
        elif line in (statement.start, statement.end):
            start, end = self.source.whole(statement)
        else:
            start, end = self.source.element(line)
        self.regions.append(Region(start, end, condition, block(f"if {test}"), block("endif")))

    def _condition(self, text: str, line: int) -> str:
        return for_jinja(text, self.name, line)

    def _check_nesting(self) -> None:
        self.regions.sort(key=lambda region: (region.start, -region.end))
        open_regions: list[Region] = []
        for region in self.regions:
            while open_regions and open_regions[-1].end < region.start:
                open_regions.pop()
            if open_regions and open_regions[-1].end < region.end:
                raise self._fail(region.start, f"overlaps with line {open_regions[-1].start}")
            open_regions.append(region)

    def _fill_sheet(self) -> None:
        sheet = self.sheet
        sheet.conditions = [()] * (len(self.lines) + 1)
        for region in self.regions:
            if region.condition is not None:
                for line in range(region.start, region.end + 1):
                    sheet.conditions[line] += (region.condition,)
        if self.source is None:
            return
        for statement in self.source.statements:
            if statement.suite:
                sheet.headers.add(statement.end)
            if statement.first_word in CLAUSES:
                sheet.clauses.add(statement.start)
        for string in self.source.strings:
            sheet.in_string.update(range(string.start[0] + 1, string.end[0] + 1))

    def for_jinja(self, placeholders: frozenset[str]) -> str:
        """The template with blocks for its markers and a tag before every line."""
        capitals: dict[int, set[str]] = {}
        before: dict[int, str] = {}
        for region in reversed(self.regions):  # inner regions close first
            before[region.end + 1] = before.get(region.end + 1, "") + region.closing
            for line in range(region.start, region.end + 1) if region.capitals else ():
                capitals.setdefault(line, set()).update(region.capitals)
        for region in self.regions:
            before[region.start] = before.get(region.start, "") + region.opening
        lines = substitute(self.lines, self.source, placeholders, capitals)
        parts: list[str] = []
        for number, text in enumerate(lines, start=1):
            tag = f"{self.name}:{number}"
            own = self.own_lines.get(number)
            parts.append(before.get(number, ""))
            if own is None:
                parts.append(f"\x02@{tag}\x03{text}\n")
            elif own.endswith("\x02<\x03"):
                parts.append(own.replace("@TAG", f"@{tag}"))
                # a newline that Jinja's trim_blocks takes away keeps its line numbers right
                parts.append(block("if true") + block("endif") + "\n")
            else:
                parts.append(own + "\n")
        return "".join(parts) + before.get(len(lines) + 1, "")
