"""What no emitted project may hold: dead, unused or unfinished code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

import black
from pyflakes import checker

# torch calls these, or whoever saves and restores objects as torch does or by a position
_PROTOCOL = {"forward", "state_dict", "load_state_dict", "position_at"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def faults(files: Mapping[str, str]) -> list[str]:
    """Everything that is wrong with the Python files of a project, without what the user wrote."""
    trees = {path: ast.parse(text) for path, text in files.items() if path.endswith(".py")}
    found = []
    for path in ("train.py", "tests/test_train.py"):
        text = files[path]
        if black.format_str(text, mode=black.Mode(line_length=100)) != text:
            found.append(f"{path}: black changes it")
        for number, line in enumerate(text.splitlines(), 1):
            if "#:" in line or "{{" in line or line.rstrip() != line:
                found.append(f"{path}:{number}: left over: {line}")
    for path, tree in trees.items():
        found += [f"{path}: {message}" for message in in_file(path, tree)]
    found += [f"train.py: {message}" for message in unused_fields(trees["train.py"])]
    found += [f"train.py: no heading over: {line}" for line in bare_groups(files["train.py"])]
    return found + list(unused_definitions(trees))


def bare_groups(script: str) -> Iterator[str]:
    """The first lines of the groups of Config's fields, but the first, that no comment names."""
    fields = script.partition("class Config:\n")[2].partition("\n    def ")[0]
    for group in fields.split("\n\n")[2:]:  # behind the docstring and what names the run
        if not group.lstrip().startswith("# "):
            yield group.splitlines()[0].strip()


def in_file(path: str, tree: ast.Module) -> Iterator[str]:
    """What can be told from one file."""
    if path.startswith("runtime/"):  # compared with its own tests' linters
        return
    for message in checker.Checker(tree, filename=path).messages:
        yield f"{message.lineno}: {message.message % message.message_args}"
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and is_constant(node.test):
            yield f"{node.lineno}: a condition that is constant"
        if isinstance(node, ast.BoolOp) and any(is_constant(value) for value in node.values):
            yield f"{node.lineno}: a constant in a condition"
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from in_function(node)
        for body in bodies(node):
            yield from unreachable(body)


def is_constant(test: ast.expr) -> bool:
    """Whether a condition holds no name."""
    return not any(isinstance(node, (ast.Name, ast.Attribute)) for node in ast.walk(test))


def bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The blocks of a statement."""
    for field in ("body", "orelse", "finalbody"):
        body = getattr(node, field, None)
        if isinstance(body, list):
            yield body


def unreachable(body: list[ast.stmt]) -> Iterator[str]:
    """Statements after one that leaves the block, and a pass beside others."""
    for statement, after in zip(body, body[1:], strict=False):
        if isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
            yield f"{after.lineno}: is never reached"
    for statement in body:
        if isinstance(statement, ast.Pass):
            yield f"{statement.lineno}: pass"


def in_function(function: Function) -> Iterator[str]:
    """Parameters, local names and loop variables that nothing reads."""
    read = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    arguments = function.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        if argument.arg not in read | {"self", "_"}:
            yield f"{argument.lineno}: {function.name} does not use {argument.arg}"
    changed_outside = {
        name
        for node in ast.walk(function)
        if isinstance(node, (ast.Global, ast.Nonlocal))
        for name in node.names
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if node.id not in read | changed_outside and node.id != "_":
                yield f"{node.lineno}: {node.id} is never read"
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            if any(isinstance(t, ast.Name) and t.id == node.value.id for t in node.targets):
                yield f"{node.lineno}: {node.value.id} is assigned to itself"


def unused_fields(tree: ast.Module) -> Iterator[str]:
    """The fields of Config that nothing but their own check reads."""
    config = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Config")
    names = [n.target.id for n in config.body if isinstance(n, ast.AnnAssign)]  # type: ignore[union-attr]
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "cfg"
        and isinstance(node.ctx, ast.Load)
    }
    for name in names:
        if name not in read:
            yield f"Config.{name} is never read"
    checked = {
        keyword.arg
        for method in config.body
        if isinstance(method, ast.FunctionDef)
        for node in ast.walk(method)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
    }
    for name in checked - set(names):
        yield f"Config checks {name}, which is no field"


def unused_definitions(trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """Functions, classes, methods and constants that no file of the project names."""
    names: dict[str, int] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
                names[node.id] = names.get(node.id, 0) + 1
            elif isinstance(node, ast.Attribute) and not is_field(node):
                names[node.attr] = names.get(node.attr, 0) + 1
    for path, tree in trees.items():
        for node in tree.body:
            for name in defined(node):
                if not names.get(name) and not is_called_from_outside(path, name):
                    yield f"{path}: nothing uses {name}"
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and not (
                        path == "runtime/log.py"  # the user's steps and hooks call it
                        or names.get(method.name)
                        or method.name.startswith("__")
                        or method.name in _PROTOCOL
                        or is_override(path, node)
                    ):
                        yield f"{path}: nothing uses {node.name}.{method.name}"


def is_field(node: ast.Attribute) -> bool:
    """Whether it is a field of Config, which may have the name of a method."""
    return isinstance(node.value, ast.Name) and node.value.id == "cfg"


def defined(node: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def is_called_from_outside(path: str, name: str) -> bool:
    """Whether pytest calls or reads it."""
    return path.startswith("tests/") and re.match(r"test_|pytestmark", name) is not None


def is_override(path: str, node: ast.ClassDef) -> bool:
    """Whether a class of the tests stands in for the user's."""
    return path.startswith("tests/") and bool(node.bases)
