"""The conditions and loop targets of markers."""

import ast

from lgen.render.errors import RenderError


def for_jinja(text: str, template: str, line: int) -> str:
    """The condition as a Jinja test in which every name must be a bool.

    Raises RenderError for anything but names with `not`, `and`, `or` and brackets.
    """
    try:
        return _test(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError):
        message = f"{template}:{line}: {text!r} is no condition of names, not, and, or"
        raise RenderError(message) from None


def _test(node: ast.expr) -> str:
    if isinstance(node, ast.BoolOp):
        word = " and " if isinstance(node.op, ast.And) else " or "
        return "(" + word.join(map(_test, node.values)) + ")"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return f"(not {_test(node.operand)})"
    name = node
    while isinstance(name, ast.Attribute):
        name = name.value
    if not isinstance(name, ast.Name):
        raise ValueError
    text = ast.unparse(node)
    return f'({text}|flag("{text}"))'


def negated(text: str) -> str:
    """The opposite of a condition, as one would write it."""
    tree = ast.parse(text, mode="eval").body
    if isinstance(tree, ast.UnaryOp):
        return ast.unparse(tree.operand)
    return ast.unparse(ast.UnaryOp(ast.Not(), tree))


def loop_names(text: str, template: str, line: int) -> list[str]:
    """The variables of `NAME, TYPE in fields`."""
    targets, separator, _ = text.partition(" in ")
    names = [target.strip() for target in targets.strip("() ").split(",")]
    if not separator or not all(name.isidentifier() for name in names):
        raise RenderError(f"{template}:{line}: {text!r} is no loop `name in names`")
    return names
