"""Says whether a statement may have become another one."""

from __future__ import annotations

import ast
from collections import Counter

from lgen.merge.normal import module
from lgen.merge.pieces import IMPORTS, Piece


def is_jump(piece: Piece) -> bool:
    """Whether a statement says too little to be told from others: break, return None ..."""
    if piece.kind != "statement":
        return False
    node = piece.nodes[0]
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.Break, ast.Continue, ast.Pass))


def is_anew(one: Piece, two: Piece) -> bool:
    """Whether a statement has been written anew: it binds or calls the same, perhaps of another
    name."""
    first, second = one.nodes[0], two.nodes[0]
    if isinstance(first, ast.Assign) and isinstance(second, ast.Assign):
        return ast.dump(first.targets[0]) == ast.dump(second.targets[0])
    if not isinstance(first, ast.Expr) or not isinstance(second, ast.Expr):
        return False
    if not isinstance(first.value, ast.Call) or not isinstance(second.value, ast.Call):
        return False
    ours, theirs = first.value.func, second.value.func
    if isinstance(ours, ast.Attribute) and isinstance(theirs, ast.Attribute):
        same = ours.attr == theirs.attr
        return same and isinstance(ours.value, ast.Name) and isinstance(theirs.value, ast.Name)
    return False


def same_sort(one: Piece, two: Piece) -> bool:
    """Whether two statements are of one sort: they set the same, or call the same."""
    first, second = one.nodes[0], two.nodes[0]
    loops = (ast.For, ast.AsyncFor, ast.While)
    if isinstance(first, loops) and isinstance(second, loops):
        return True
    if type(first) is not type(second):
        return False
    if isinstance(first, IMPORTS) and isinstance(second, IMPORTS):
        return module(first) == module(second)
    if isinstance(first, ast.Assign) and isinstance(second, ast.Assign):
        return _same_target(first, second)
    if isinstance(first, ast.AnnAssign) and isinstance(second, ast.AnnAssign):
        return ast.dump(first.target) == ast.dump(second.target)
    if isinstance(first, ast.Expr) and isinstance(second, ast.Expr):
        one_call, two_call = first.value, second.value
        if isinstance(one_call, ast.Call) and isinstance(two_call, ast.Call):
            return _same_call(one_call.func, two_call.func)
    return True


def is_another(one: Piece, two: Piece) -> bool:
    """Whether a statement that has come in the place of one sets or calls something else."""
    first, second = one.nodes[0], two.nodes[0]
    if isinstance(first, ast.Return) and isinstance(second, ast.Return):
        if isinstance(first.value, ast.Call) and isinstance(second.value, ast.Call):
            return not _same_call(first.value.func, second.value.func)
    if same_sort(one, two) or is_anew(one, two):
        return False
    return not _calls_by_name(first, second) and not _calls_by_name(second, first)


def _calls_by_name(one: ast.AST, two: ast.AST) -> bool:
    """Whether a statement calls what the other one names too, perhaps with an ending: `lock` in
    `from_main(lock)`, and `stop` in `stop_on_any_rank()`."""
    if not isinstance(one, ast.Expr) or not isinstance(one.value, ast.Call):
        return False
    called = one.value.func.id if isinstance(one.value.func, ast.Name) else ""
    names = {node.id for node in ast.walk(two) if isinstance(node, ast.Name)}
    return called != "" and any(f"{name}_".startswith(f"{called}_") for name in names)


def _same_target(one: ast.Assign, two: ast.Assign) -> bool:
    """Whether both set the same, or share some of the names that one call gives values to."""
    first, second = one.targets[0], two.targets[0]
    if isinstance(first, ast.Tuple) and isinstance(second, ast.Tuple):
        if isinstance(one.value, ast.Call) and isinstance(two.value, ast.Call):
            names = [{ast.dump(target) for target in tuple_.elts} for tuple_ in (first, second)]
            return not names[0].isdisjoint(names[1]) and _same_call(one.value.func, two.value.func)
    return ast.dump(first) == ast.dump(second)


def _same_call(one: ast.expr, two: ast.expr) -> bool:
    """Whether it is one function, or one method of things that have to do with one another."""
    if isinstance(one, ast.Attribute) and isinstance(two, ast.Attribute):
        names = [
            {node.id for node in ast.walk(call.value) if isinstance(node, ast.Name)}
            for call in (one, two)
        ]
        return one.attr == two.attr and (names[0] <= names[1] or names[1] <= names[0])
    return ast.dump(one) == ast.dump(two)


def ratio_of(one: tuple[str, ...], two: tuple[str, ...]) -> float:
    """The share of words that two statements have in common."""
    common = sum((Counter(one) & Counter(two)).values())
    return 2 * common / (len(one) + len(two)) if one or two else 0.0
