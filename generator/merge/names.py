"""Says which names a piece binds and reads, and in which function or class."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from lgen.merge.pieces import DEFINITIONS, IMPORTS, Piece, without_body

Scoped = tuple[str, str]  # a function or class of the module ("" for none), and a name in it


@dataclass(frozen=True)
class Names:
    """The names of one piece; in the header of a function are names of two scopes."""

    bound: dict[str, str] = field(default_factory=dict)  # with what it is bound to, if imported
    read: frozenset[str] = frozenset()
    attributes: frozenset[tuple[str, str]] = frozenset()  # the names of object and attribute
    called: frozenset[str] = frozenset()
    parameters: tuple[str, ...] = ()


@lru_cache(maxsize=8192)
def names_of(piece: Piece) -> Names:
    """The names that a piece binds around it, and those that it reads."""
    bound: dict[str, str] = {}
    read: set[str] = set()
    attributes: set[tuple[str, str]] = set()
    called: set[str] = set()
    parameters: tuple[str, ...] = ()
    for top in piece.nodes:
        parts = [*without_body(top)] if piece.kind == "header" else [top]
        if isinstance(top, DEFINITIONS) and piece.kind == "header":
            bound[top.name] = ""
            arguments = [p for p in parts if isinstance(p, ast.arguments)]
            parameters = tuple(a.arg for part in arguments for a in _parameters(part))
        if isinstance(top, ast.ExceptHandler) and top.name:
            bound[top.name] = ""
        for node in (inner for part in parts for inner in _walk(part)):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    read.add(node.id)
                else:
                    bound.setdefault(node.id, "")
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                attributes.add((node.value.id, node.attr))
            elif isinstance(node, IMPORTS):
                bound.update(_imported(node))
            elif isinstance(node, DEFINITIONS):
                bound[node.name] = ""
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called.add(node.func.id)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                read.add(node.target.id)
    return Names(bound, frozenset(read), frozenset(attributes), frozenset(called), parameters)


def scopes_of(pieces: Sequence[Piece], *, nested: bool = False) -> list[str]:
    """For each piece the function or class of the module that it is in, "" for none.

    The header of such a function or class stands in the module. With `nested` the scope is the
    path to the innermost one, such as `main.save`.
    """
    scopes: list[str] = []
    inner: list[str] = []
    for piece in pieces:
        scopes.append(inner[piece.holder] if piece.holder >= 0 else "")
        if piece.name and (nested or piece.holder < 0):
            inner.append(inside(scopes[-1], piece.name))
        else:
            inner.append(scopes[-1])
    return scopes


def inside(scope: str, name: str) -> str:
    """The scope of a function or class in a scope."""
    return f"{scope}.{name}" if scope else name


def bindings(pieces: Sequence[Piece]) -> set[Scoped]:
    """All names that the pieces bind, each with the path of its scope."""
    scopes = scopes_of(pieces, nested=True)
    found: set[Scoped] = set()
    for piece, scope in zip(pieces, scopes, strict=True):
        said = names_of(piece)
        found |= {(scope, name) for name in said.bound}
        found |= {(inside(scope, piece.name or ""), name) for name in said.parameters}
    return found


def _walk(top: ast.AST) -> Iterator[ast.AST]:
    """The node and all in it, but for what only a comprehension or a lambda binds."""
    yield top
    for child in ast.iter_child_nodes(top):
        if isinstance(child, ast.comprehension):
            yield from (n for n in _walk(child) if not _is_target(n))
        else:
            yield from _walk(child)


def _is_target(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (a for a in (arguments.vararg, arguments.kwarg) if a)


def _imported(node: ast.AST) -> dict[str, str]:
    """By the name that an import binds, what it is."""
    assert isinstance(node, IMPORTS)
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else "import"
            for alias in node.names
        }
    around = f"{'.' * node.level}{node.module or ''}"
    return {alias.asname or alias.name: f"{around}:{alias.name}" for alias in node.names}
