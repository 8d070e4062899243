"""Which data has no length: a stream, and a loader that reads one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from lgen.spec.fault import Fault
from lgen.user_code.results import own_nodes, returned
from lgen.user_code.source import ClassNode, Function, Lineage, Project, dotted

# what a loader's annotation says of its length, by saying no more
_ITERABLES = ("Iterable", "Iterator", "Generator")


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


def loads_stream(project: Project, file: str, function: Function, classes: list[str]) -> bool:
    """Whether a loader that the function makes has no length; `classes` are the loader's."""
    if any(c in _ITERABLES for name in classes for c in map(_short, family(project, file, name))):
        return True
    read = [family(project, file, name) for name in _read(function)]
    return any(is_stream(found) and not any(map(_has_length, found)) for found in read)


def _read(function: Function) -> Iterator[str]:
    """The classes of the data that the loaders read, as far as the function shows them."""
    assigned = {
        target.id: node.value
        for node in own_nodes(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in returned(function):
        value = assigned.get(node.value.id) if isinstance(node.value, ast.Name) else node.value
        for loader in value.values if isinstance(value, ast.Dict) else [value]:
            if not isinstance(loader, ast.Call):
                continue
            named = [keyword.value for keyword in loader.keywords if keyword.arg == "dataset"]
            for data in [*loader.args[:1], *named]:
                made = assigned.get(data.id) if isinstance(data, ast.Name) else data
                if isinstance(made, ast.Call):
                    yield dotted(made.func)


def _short(found: ClassNode | str) -> str:
    return found.rpartition(".")[2] if isinstance(found, str) else ""


def _has_length(found: ClassNode | str) -> bool:
    if isinstance(found, str):
        return False
    return any(isinstance(s, ast.FunctionDef) and s.name == "__len__" for s in found.node.body)
