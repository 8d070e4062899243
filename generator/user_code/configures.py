"""What configure_optimizers of the user's module returns."""

from __future__ import annotations

import ast
from typing import Literal

from lgen.spec.fault import Fault
from lgen.user_code.hooks import SEVERAL
from lgen.user_code.optimizer import closure_fault
from lgen.user_code.results import Methods, own_nodes, returned
from lgen.user_code.source import Function, dotted
from lgen.user_code.steps import shape_fault

_CONFIGURE = "annotate it `-> Optimizer` or `-> tuple[Optimizer, LRScheduler]`"


def read_configures(
    methods: Methods,
) -> Literal["optimizer", "optimizer and scheduler"] | Fault | None:
    """What configure_optimizers returns by its annotation."""
    if "configure_optimizers" not in methods:
        return None
    file, function = methods["configure_optimizers"]
    if wrong := shape_fault("configure_optimizers", file, function):
        return wrong
    signature = function.args
    if len(signature.posonlyargs) + len(signature.args) > 1 or signature.kwonlyargs:
        return Fault(file, function.lineno, "configure_optimizers takes no argument but self")
    if wanting := closure_fault(file, function):
        return wanting
    if at := _several(function):
        text = f"configure_optimizers returns several optimizers, and train.py takes one; {SEVERAL}"
        return Fault(file, at, text)
    returns = function.returns
    if isinstance(returns, ast.Constant) and isinstance(returns.value, str):
        try:
            returns = ast.parse(returns.value, mode="eval").body
        except SyntaxError:
            returns = None
    if returns is None:
        return Fault(file, function.lineno, f"what configure_optimizers returns: {_CONFIGURE}")
    if isinstance(returns, ast.Subscript) and dotted(returns.value) in ("tuple", "Tuple"):
        items = returns.slice.elts if isinstance(returns.slice, ast.Tuple) else [returns.slice]
        names = [dotted(item).rpartition(".")[2] for item in items]
        if "ReduceLROnPlateau" in names:
            text = "return the optimizer alone, and write scheduler: {name: ReduceLROnPlateau}"
            return Fault(file, function.lineno, text)
        if len(names) == 2 and _optimizer_name(names[0]) and _scheduler_name(names[1]):
            return _returns_otherwise(file, function, 2) or "optimizer and scheduler"
    elif _optimizer_name(dotted(returns).rpartition(".")[2]):
        return _returns_otherwise(file, function, 1) or "optimizer"
    text = (
        f"configure_optimizers: {_CONFIGURE}; interval and monitor belong to scheduler: of the spec"
    )
    return Fault(file, function.lineno, text)


def _several(function: Function) -> int | None:
    """The line that returns more than one optimizer, None where there is none that surely does."""
    made = {
        dotted(target): dotted(node.value.func)
        for node in own_nodes(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
    }
    for node in returned(function):
        given = [node.value]
        while len(given) == 1 and isinstance(given[0], (ast.List, ast.Tuple)):
            given = list(given[0].elts)
        first = given[0] if given else None
        # [one, other], [schedule]
        if isinstance(first, (ast.List, ast.Tuple)) and len(first.elts) > 1:
            return node.lineno
        names = [
            dotted(item.func) if isinstance(item, ast.Call) else made.get(dotted(item), "")
            for item in given
            if isinstance(item, ast.expr)
        ]
        if sum(_optimizer_name(name.rpartition(".")[2]) for name in names) > 1:
            return node.lineno
        if len(given) > 1 and all(isinstance(item, ast.Dict) for item in given):
            return node.lineno
    return None


def _returns_otherwise(file: str, function: Function, number: int) -> Fault | None:
    """What configure_optimizers plainly returns against its annotation of one thing or two."""
    lists = (ast.List, ast.Tuple, ast.Dict)
    wanted = "return the optimizer" + (" and the scheduler" if number == 2 else "")
    for node in returned(function):
        value, found = node.value, ""
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            found = "nothing"
        elif number == 1 and isinstance(value, lists):
            found = f"a {type(value).__name__.lower()}"
        elif isinstance(value, (ast.List, ast.Tuple)) and len(value.elts) != number:
            found = f"{len(value.elts)} values"
        elif isinstance(value, ast.Dict):
            found = "a dict"
        elif isinstance(value, (ast.List, ast.Tuple)):
            found = "lists" if any(isinstance(item, lists) for item in value.elts) else ""
        if found:
            said = ast.unparse(function.returns) if function.returns is not None else ""
            text = f"configure_optimizers is annotated `-> {said}` and returns {found}; {wanted}"
            return Fault(file, node.lineno, text)
    return None


def _optimizer_name(name: str) -> bool:
    """Whether an annotation names an optimizer."""
    from lgen.tables.torch_optim import classes

    return name == "Optimizer" or name in classes("optimizers")


def _scheduler_name(name: str) -> bool:
    """Whether an annotation names a scheduler."""
    from lgen.tables.torch_optim import classes

    return name == "LRScheduler" or name in classes("schedulers")
