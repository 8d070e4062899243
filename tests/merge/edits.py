"""What users do to a file, at a statement; the same edit can be made in another render."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeGuard

from tests.merge.places import File, Key, Place

Lines = tuple[int, int, list[str]]  # the lines from one up to the other are now these


@dataclass(frozen=True)
class Edit:
    """One edit; `number` makes what it writes its own."""

    kind: str
    key: Key
    number: int
    length: int = 1  # statements that are wrapped

    @property
    def is_insert(self) -> bool:
        return self.kind in ("before", "after", "function before", "function after")


def made(edit: Edit, file: File, place: Place) -> Lines | None:
    """The edit at this statement, None where it cannot be made."""
    lines = file.lines[place.first : place.last]
    new = f"{place.indent}edited({edit.number})"
    if edit.kind == "before":
        return place.first, place.first, [new]
    if edit.kind == "after":
        return place.last, place.last, [new]
    if edit.kind.startswith("function"):
        # no line of its body is like another's
        text = [f"def added_{edit.number}():", f"    return edited({edit.number})"]
        text = [place.indent + line for line in text]
        return (
            (place.last,) * 2 + (["", "", *text],)
            if edit.kind.endswith("after")
            else (
                *(place.first, place.first),
                [*text, "", ""],
            )
        )
    if edit.kind == "comment":
        return place.first, place.first, [f"{place.indent}# edited {edit.number}"]
    if edit.kind == "trailing comment":
        if "#" in "".join(lines) or not place.is_simple:
            return None
        return place.first, place.last, [*lines[:-1], f"{lines[-1]}  # edited {edit.number}"]
    if edit.kind == "delete":
        if not place.is_simple or len(place.siblings) == 1 or place.node.col_offset == 0:
            return None
        return place.first, place.last, []
    if edit.kind == "wrap":
        run = place.siblings[place.at : place.at + edit.length]
        if len(run) < edit.length or any(isinstance(p.node, ast.FunctionDef) for p in run):
            return None
        text = [f"    {line}" if line else "" for line in file.lines[place.first : run[-1].last]]
        return place.first, run[-1].last, [f"{place.indent}with edited({edit.number}):", *text]
    assert edit.kind == "change"
    return _changed(edit, place, lines)


def _changed(edit: Edit, place: Place, lines: list[str]) -> Lines | None:
    """Another argument, another value or another condition."""
    text = "\n".join(lines)
    node = place.node
    if isinstance(node, (ast.Expr, ast.Assign)) and isinstance(node.value, ast.Call):
        match = re.search(r"\)(\s*#.*)?$", text)
        if not match:
            return None
        if any(isinstance(argument, ast.GeneratorExp) for argument in node.value.args):
            return None  # it would need brackets of its own
        inside = text[: match.start()].rstrip()
        comma = "" if inside.endswith((",", "(")) else ","
        changed = f"{inside}{comma} edited={edit.number}){match.group(1) or ''}"
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and len(lines) == 1:
        changed = re.sub(r" (\+|\||)= ", rf" \1= {edit.number} or ", text, count=1)
    elif isinstance(node, (ast.If, ast.While)) and lines[0].rstrip().endswith(":"):
        if not re.match(r"\s*(if|while) ", lines[0]):
            return None
        changed = re.sub(r"(if|while) (.*):$", rf"\1 (\2) or edited({edit.number}):", lines[0])
        changed = "\n".join([changed, *lines[1:]])
    else:
        return None
    if changed == text or "#" in changed.rpartition("edited=")[0].rpartition("\n")[2]:
        return None
    return place.first, place.last, changed.split("\n")


def _names(node: ast.AST, name: str) -> TypeGuard[ast.Name | ast.arg]:
    """Whether it is this variable or parameter."""
    if isinstance(node, ast.Name):
        return node.id == name
    return isinstance(node, ast.arg) and node.arg == name


def renamed(text: str, function: str, old: str, new: str) -> str:
    """The text with a variable of a top-level function renamed."""
    lines = text.split("\n")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            names = [n for n in ast.walk(node) if _names(n, old)]
            for name in sorted(names, key=lambda n: (n.lineno, n.col_offset), reverse=True):
                line = lines[name.lineno - 1]
                end = name.col_offset + len(old)
                if line[name.col_offset : end] != old:  # in an f-string
                    return text
                lines[name.lineno - 1] = line[: name.col_offset] + new + line[end:]
    return "\n".join(lines)


def variables(text: str, function: str) -> list[str]:
    """The names that a top-level function gives values to."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            quoted = {
                name.id
                for inner in ast.walk(node)
                if isinstance(inner, ast.JoinedStr)
                for name in ast.walk(inner)
                if isinstance(name, ast.Name)
            }
            stored = (
                n.id
                for n in ast.walk(node)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
            return sorted(set(stored) - quoted)
    return []


def apply(text: str, changes: list[Lines]) -> str:
    """The text with all these changes, which do not overlap."""
    lines = text.split("\n")
    for first, last, new in sorted(changes, key=lambda c: c[:2], reverse=True):
        lines[first:last] = new
    return "\n".join(lines)


def changed_file(file: File, edits: list[Edit], changes: list[Lines]) -> File:
    """The file with these edits, in which each statement keeps its origin."""
    origins = list(file.origins)
    pairs = zip(edits, changes, strict=True)
    for edit, (first, last, new) in sorted(pairs, key=lambda pair: pair[1][:2], reverse=True):
        kept = origins[first:last]
        added: list[tuple[Hashable, ...]] = [("new", edit.number)] * len(new)
        if edit.kind == "wrap":
            added = [added[0], *kept]
        elif kept and new:
            added = [*kept, *kept[-1:] * len(new)][: len(new)]
        origins[first:last] = added
    return File(apply(file.text, changes), origins)


KINDS = ["before", "after", "delete", "change", "comment", "trailing comment", "wrap"]


def draw_edit(draw: random.Random, file: File, number: int, one_line: bool = False) -> Edit:
    """An edit that can be made somewhere in the file."""
    while True:
        kind = draw.choice(KINDS[:6] if one_line else [*KINDS, "function before", "function after"])
        place = draw.choice(file.places)
        if isinstance(place.node, (ast.Import, ast.ImportFrom)) and kind in ("change", "wrap"):
            continue
        if _is_docstring(place):
            continue
        if kind.startswith("function") and not isinstance(
            place.node, (ast.FunctionDef, ast.ClassDef)
        ):
            continue
        if place.parent is not None and kind.startswith("function") and place.node.col_offset:
            continue
        if kind == "wrap" and isinstance(
            place.node, (ast.FunctionDef, ast.ClassDef, ast.AnnAssign)
        ):
            continue
        line = file.lines[place.first].lstrip()
        if line.startswith("elif"):
            continue
        if kind == "after" and isinstance(place.node, (ast.Return, ast.Break)):
            continue
        edit = Edit(kind, place.key, number, draw.choice([1, 1, 2]))
        if made(edit, file, place) is not None and not (kind == "change" and _gives_nothing(place)):
            return edit


def _gives_nothing(place: Place) -> bool:
    """Whether the statement calls something without an argument."""
    node = place.node
    called = isinstance(node, (ast.Expr, ast.Assign)) and isinstance(node.value, ast.Call)
    return called and ast.unparse(node)[-2:] == "()"


def _is_docstring(place: Place) -> bool:
    node = place.node
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
