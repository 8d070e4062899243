"""Says which pieces are the same: how a statement is laid out does not count, its comments do."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from collections.abc import Hashable, Sequence
from functools import lru_cache

from lgen.merge.pieces import Piece

_BLOCKS = ("body", "handlers", "orelse", "finalbody")


def number(*texts: Sequence[Piece]) -> None:
    """Give the pieces of all texts their `id`."""
    ids: dict[Hashable, int] = {}
    known: dict[Hashable, Hashable] = {}
    for pieces in texts:
        for piece in pieces:
            if piece.kind == "end":  # headers come first
                key: Hashable = ("end", pieces[piece.opener].id)
            else:
                written = (piece.kind, piece.text)
                if written not in known:
                    known[written] = meaning(piece)
                key = known[written]
            piece.id = ids.setdefault(key, len(ids))


def meaning(piece: Piece) -> Hashable:
    """What a piece says, in a form that is the same however it is laid out."""
    text = piece.text
    if piece.kind in ("comment", "end"):
        return (piece.kind, text)
    said: list[Hashable] = [piece.kind, *comments(text)]
    if piece.kind == "clause":
        said.append(text.split(None, 1)[0].rstrip(":"))
    for node in piece.nodes:
        whole = piece.kind == "statement" or isinstance(node, ast.expr)
        said.append(_statement(node) if whole else _header(node))
    return tuple(said)


def _header(node: ast.AST) -> Hashable:
    fields = ((name, value) for name, value in ast.iter_fields(node) if name not in _BLOCKS)
    return (type(node).__name__, *(_dump(value) for _, value in fields))


def _statement(node: ast.AST) -> Hashable:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        if isinstance(node.value.value, str):
            return ("text", inspect.cleandoc(node.value.value).rstrip())
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return (module(node), frozenset((alias.name, alias.asname) for alias in node.names))
    return ast.dump(node)


def module(node: ast.Import | ast.ImportFrom) -> Hashable:
    """What an import is told by: the module that names come from, or the modules."""
    if isinstance(node, ast.ImportFrom):
        return (node.level, node.module)
    return tuple((alias.name, alias.asname) for alias in node.names)


def _dump(value: object) -> str:
    if isinstance(value, ast.AST):
        return ast.dump(value)
    if isinstance(value, list):
        return ",".join(map(_dump, value))
    return repr(value)


@lru_cache(maxsize=4096)
def comments(text: str) -> tuple[str, ...]:
    """The comments within the lines of a piece."""
    if "#" not in text:
        return ()
    if "\n" not in text and '"' not in text and "'" not in text:
        return (text[text.index("#") :].rstrip(),)
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
            if token.type == tokenize.COMMENT:
                found.append(token.string.rstrip())
    except (tokenize.TokenError, IndentationError):
        return (text,)
    return tuple(found)


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The tokens of a piece, without its layout and its comments."""
    skipped = (
        *(tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
        *(tokenize.COMMENT, tokenize.ENDMARKER),
    )
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
            if token.type not in skipped:
                found.append(token.string)
    except (tokenize.TokenError, IndentationError):
        return tuple(text.split())
    return tuple(found)
