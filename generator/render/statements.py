"""The lines of a Python template: which statement, suite, bracket and comment each belongs to."""

import ast
import io
import tokenize
from dataclasses import dataclass, field

from lgen.render.errors import RenderError

CLAUSES = {"elif", "else", "except", "finally"}
SKIPPED = {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
# from 3.12 on an f-string is several tokens; before, it is one
STRING_STARTS = {tokenize.STRING, getattr(tokenize, "FSTRING_START", -1)}
FSTRING_START = getattr(tokenize, "FSTRING_START", -1)
FSTRING_END = getattr(tokenize, "FSTRING_END", -1)
Position = tuple[int, int]  # line from 1, column from 0


@dataclass
class Statement:
    """A logical line: `start` to `end` (numbers of lines), and its suite if it is a header."""

    start: int
    end: int
    column: int
    first_word: str
    suite: tuple[int, int] | None = None
    suite_column: int = 0


@dataclass
class StringSpan:
    """Where a string stands, with its prefix and quotes."""

    start: Position
    end: Position
    prefix: str
    quote: str


@dataclass
class Source:
    """A Python template taken apart; lines and columns as tokenize counts them."""

    lines: list[str]
    statements: list[Statement] = field(default_factory=list)
    comments: dict[int, int] = field(default_factory=dict)  # line -> column
    strings: list[StringSpan] = field(default_factory=list)
    names: list[tuple[Position, str]] = field(default_factory=list)
    depths: list[tuple[int, int, int]] = field(default_factory=list)  # at start, lowest, at end

    def statement_at(self, line: int) -> Statement | None:
        """The statement that has a part on this line."""
        for statement in self.statements:
            if statement.start <= line <= statement.end:
                return statement
        return None

    def has_only_comment(self, line: int) -> bool:
        """Whether this line is a comment on its own."""
        return line in self.comments and not self.lines[line - 1][: self.comments[line]].strip()

    def comments_above(self, line: int, column: int) -> int:
        """The first line of the comments that stand right above, at this column."""
        while (
            line > 1
            and self.comments.get(line - 1) == column
            and self.has_only_comment(line - 1)
            and not self.lines[line - 2].lstrip().startswith("#:")
        ):
            line -= 1
        return line

    def whole(self, statement: Statement) -> tuple[int, int]:
        """The lines of a statement with its decorators, suite and, unless it is itself a clause,
        the clauses that follow it."""
        at = self.statements.index(statement)
        first = at
        while (
            not statement.first_word == "@"
            and first
            and self.statements[first - 1].first_word == "@"
            and self.statements[first - 1].column == statement.column
        ):
            first -= 1
        end = statement.suite[1] if statement.suite else statement.end
        if statement.suite and statement.first_word not in CLAUSES:
            for later in self.statements[at + 1 :]:
                if later.column < statement.column or (
                    later.column == statement.column and later.first_word not in CLAUSES
                ):
                    break
                end = max(end, later.suite[1] if later.suite else later.end)
        start = self.statements[first].start
        return self.comments_above(start, statement.column), end

    def element(self, line: int) -> tuple[int, int]:
        """The lines of the element of a bracket that has a part on this line."""
        start = end = line
        lowest = self.depths[line][1]
        while self.depths[start][0] > lowest:
            start -= 1
        while self.depths[end][2] > lowest:
            end += 1
        text = self.lines[start - 1]
        return self.comments_above(start, len(text) - len(text.lstrip())), end


def read_statements(text: str, name: str) -> Source:
    """The template taken apart; raises RenderError where it is not legal Python."""
    source = Source(text.split("\n"))
    try:
        ast.parse(text)
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (SyntaxError, tokenize.TokenError) as error:
        line = getattr(error, "lineno", None) or 1
        raise RenderError(f"{name}:{line}: the template is no legal Python: {error}") from None
    current: list[tokenize.TokenInfo] = []
    depth = inside_fstring = 0
    levels: dict[int, list[int]] = {}
    for token in tokens:
        levels.setdefault(token.start[0], [depth])
        if token.type == tokenize.COMMENT:
            source.comments[token.start[0]] = token.start[1]
            continue
        _note_string(source, token, inside_fstring)
        inside_fstring += (token.type == FSTRING_START) - (token.type == FSTRING_END)
        if token.type == tokenize.OP and not inside_fstring:
            depth += (token.string in "([{") - (token.string in ")]}")
        for line in range(token.start[0], token.end[0] + 1):
            levels.setdefault(line, []).append(depth)
        if token.type == tokenize.NAME and not inside_fstring:
            source.names.append((token.start, token.string))
        if token.type in SKIPPED:
            continue
        if token.type == tokenize.NEWLINE:
            source.statements.append(_statement(current))
            current = []
        else:
            current.append(token)
    source.depths = [(0, 0, 0)] * (len(source.lines) + 2)
    for line, seen in levels.items():
        if line < len(source.depths):
            source.depths[line] = (seen[0], min(seen), seen[-1])
    _find_suites(source)
    return source


def _note_string(source: Source, token: tokenize.TokenInfo, inside_fstring: int) -> None:
    if token.type in STRING_STARTS and not inside_fstring:
        opening = token.string.lstrip("rRbBuUfF")
        prefix = token.string[: len(token.string) - len(opening)].lower()
        quote = opening[:3] if opening[:3] in ('"""', "'''") else opening[0]
        source.strings.append(StringSpan(token.start, token.end, prefix, quote))
    elif token.type == FSTRING_END and inside_fstring == 1:
        source.strings[-1].end = token.end


def _statement(tokens: list[tokenize.TokenInfo]) -> Statement:
    first, last = tokens[0], tokens[-1]
    statement = Statement(first.start[0], last.end[0], first.start[1], first.string)
    if last.string == ":":
        statement.suite = (last.end[0] + 1, last.end[0])  # its end is found below
    return statement


def _find_suites(source: Source) -> None:
    for at, statement in enumerate(source.statements):
        if statement.suite is None:
            continue
        end = statement.end
        statement.suite_column = source.statements[at + 1].column
        for later in source.statements[at + 1 :]:
            if later.column <= statement.column:
                break
            end = later.end
        # comments and markers after the last statement are the suite's if they stand deeper
        for line in range(end + 1, len(source.lines) + 1):
            if source.has_only_comment(line) and source.comments[line] > statement.column:
                end = line
            elif source.lines[line - 1].strip():
                break
        statement.suite = (statement.suite[0], end)
