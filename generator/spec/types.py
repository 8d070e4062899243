"""Types as text, such as `tuple[float, float] | None`: do plain values fit, and as JSON Schema."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

_SCALARS: dict[str, tuple[Callable[[Any], bool], dict[str, Any]]] = {
    "int": (lambda v: isinstance(v, int) and not isinstance(v, bool), {"type": "integer"}),
    "float": (
        lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
        {"type": "number"},
    ),
    "bool": (lambda v: isinstance(v, bool), {"type": "boolean"}),
    "str": (lambda v: isinstance(v, str), {"type": "string"}),
    "None": (lambda v: v is None, {"type": "null"}),
}
_LISTS = ("list", "List", "Sequence", "Iterable")


def fits(text: str, value: Any) -> bool | None:
    """Whether a plain value of a spec fits the type; None where the type is not a plain one."""
    try:
        return _fits(ast.parse(text, mode="eval").body, value)
    except SyntaxError:
        return None


def _fits(node: ast.expr, value: Any) -> bool | None:
    """`fits` for a parsed type."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return fits(node.value, value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _any([_fits(node.left, value), _fits(node.right, value)])
    name, items = _subscript(node)
    if name in _SCALARS:
        return _SCALARS[name][0](value)
    if name == "Optional":
        return _any([value is None, *(_fits(item, value) for item in items)])
    if name == "Union":
        return _any([_fits(item, value) for item in items])
    if name == "Literal":
        return any(_literal(item) == value for item in items)
    if name in _LISTS:
        return isinstance(value, list) and _every([(item, v) for item in items for v in value])
    if name in ("tuple", "Tuple"):
        return _fits_tuple(items, value)
    if name in ("dict", "Dict", "Mapping"):
        return isinstance(value, dict) and None
    return None


def _fits_tuple(items: list[ast.expr], value: Any) -> bool | None:
    """Whether a list of the spec fits the item types of a tuple."""
    if not isinstance(value, list):
        return False
    if not items:
        return True
    last = items[-1]
    if isinstance(last, ast.Constant) and last.value is Ellipsis:
        return _every([(items[0], v) for v in value])
    return len(value) == len(items) and _every(list(zip(items, value, strict=True)))


def _any(results: list[bool | None]) -> bool | None:
    """True if one is, else None if one is not known, else False."""
    return True if True in results else (None if None in results else False)


def _every(pairs: list[tuple[ast.expr, Any]]) -> bool | None:
    """False if one does not fit, else None if one is not known, else True."""
    results = [_fits(item, value) for item, value in pairs]
    return False if False in results else (None if None in results else True)


def _subscript(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """The last name of a type and what stands in its brackets."""
    if isinstance(node, ast.Subscript):
        inner = node.slice
        items = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
        return _subscript(node.value)[0], items
    if isinstance(node, ast.Attribute):
        return node.attr, []
    if isinstance(node, ast.Constant) and node.value is None:
        return "None", []
    return (node.id if isinstance(node, ast.Name) else ""), []


def _literal(node: ast.expr) -> Any:
    """The value of one item of Literal[...]."""
    return ast.literal_eval(node)


def schema(text: str) -> dict[str, Any]:
    """The JSON Schema of a plain type; an empty one where the type is not a plain one."""
    return _schema(ast.parse(text, mode="eval").body)


def _schema(node: ast.expr) -> dict[str, Any]:
    """`schema` for a parsed type."""
    if isinstance(node, ast.BinOp):
        return {"anyOf": [_schema(node.left), _schema(node.right)]}
    name, items = _subscript(node)
    if name in _SCALARS:
        return dict(_SCALARS[name][1])
    if name == "Literal":
        return {"enum": [_literal(item) for item in items]}
    if name in _LISTS:
        return {"type": "array", "items": _schema(items[0])}
    if name == "tuple":
        return {
            "type": "array",
            "prefixItems": [_schema(item) for item in items],
            "minItems": len(items),
            "maxItems": len(items),
        }
    return {}
