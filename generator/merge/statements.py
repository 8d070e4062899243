"""Merges one statement that both sides changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lgen.merge.brackets import merge_brackets
from lgen.merge.normal import comments, words
from lgen.merge.pieces import Piece


def merge_statement(base: Piece, mine: Piece, new: Piece) -> Piece | None:
    """The statement with the changes of both, None where they are about the same part of it."""
    if imported := _imports(base, mine, new):
        return imported
    if any(piece.in_string for piece in (base, mine, new)):
        return None
    if merged := _code_and_comment(base, mine, new):
        return merged
    text = merge_brackets(base.text, mine.text, new.text, 100 - 4 * new.depth)
    if text is None:
        return None
    try:
        parsed = ast.parse(_whole(base.kind, text)).body
    except SyntaxError:
        return None
    if any(_has_a_key_twice(node) for top in parsed for node in ast.walk(top)):
        return None
    nodes = tuple(parsed) if base.kind == "statement" else new.nodes
    return _like(base, text.split("\n"), new.blanks, nodes)


def _whole(kind: str, text: str) -> str:
    """The text with what it takes to be code: the block of a header, the block above a clause."""
    if kind == "header":
        return f"{text}\n    pass\n"
    if kind == "clause":
        opener = "try" if text.startswith(("except", "finally")) else "if True"
        return f"{opener}:\n    pass\n{text}\n    pass\n"
    return text


def _has_a_key_twice(node: ast.AST) -> bool:
    """Whether one of two entries of a mapping takes the other's place, or an argument is given
    twice."""
    keys: list[object]
    if isinstance(node, ast.Call):
        keys = [keyword.arg for keyword in node.keywords if keyword.arg]
    elif isinstance(node, ast.Dict):
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    else:
        return False
    return len(keys) > len(set(keys))


def _like(base: Piece, lines: list[str], blanks: int, nodes: tuple[ast.AST, ...]) -> Piece:
    return Piece(base.kind, lines, blanks, nodes, base.depth, base.holder, base.opener, base.end)


def _imports(base: Piece, mine: Piece, new: Piece) -> Piece | None:
    """The import of the names that new imports, with those that mine added and without those
    that mine dropped."""
    if any(len(piece.nodes) != 1 for piece in (base, mine, new)):
        return None
    nodes = [piece.nodes[0] for piece in (base, mine, new)]
    before, ours, theirs = (
        [*_names(node)] if isinstance(node, ast.ImportFrom) else [] for node in nodes
    )
    if "*" in before + ours + theirs:
        return None
    if not (before and ours and theirs) or any(comments(p.text) for p in (base, mine, new)):
        return None
    names = [name for name in theirs if name in ours or name not in before]
    names += [name for name in ours if name not in before and name not in theirs]
    if theirs == sorted(theirs, key=_sorting):
        names.sort(key=_sorting)
    if not names:
        return None
    start = new.text.partition(" import ")[0] + " import "
    line = start + ", ".join(names)
    lines = [line] if len(line) <= 100 else [f"{start}(", *(f"    {n}," for n in names), ")"]
    imported = ast.parse("\n".join(lines)).body
    return _like(base, lines, new.blanks, tuple(imported))


def _names(node: ast.ImportFrom) -> Iterator[str]:
    for alias in node.names:
        yield f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _sorting(name: str) -> tuple[bool, bool, str]:
    """Constants, then classes, then the rest, as import sorters do."""
    return not name.isupper(), not name[0].isupper(), name


def _code_and_comment(base: Piece, mine: Piece, new: Piece) -> Piece | None:
    """One side changed the code, the other the comment behind it; how code is laid out is none."""
    parts = [_parts(piece) for piece in (base, mine, new)]
    if None in parts:
        return None
    codes, behind = zip(*(part for part in parts if part), strict=True)
    said = [words(code) for code in codes]
    if said[0] not in said[1:] and said[1] != said[2]:
        return None
    if behind[0] not in behind[1:] and behind[1] != behind[2]:
        return None
    code, changed = (codes[2], new) if said[1] == said[0] else (codes[1], mine)
    comment = behind[2] if behind[1] == behind[0] else behind[1]
    text = f"{code}  {comment}" if comment else code
    return _like(base, text.split("\n"), new.blanks, changed.nodes)


def _parts(piece: Piece) -> tuple[str, str] | None:
    """The code and the comment behind its last line, None where there are other comments."""
    found = comments(piece.text)
    comment = found[0] if found else ""
    if len(found) > 1 or not piece.text.endswith(comment):
        return None
    return piece.text.removesuffix(comment).rstrip(), comment
