"""What a method returns, by its annotation or by return statements that are plain."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lgen.user_code.source import Function, dotted

Kind = Literal["loss", "dict", "none", "unknown"]
_DICTS = ("dict", "Dict", "Mapping", "MutableMapping")
# methods of a tensor that give a tensor of one value
_REDUCTIONS = ("mean", "sum", "min", "max", "norm")
Methods = Mapping[str, tuple[str, Function]]


@dataclass(frozen=True)
class Result:
    """The kind of a result, and the keys of a dict where all of them are known."""

    kind: Kind
    keys: tuple[str, ...] | None = None


UNKNOWN = Result("unknown")


def own_nodes(function: ast.AST) -> list[ast.AST]:
    """The nodes of a function without those of functions and classes inside it."""
    nodes: list[ast.AST] = []
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        nodes.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(node))
    return nodes


def returned(function: Function) -> list[ast.Return]:
    """The return statements of a function itself, in the order of their lines."""
    found = [node for node in own_nodes(function) if isinstance(node, ast.Return)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def by_annotation(annotation: ast.expr) -> Result:
    """The result that an annotation says."""
    if isinstance(annotation, ast.Constant):
        if annotation.value is None:
            return Result("none")
        if isinstance(annotation.value, str):
            try:
                return by_annotation(ast.parse(annotation.value, mode="eval").body)
            except SyntaxError:
                return UNKNOWN
    inner = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = dotted(inner).rpartition(".")[2]
    if name == "Tensor":
        return Result("loss")
    return Result("dict") if name in _DICTS else UNKNOWN


def result(function: Function, methods: Methods, losses: frozenset[str]) -> Result:
    """What a method returns; `losses` are the attributes of self that hold a loss function.

    The annotation decides the kind. The keys come from return statements that are dict literals.
    """
    said = by_annotation(function.returns) if function.returns is not None else None
    if said is not None and said.kind != "dict":
        return said
    found = _Reader(methods, losses).function(function, 0)
    if said is None:
        return found
    return found if found.kind == "dict" else said


@dataclass(frozen=True)
class _Reader:
    """Follows return values through a class's own methods."""

    methods: Methods
    losses: frozenset[str]

    def function(self, function: Function, depth: int) -> Result:
        """The result that all return statements of a function agree on."""
        values = [node.value for node in returned(function)]
        if all(v is None or (isinstance(v, ast.Constant) and v.value is None) for v in values):
            return Result("none")
        results = [UNKNOWN if v is None else self.value(v, function, depth) for v in values]
        kinds = {r.kind for r in results}
        if len(kinds) > 1:
            return UNKNOWN
        keys = {frozenset(r.keys) if r.keys is not None else None for r in results}
        return results[0] if len(keys) == 1 else Result(results[0].kind)

    def value(self, value: ast.expr, function: Function, depth: int) -> Result:
        """The result that an expression gives, where it is plain."""
        if depth > 8:
            return UNKNOWN
        if isinstance(value, ast.Dict):
            return Result("dict", _constant_keys(value))
        if isinstance(value, ast.Name):
            return self._name(value.id, function, depth + 1)
        if isinstance(value, ast.UnaryOp):
            return self.value(value.operand, function, depth + 1)
        if isinstance(value, ast.BinOp):
            sides = (self.value(side, function, depth + 1) for side in (value.left, value.right))
            return Result("loss") if any(side.kind == "loss" for side in sides) else UNKNOWN
        return self._call(value, function, depth) if isinstance(value, ast.Call) else UNKNOWN

    def _name(self, name: str, function: Function, depth: int) -> Result:
        """The result of a variable that is assigned whole, and everywhere the same kind."""
        results: list[Result] = []
        changed = False
        for node in own_nodes(function):
            if isinstance(node, ast.AnnAssign) and dotted(node.target) == name:
                results.append(by_annotation(node.annotation))
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if dotted(target) == name:
                        results.append(self.value(node.value, function, depth))
                    elif isinstance(target, ast.Subscript) and dotted(target.value) == name:
                        changed = True
                    elif isinstance(target, (ast.Tuple, ast.List)) and any(
                        dotted(item) == name for item in target.elts
                    ):
                        results.append(UNKNOWN)
            elif isinstance(node, ast.Attribute) and dotted(node.value) == name:
                changed = changed or node.attr in ("update", "pop", "setdefault")
            elif isinstance(node, ast.Delete):
                changed = True
        if not results or len({r.kind for r in results}) > 1:
            return UNKNOWN
        same = len(results) == 1 and not changed
        return results[0] if same else Result(results[0].kind)

    def _call(self, call: ast.Call, function: Function, depth: int) -> Result:
        """The result of a call: of torch's functions, a loss module, a method of the class."""
        name = dotted(call.func)
        head, _, last = name.rpartition(".")
        if name == "dict" and not call.args:
            names = [keyword.arg for keyword in call.keywords]
            known = tuple(n for n in names if n is not None)
            return Result("dict", known if len(known) == len(names) else None)
        if head in ("F", "functional", "nn.functional", "torch.nn.functional"):
            return Result("loss")
        if isinstance(call.func, ast.Attribute) and call.func.attr in _REDUCTIONS:
            return Result("loss")
        if head == "self" and last in self.losses:
            return Result("loss")
        if head == "self" and last in self.methods:
            inner = self.methods[last][1]
            if inner.returns is not None:
                said = by_annotation(inner.returns)
                if said.kind != "dict":
                    return said
                found = self.function(inner, depth + 1)
                return found if found.kind == "dict" else said
            return self.function(inner, depth + 1)
        return UNKNOWN


def _constant_keys(node: ast.Dict) -> tuple[str, ...] | None:
    """The keys of a dict literal, None where one is not a constant text."""
    keys = [k.value if isinstance(k, ast.Constant) else None for k in node.keys]
    texts = tuple(k for k in keys if isinstance(k, str))
    return tuple(dict.fromkeys(texts)) if len(texts) == len(keys) else None
