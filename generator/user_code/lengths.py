"""Which data has no length: a stream, and a loader that reads one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from lgen.spec.fault import Fault
from lgen.user_code.results import Methods, own_nodes, returned
from lgen.user_code.source import ClassNode, Function, Lineage, Project, dotted

# what a loader's annotation says of its length, by saying no more
_ITERABLES = ("Iterable", "Iterator", "Generator")
# where bases come from that bring a class no method of a loader
_OF_TYPES = ("abc", "collections.abc", "typing", "typing_extensions")


def family(project: Project, file: str, name: str) -> list[ClassNode | str]:
    """A class with all its bases: nodes for those in the project, full names for others."""
    found = project.find(file, name)
    if isinstance(found, str):
        return [found]
    if isinstance(found, Fault):
        return []
    lineage = project.lineage(found.file, found.node.name)
    return [*lineage.classes, *lineage.package_bases] if isinstance(lineage, Lineage) else []


def is_stream(classes: Iterable[ClassNode | str]) -> bool:
    """Whether a class with these bases is iterable data."""
    return "IterableDataset" in map(_short, classes)


def loads_stream(
    project: Project, file: str, function: Function, classes: list[str], methods: Methods
) -> bool:
    """Whether a loader that the function makes has no length; `classes` are the loader's."""
    families = [family(project, file, name) for name in classes]
    if any(len(found) == 1 and _short(found[0]) in _ITERABLES for found in families):
        return True
    counted = any(defines(found, "__len__") for found in families)
    if any(_is_own(found) for found in families) and not counted:
        return True
    read = [family(project, file, name) for name in _read(function, methods)]
    return any(is_stream(found) and not defines(found, "__len__") for found in read)


def _read(function: Function, methods: Methods) -> Iterator[str]:
    """The classes of the data that the loaders read, as far as the data class shows them."""
    made = dict(_objects(function))
    for _, method in methods.values():
        made |= {name: cls for name, cls in _objects(method) if name.startswith("self.")}
    for node in returned(function):
        value = node.value
        if isinstance(value, ast.Name):
            value = next((found for name, found in _values(function) if name == value.id), value)
        for loader in value.values if isinstance(value, ast.Dict) else [value]:
            if not isinstance(loader, ast.Call):
                continue
            named = [keyword.value for keyword in loader.keywords if keyword.arg == "dataset"]
            for data in [*loader.args[:1], *named]:
                yield (
                    dotted(data.func) if isinstance(data, ast.Call) else made.get(dotted(data), "")
                )


def _objects(function: Function) -> Iterator[tuple[str, str]]:
    """The names that a function gives to new objects, and their classes."""
    for name, value in _values(function):
        if isinstance(value, ast.Call):
            yield name, dotted(value.func)


def _values(function: Function) -> Iterator[tuple[str, ast.expr | None]]:
    """What a function assigns, by name."""
    for node in own_nodes(function):
        if isinstance(node, ast.Assign):
            yield from ((dotted(target), node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign):
            yield dotted(node.target), node.value


def _short(found: ClassNode | str) -> str:
    return found.rpartition(".")[2] if isinstance(found, str) else ""


def _is_own(found: list[ClassNode | str]) -> bool:
    """Whether a class and all its bases are the project's, but for those that say nothing."""
    bases = [base for base in found if isinstance(base, str)]
    return len(bases) < len(found) and all(_module(base) in _OF_TYPES for base in bases)


def _module(base: str) -> str:
    return base.rpartition(".")[0]


def defines(found: list[ClassNode | str], name: str) -> bool:
    """Whether a class of the project has the method."""
    return any(
        isinstance(item, ast.FunctionDef) and item.name == name
        for base in found
        if not isinstance(base, str)
        for item in base.node.body
    )
