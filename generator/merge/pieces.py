"""Reads Python code as a flat list of pieces: statements, headers, ends of blocks and comments.

Indentation is no part of a piece, and the end of each block is a piece of its own. So a header
that is put around some statements is two pieces more, and the statements stay what they are.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lgen.merge.strings import has_long_string, in_strings

Kind = Literal["statement", "header", "clause", "end", "comment"]
Spans = list[tuple[ast.stmt, ...]]
_COMPOUND = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor),
    *(ast.While, ast.With, ast.AsyncWith, ast.Try),
)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(slots=True, eq=False)
class Piece:
    """A piece; `holder`, `opener` and `end` are places in the list of pieces."""

    kind: Kind
    lines: list[str]  # without the indentation of the piece
    blanks: int = 0  # empty lines above
    nodes: tuple[ast.AST, ...] = ()  # of a clause: what it says after its keyword
    depth: int = 0
    holder: int = -1  # the header or clause whose block this piece is in, -1: the module
    opener: int = -1  # of a header, a clause and an end: the header
    end: int = -1  # of a header and a clause: the end
    in_string: frozenset[int] = frozenset()  # lines that begin within a string
    id: int = -1  # equal for pieces that say the same

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def name(self) -> str | None:
        """The name of the function or class that the piece is the header of."""
        node = self.nodes[0] if self.kind == "header" else None
        return node.name if isinstance(node, DEFINITIONS) else None


def is_import(piece: Piece) -> bool:
    """Whether the piece is an import, and nothing else on the same line."""
    return len(piece.nodes) == 1 and isinstance(piece.nodes[0], IMPORTS)


@dataclass
class Code:
    """A text as pieces."""

    pieces: list[Piece] = field(default_factory=list)
    unit: str = ""  # one step of indentation
    blanks_at_end: int = 0
    newline_at_end: bool = True


def read(text: str) -> Code:
    """The pieces of a text; raises SyntaxError or ValueError where it is no Python code."""
    tree = ast.parse(text)
    lines = text.split("\n")
    reader = _Reader(lines[:-1] if lines[-1] == "" else lines)
    if tree.body:
        reader.block(tree.body, 0, -1)
    reader.comments(0, 0, -1)
    code = reader.code
    if reader.units:
        code.unit = ("\t" if "\n\t" in text else " ") * reader.units.most_common(1)[0][0]
    code.newline_at_end = lines[-1] == "" and text != ""
    code.blanks_at_end = len(reader.lines) - reader.at
    return code


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.code = Code()
        self.at = 0  # the first line that is not read
        self.units: Counter[int] = Counter()  # how far the blocks are indented

    def add(
        self,
        kind: Kind,
        last: int,
        depth: int,
        holder: int,
        nodes: Sequence[ast.AST] = (),
        may_hold_strings: Iterable[ast.AST] = (),
    ) -> Piece:
        """A piece of the lines from here up to `last`; blank lines come first."""
        blanks = 0
        while not self.lines[self.at].strip():
            self.at += 1
            blanks += 1
        lines = self.lines[self.at : last]
        indent = _indent(lines[0])
        in_string = frozenset[int]()
        if len(lines) > 1 and any(map(has_long_string, may_hold_strings)):
            in_string = in_strings(lines)
        kept = [
            line if number in in_string else line[min(indent, _indent(line)) :]
            for number, line in enumerate(lines)
        ]
        piece = Piece(kind, kept, blanks, tuple(nodes), depth, holder, in_string=in_string)
        self.code.pieces.append(piece)
        self.at = last
        return piece

    def comments(self, indent: int, depth: int, holder: int) -> None:
        """The comments from here on that are indented so much at least."""
        at = self.at
        while at < len(self.lines):
            line = self.lines[at]
            at += 1
            if line.strip():
                if line.lstrip()[0] != "#" or _indent(line) < indent:
                    break
                self.add("comment", at, depth, holder)

    def block(self, body: list[ast.stmt], depth: int, holder: int) -> None:
        """The statements of a block and the comments around them."""
        indent = _indent(self.lines[_first(body[0])])
        for statements in _by_lines(body):
            self.comments(0, depth, holder)
            node = statements[0]
            if isinstance(node, _COMPOUND) and self.stands_below(node):
                self.compound(node, depth, holder)
            else:
                last = statements[-1].end_lineno or 0
                self.add("statement", last, depth, holder, statements, statements)
        self.comments(indent, depth, holder)

    def compound(self, node: ast.stmt, depth: int, holder: int) -> None:
        """A statement with blocks: its header, the blocks with their clauses, its end."""
        pieces = self.code.pieces
        place = opener = len(pieces)
        body: list[ast.stmt] = node.body  # type: ignore[attr-defined]
        inside = list(without_body(node))
        clauses = [self.add("header", self.before(body, inside), depth, holder, [node], inside)]
        self.units[_indent(self.lines[_first(body[0])]) - _indent(self.lines[_first(node)])] += 1
        self.block(body, depth + 1, place)
        for inner, parts in _clauses(node, self.lines):
            self.comments(0, depth + 1, place)
            place = len(pieces)
            clauses.append(
                self.add("clause", self.before(inner, parts), depth, holder, parts, parts)
            )
            self.block(inner, depth + 1, place)
        for clause in clauses:
            clause.opener, clause.end = opener, len(pieces)
        pieces.append(Piece("end", [], depth=depth, holder=holder, opener=opener))

    def stands_below(self, node: ast.stmt) -> bool:
        """Whether each block of a statement begins on a line of its own."""
        blocks = [node.body, *(inner for inner, _ in _clauses(node, self.lines))]  # type: ignore[attr-defined]
        return all(_indent(self.lines[b[0].lineno - 1]) == b[0].col_offset for b in blocks)

    def before(self, body: list[ast.stmt], header: Iterable[ast.AST]) -> int:
        """The line after the header of a block: comments above the first statement are its own."""
        line = _first(body[0])
        last = max((end for part in header for end in _ends(part)), default=0)
        while line > last and self.lines[line - 1].lstrip()[:1] in ("", "#"):
            line -= 1
        return line


def _ends(top: ast.AST) -> Iterator[int]:
    """The last lines of a node and of all in it; not every node knows its own."""
    return (getattr(node, "end_lineno", 0) or 0 for node in ast.walk(top))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _first(node: ast.stmt) -> int:
    """The place of a statement's first line, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1


def _by_lines(body: list[ast.stmt]) -> Spans:
    """The statements, those together that share a line."""
    spans: Spans = []
    for node in body:
        if spans and _first(node) < (spans[-1][-1].end_lineno or 0):
            spans[-1] = (*spans[-1], node)
        else:
            spans.append((node,))
    return spans


def without_body(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in the header of a statement."""
    for name, value in ast.iter_fields(node):
        if name not in ("body", "handlers", "orelse", "finalbody"):
            values = value if isinstance(value, list) else [value]
            yield from (v for v in values if isinstance(v, ast.AST))


def _clauses(
    node: ast.stmt, lines: list[str]
) -> Iterator[tuple[list[ast.stmt], Sequence[ast.AST]]]:
    """The blocks behind the first one, each with what its clause says."""
    for handler in getattr(node, "handlers", []):
        yield handler.body, [ast.ExceptHandler(handler.type, handler.name, [])]
    orelse: list[ast.stmt] = getattr(node, "orelse", [])
    while orelse:
        inner = orelse[0]
        line = lines[inner.lineno - 1].lstrip()
        if isinstance(node, ast.If) and isinstance(inner, ast.If) and line.startswith("elif"):
            yield inner.body, [inner.test]
            orelse = inner.orelse
        else:
            yield orelse, []
            break
    if final := getattr(node, "finalbody", []):
        yield final, []
