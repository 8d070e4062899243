"""The user's own optimizer, where the spec names a class of the project."""

from __future__ import annotations

import ast
from pathlib import Path

from lgen.spec.fault import Fault, nearest
from lgen.spec.parts import Optimizer
from lgen.tables.torch_optim import classes
from lgen.user_code.source import Function, Project, dotted, statements


def optimizer_file(root: Path, optimizer: Optimizer | None) -> str | None:
    """The project's file that the class is imported from, None for one of a package."""
    if optimizer is None or not optimizer.module:
        return None
    path = optimizer.module.replace(".", "/")
    top = path.partition("/")[0]
    if not (root / f"{top}.py").is_file() and not (root / top).is_dir():
        return None
    package = f"{path}/__init__.py"
    return package if (root / package).is_file() else f"{path}.py"


def optimizer_faults(root: Path, optimizer: Optimizer | None) -> list[str]:
    """What keeps the script from importing the optimizer, as far as the project's files tell."""
    if optimizer is None or not optimizer.module:
        return []
    name = optimizer.class_name
    file = optimizer_file(root, optimizer)
    if file is None:
        if optimizer.module == "optim" and name in classes("optimizers"):
            return [f"optim is no file of the project; write {name} for torch's"]
        return []
    tree = Project(root).tree(file)
    if isinstance(tree, Fault):
        return [f"{file}: {tree.message}"]
    known = _names(tree)
    if name in known or "*" in known:
        return []
    return [f"{file} has no class {name}{nearest(name, known)}; define it there or import it there"]


def closure_fault(file: str, function: Function) -> Fault | None:
    """What is wrong where configure_optimizers names an optimizer whose step asks for a closure."""
    rows = classes("optimizers")
    for node in ast.walk(function):
        if not isinstance(node, ast.expr):
            continue
        name = dotted(node).rpartition(".")[2]
        if "closure" in rows.get(name, {}):
            text = (
                f"{name} evaluates a batch several times in a step, for which the script needs to "
                f"know of it; write optimizer: {{name: {name}}} in lgen.yaml instead"
            )
            return Fault(file, node.lineno, text)
    return None


def _names(tree: ast.Module) -> list[str]:
    """The names that a file defines or imports at its top; * where it imports all of another."""
    names: list[str] = []
    for item in statements(tree.body):
        if isinstance(item, (ast.ClassDef, ast.FunctionDef)):
            names.append(item.name)
        elif isinstance(item, (ast.Import, ast.ImportFrom)):
            names += [alias.asname or alias.name for alias in item.names]
        elif isinstance(item, ast.Assign):
            names += [target.id for target in item.targets if isinstance(target, ast.Name)]
    return names
