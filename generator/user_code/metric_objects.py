"""The torchmetrics objects of a module in its source, and those that a script cannot keep."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lgen.spec.fault import Fault
from lgen.user_code.classes import MetricObjects
from lgen.user_code.hooks import HOOKS, STEPS
from lgen.user_code.source import ClassNode, Function, Lineage, Project, dotted, statements

_PLAIN = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
# what does not begin anew in every epoch
_LONG_LIVED = {
    "MetricTracker": "a metric for each epoch",
    "MinMaxMetric": "the extremes of the whole run",
}


@dataclass
class _Search:
    """Looks through a class, and through the project's classes and functions that it calls."""

    project: Project
    seen: set[tuple[str, str]] = field(default_factory=set)
    sync_on_step: bool = False
    faults: list[Fault] = field(default_factory=list)

    def made(self, file: str, node: ast.AST) -> list[ast.Call]:
        """The calls in a node that make metric objects, by themselves or further on."""
        calls = (found for found in ast.walk(node) if isinstance(found, ast.Call))
        return [call for call in calls if self._makes(file, call)]

    def _makes(self, file: str, call: ast.Call) -> bool:
        """Whether a call makes a metric object."""
        name = dotted(call.func)
        if not name or name.startswith(("self.", "super.")):
            return False
        found = self.project.find(file, name)
        if isinstance(found, str):
            if _is_metric(found):
                self._look_at(file, call, found)
                return True
            function = _function(self.project, file, name)
            return function is not None and self._inside(*function)
        if isinstance(found, ClassNode):
            lineage = self.project.lineage(found.file, found.node.name)
            if isinstance(lineage, Lineage):
                if any(_is_metric(base) for base in lineage.package_bases):
                    self._look_at(file, call, "")
                    return True
                return any([self._inside(cls.file, cls.node) for cls in lineage.classes])
        return False

    def _inside(self, file: str, node: ast.ClassDef | Function) -> bool:
        """Whether a class or function of the project makes metric objects."""
        if (file, node.name) in self.seen:
            return False
        self.seen.add((file, node.name))
        return bool(self.made(file, node))

    def _look_at(self, file: str, call: ast.Call, name: str) -> None:
        """Note what the making of a metric object says about it."""
        last = name.rpartition(".")[2]
        if last in _LONG_LIVED:
            text = (
                f"{last} keeps {_LONG_LIVED[last]}, and metric objects begin anew in every epoch; "
                "take the metric itself, whose values are logged, and checkpoint.monitor for the "
                "best"
            )
            self.faults.append(Fault(file, call.lineno, text))
        for keyword in call.keywords:
            plain = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg == "dist_sync_on_step" and not plain:
                self.sync_on_step = True


def metric_objects(project: Project, lineage: Lineage) -> MetricObjects | list[Fault]:
    """The metric objects of a class, or why some of them cannot be kept."""
    search = _Search(project)
    attributes: list[str] = []
    found = False
    for cls in lineage.classes:
        for item in statements(cls.node.body):
            if isinstance(item, Function):
                in_run = item.name in STEPS or item.name in HOOKS
                for name, value, line in _assigned(item):
                    if search.made(cls.file, value):
                        attributes.append(name)
                        search.faults += _faults(cls.file, name, value, line, item.name, in_run)
                found = found or (not in_run and bool(search.made(cls.file, item)))
            elif isinstance(item, (ast.Assign, ast.AnnAssign)) and item.value is not None:
                if search.made(cls.file, item.value):
                    text = "a metric object of the class is no part of the model; make it in "
                    text += "__init__, as an attribute of self"
                    search.faults.append(Fault(cls.file, item.lineno, text))
    names = tuple(dict.fromkeys(attributes))
    if search.faults:
        return list(dict.fromkeys(search.faults))
    used = _uses("training_step", {name: of for name, (_, of) in lineage.methods().items()}, names)
    return MetricObjects(names, found or bool(names), used, search.sync_on_step)


def _uses(method: str, methods: Mapping[str, Function], names: Container[str]) -> bool:
    """Whether a method reads one of these attributes of self, by itself or through methods."""
    left, seen = [method], set()
    while left:
        function = methods.get(left.pop())
        if function is None or function in seen:
            continue
        seen.add(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute) and dotted(node.value) == "self":
                if node.attr in names:
                    return True
                left.append(node.attr)
    return False


def _faults(
    file: str, name: str, value: ast.expr, line: int, method: str, in_run: bool
) -> Iterator[Fault]:
    """Where a metric object is kept so that neither torch nor a checkpoint finds it."""
    if isinstance(value, _PLAIN):
        kind = "ModuleDict" if isinstance(value, (ast.Dict, ast.DictComp)) else "ModuleList"
        text = f"self.{name} hides its metric objects from torch; write nn.{kind}(...) around them"
        yield Fault(file, line, text)
    if in_run:
        text = (
            f"self.{name} is made in {method}, after a resumed run has taken up what it held; make "
            "it in __init__"
        )
        yield Fault(file, line, text)


def _assigned(function: Function) -> Iterator[tuple[str, ast.expr, int]]:
    """The attributes of self that a method assigns, with value and line."""
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute) and dotted(target.value) == "self":
                    yield target.attr, node.value, node.lineno


def _is_metric(name: str) -> bool:
    """Whether a name in full is that of a class of torchmetrics."""
    package, _, rest = name.partition(".")
    return package == "torchmetrics" and rest.rpartition(".")[2][:1].isupper()


def _function(
    project: Project, file: str, name: str, depth: int = 0
) -> tuple[str, Function] | None:
    """The project's function that a name means in a file."""
    tree = project.tree(file)
    if isinstance(tree, Fault) or depth > 20:
        return None
    for item in statements(tree.body):
        if isinstance(item, Function) and item.name == name:
            return file, item
        if not isinstance(item, ast.ImportFrom):
            continue
        for alias in item.names:
            if (alias.asname or alias.name) == name:
                parts = list(Path(file).parent.parts)
                package = parts[: len(parts) - item.level + 1] if item.level else []
                base = "/".join([*package, *(item.module or "").split(".")]).strip("/")
                for path in (f"{base}.py", f"{base}/__init__.py"):
                    if (project.root / path).is_file():
                        return _function(project, path, alias.name, depth + 1)
    return None
