"""Formats emitted code as black does, statement by statement.

Templates are formatted as black has it, so that of an emitted file only few statements are not:
those that are too long, and those of several lines, which may fit on fewer. These are given to
black one by one, and what it makes of each is kept for the next process.
"""

import io
import re
import tokenize
from dataclasses import dataclass
from functools import lru_cache

from lgen.cache import KeptTexts
from lgen.render.format import LINE_LENGTH, format_python

_COMPOUND = {"def", "class", "if", "for", "while", "with", "try", "async", "match"}
_CLAUSES = {
    "elif": "if x:\n    pass\n",
    "else": "if x:\n    pass\n",
    "except": "try:\n    pass\n",
    "finally": "try:\n    pass\n",
}
_SPLITS_A_LINE = re.compile(r",\s*[)\]}]")
_MAY_LOSE_BRACKETS = re.compile(
    r"(?:\b(?:if|elif|while|in|return|assert|del|for|with|yield|await|except|raise)|=) ?\("
)
_known = KeptTexts("formatted", ("black", "lgen.render.format", "lgen.render.pieces"), 3000)
_LAYOUT = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENDMARKER)


@dataclass(frozen=True)
class _Piece:
    """A statement without its body: its lines, counted from 1, and how far it is indented."""

    start: int
    end: int
    indent: int


@lru_cache(maxsize=256)
def format_emitted(text: str) -> str:
    """The text as black writes it, where it comes from templates that are formatted."""
    pieces = _unformatted(text)
    if pieces is None:
        return format_python(text)
    lines = text.split("\n")
    for piece in reversed(pieces):
        statement = "\n".join(line[piece.indent :] for line in lines[piece.start - 1 : piece.end])
        formatted = _formatted(statement, LINE_LENGTH - piece.indent)
        if formatted is None:
            return format_python(text)
        indent = " " * piece.indent
        lines[piece.start - 1 : piece.end] = [indent + line for line in formatted.split("\n")]
    _known.save()
    return "\n".join(lines)


def _unformatted(text: str) -> list[_Piece] | None:
    """The statements that black may write differently; None where it has to see the whole."""
    found: list[_Piece] = []
    lines = text.split("\n")
    tokens: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            verdict = _may_differ(tokens, lines)
            if verdict is None:
                return None
            if verdict:
                first, last = tokens[0], tokens[-1]
                found.append(_Piece(first.start[0], last.end[0], first.start[1]))
            tokens = []
        elif token.type not in _LAYOUT:
            tokens.append(token)
    return found


def _may_differ(tokens: list[tokenize.TokenInfo], lines: list[str]) -> bool | None:
    """Whether black may write a statement differently; None where that cannot be told of it."""
    start, end = tokens[0].start[0], tokens[-1].end[0]
    own = lines[start - 1 : end]
    if len(tokens) == 1 and tokens[0].type == tokenize.STRING:
        # a docstring; black changes its quotes and the space around its lines
        plain = tokens[0].string.startswith('"""') and not any(x != x.rstrip() for x in own)
        return False if plain else None
    several = [token for token in tokens if token.end[0] > token.start[0]]
    if several:
        return None
    if end > start or len(own[0]) > LINE_LENGTH:
        return True
    if _SPLITS_A_LINE.search(own[0]) or _MAY_LOSE_BRACKETS.search(own[0]):
        return True
    return any(t.type == tokenize.STRING and '"' not in t.string[:3] for t in tokens)


def _formatted(statement: str, width: int) -> str | None:
    """A statement that is not indented as black writes it in lines of this width."""
    name = f"{width} {statement}"
    formatted = _known.get(name)
    if formatted is None:
        formatted = _by_black(statement, width)
        if formatted is not None:
            _known.put(name, formatted)
    return formatted


def _by_black(statement: str, width: int) -> str | None:
    """`_formatted` by black itself; None where it cannot be taken out of what it made."""
    word = re.split(r"\W", statement, maxsplit=1)[0]
    before = after = ""
    if statement.startswith("@"):
        after = "\ndef f():\n    pass"
    elif word in _CLAUSES:
        before, after = _CLAUSES[word], "\n    pass"
    elif word in _COMPOUND:
        after = "\n    pass"
    made = format_python(f"{before}{statement}{after}\n", width).rstrip("\n")
    if not made.startswith(before) or not made.endswith(after):
        return None
    return made[len(before) : len(made) - len(after)]
