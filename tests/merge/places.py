"""The statements of a rendered file by the template's statement that they come from."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache

from lgen.render import Rendered

Key = Hashable


@dataclass(eq=False)
class Place:
    """A statement; lines are counted from 0, `last` is the one behind it."""

    key: Key
    node: ast.stmt
    first: int
    last: int
    parent: Place | None
    siblings: list[Place] = field(default_factory=list)  # of its block, itself included
    scope: str = ""
    line: int = 0  # of the template

    @property
    def indent(self) -> str:
        return " " * self.node.col_offset

    @property
    def depth(self) -> int:
        return self.parent.depth + 1 if self.parent else 0

    @property
    def at(self) -> int:
        return self.siblings.index(self)

    @property
    def is_simple(self) -> bool:
        return not hasattr(self.node, "body")


class File:
    """A text with its statements."""

    def __init__(self, text: str, origins: list[tuple[Hashable, ...]]) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.origins = origins
        self.places: list[Place] = []
        self.seen: Counter[Key] = Counter()
        self._block(ast.parse(text).body, None, "")
        self.by_key = {place.key: place for place in self.places}

    def _block(self, body: list[ast.stmt], parent: Place | None, scope: str) -> None:
        siblings: list[Place] = []
        for node in body:
            decorators: list[ast.expr] = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
            key = self._key(node, scope)
            place = Place(key, node, first, node.end_lineno or 0, parent, siblings, scope)
            place.line = getattr((*self.origins[node.lineno - 1], None)[0], "line", 0)
            siblings.append(place)
            self.places.append(place)
            inner = scope
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                inner = f"{scope}.{node.name}"
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                    self._block(block, place, inner)

    def _key(self, node: ast.stmt, scope: str) -> Key:
        origin = self.origins[node.lineno - 1][:1]
        where = [(o.template, o.line) if hasattr(o, "template") else o for o in origin]
        what = ""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            what = node.name
        if isinstance(node, ast.AnnAssign):
            what = ast.unparse(node.target)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args:
            what = ast.unparse(node.value.args[-1]) if "register" in ast.unparse(node) else ""
        key = (scope, *where, type(node).__name__, what)
        self.seen[key] += 1
        return (*key, self.seen[key])


@lru_cache(maxsize=64)
def _rendered(text: str, origins: tuple[tuple[Hashable, ...], ...]) -> File:
    return File(text, list(origins))


def file_of(rendered: Rendered) -> File:
    """The statements of a rendered file."""
    return _rendered(rendered.text, tuple(rendered.origins))


def plain_file(text: str) -> File:
    """The statements of a file that is the same in every project: each is its own origin."""
    return File(text, [(number,) for number in range(text.count("\n") + 1)])
