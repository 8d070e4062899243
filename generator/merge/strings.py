"""Finds the lines of code whose indentation is part of a string."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence


def has_long_string(top: ast.AST) -> bool:
    """Whether there is a string of several lines in it, or several strings one below the other."""
    return any(
        isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))
        for node in ast.walk(top)
        if getattr(node, "lineno", 0) < (getattr(node, "end_lineno", 0) or 0)
    )


def in_strings(lines: Sequence[str]) -> frozenset[int]:
    """The lines of a piece that begin within a string."""
    found: set[int] = set()
    starts: list[int] = []
    text = "\n".join(line if number else line.lstrip() for number, line in enumerate(lines))
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = tokenize.tok_name[token.type]
            if kind in ("FSTRING_START", "TSTRING_START"):
                starts.append(token.start[0])
            elif kind in ("FSTRING_END", "TSTRING_END"):
                found.update(range(starts.pop(), token.end[0]))
            elif kind == "STRING":
                found.update(range(token.start[0], token.end[0]))
    except (tokenize.TokenError, IndentationError):  # an `elif` is no statement of its own
        pass
    return frozenset(found)
