"""The parameters of a class's constructor, and whether a spec's args fit them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from lgen.spec.fault import nearest
from lgen.spec.types import fits
from lgen.user_code.classes import Constructor, Parameter
from lgen.user_code.source import Lineage, dotted

_BY_NAME = ", and args are passed by name; take out the / of its __init__"


def constructor(lineage: Lineage) -> Constructor | None:
    """The constructor of a class, None where a base class of a package may bring it."""
    methods = lineage.methods()
    if "__init__" not in methods:
        return _dataclass_constructor(lineage)
    arguments = methods["__init__"][1].args
    positional = [*arguments.posonlyargs, *arguments.args]
    # defaults belong to the last of the positional parameters
    padding: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = list(zip(positional, [*padding, *arguments.defaults], strict=True))[1:]
    by_position = {argument.arg for argument in arguments.posonlyargs}
    parameters = [
        _parameter(a.arg, a.annotation, d, positional_only=a.arg in by_position) for a, d in pairs
    ]
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parameters.append(_parameter(argument.arg, argument.annotation, default, keyword_only=True))
    return Constructor(tuple(parameters), arguments.kwarg is not None)


def _parameter(
    name: str,
    annotation: ast.expr | None,
    default: ast.expr | None,
    *,
    keyword_only: bool = False,
    positional_only: bool = False,
) -> Parameter:
    """A parameter with its annotation and default as text."""
    return Parameter(
        name,
        None if annotation is None else ast.unparse(annotation),
        None if default is None else ast.unparse(default),
        keyword_only,
        positional_only,
    )


def _dataclass_constructor(lineage: Lineage) -> Constructor | None:
    """The fields of a dataclass as parameters; no parameters for a class without __init__."""
    fields: dict[str, Parameter] = {}
    for cls in reversed(lineage.classes):
        decorators = [d.func if isinstance(d, ast.Call) else d for d in cls.node.decorator_list]
        if not any(dotted(d).rpartition(".")[2] == "dataclass" for d in decorators):
            continue
        for item in cls.node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                name = item.target.id
                fields[name] = _parameter(name, item.annotation, item.value)
    if fields:
        return Constructor(tuple(fields.values()), False)
    return None if lineage.package_bases else Constructor((), False)


def argument_faults(
    owner: str, known: Constructor | None, args: Mapping[str, Any]
) -> list[tuple[str | None, str]]:
    """What is wrong with the args that a spec gives: the key (None: one is missing) and why."""
    if known is None:
        return []
    parameters = {p.name: p for p in known.parameters}
    faults: list[tuple[str | None, str]] = []
    for name, value in args.items():
        if name not in parameters:
            if not known.takes_any_keyword:
                allowed = ", ".join(parameters) or "none"
                near = nearest(name, parameters)
                faults.append((name, f"{owner} has no argument {name}{near} (it has: {allowed})"))
            continue
        if parameters[name].positional_only:
            faults.append((name, f"{owner}'s {name} is positional-only{_BY_NAME}"))
        annotation = parameters[name].annotation
        if annotation is not None and fits(annotation, value) is False:
            faults.append((name, f"{owner}'s {name} is {annotation}, and {value!r} is not"))
    for p in known.parameters:
        if p.required and p.name not in args and p.positional_only:
            faults.append((None, f"{owner} needs {p.name}, which is positional-only{_BY_NAME}"))
        elif p.required and p.name not in args:
            faults.append((None, f"{owner} needs the argument {p.name}; give it in args"))
    return faults
