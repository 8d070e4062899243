"""The user's data class: where the batches of each stage come from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from lgen.spec.fault import Fault, nearest
from lgen.user_code.classes import STAGES, DataSource, UserData
from lgen.user_code.constructor import constructor
from lgen.user_code.lengths import defines, family, is_stream, loads_stream
from lgen.user_code.results import Methods, own_nodes, returned
from lgen.user_code.source import Function, Lineage, Project, dotted, statements
from lgen.user_code.steps import PROPERTIES, assigned_faults, decorator_names, self_name

# the arguments of each method, self left out
ARGUMENTS: dict[str, tuple[str, ...]] = {
    **{f"{stage}_dataset": () for stage in STAGES},
    **{f"{stage}_dataloader": () for stage in STAGES},
    "prepare_data": (),
    "setup": (),
    "collate_fn": ("samples",),
    "train_order": ("epoch",),
}
_LOADERS = ("DataLoader", "StatefulDataLoader")
_REFUSED = {
    "LightningDataModule": "remove the base LightningDataModule: a plain class with "
    "train_dataset() will do"
}


def read_data(root: Path, path: str) -> UserData | list[Fault]:
    """The class that a path such as data.py:Digits names, or all that is wrong with it."""
    project = Project(root)
    file, _, name = path.partition(":")
    lineage = project.lineage(file, name, _REFUSED)
    if not isinstance(lineage, Lineage):
        return lineage
    top = lineage.classes[0].node
    methods = lineage.methods()
    faults = list(_method_faults(methods))
    sources: dict[str, DataSource] = {}
    for stage in STAGES:
        kinds: tuple[Literal["dataset", "loader"], ...] = ("dataset", "loader")
        found = []
        for kind in kinds:
            if f"{stage}_{'dataset' if kind == 'dataset' else 'dataloader'}" in methods:
                source = _source(project, stage, kind, methods)
                if isinstance(source, Fault):
                    faults.append(source)
                else:
                    found.append(source)
        if len(found) == 2:
            text = f"{stage}_dataset and {stage}_dataloader both give {stage} batches; keep one"
            faults.append(Fault(file, found[1].line, text))
        elif found:
            sources[stage] = found[0]
    # loaders of the user's own may collate by anything
    if any(source.kind == "dataset" for source in sources.values()):
        faults += assigned_faults(lineage, ARGUMENTS)
    train = sources.get("train")
    if "train_order" in methods and train and (train.kind == "loader" or train.iterable):
        text = "train_order gives indices, and nothing here is read by index; remove it"
        faults.append(Fault(file, methods["train_order"][1].lineno, text))
    if train and train.several:
        text = (
            f"{train.method} returns a dict; training takes one data set, such as a ConcatDataset"
        )
        faults.append(Fault(file, train.line, text))
    if "train" not in sources and not any(f.line and "train_data" in f.message for f in faults):
        near = nearest("train_dataset", methods)
        text = f"class {name} has no train_dataset and no train_dataloader{near}"
        faults.append(Fault(file, top.lineno, text))
    if faults:
        return faults
    return UserData(
        file=file,
        name=name,
        line=top.lineno,
        constructor=constructor(lineage),
        sources=sources,
        prepare_data="prepare_data" in methods,
        setup="setup" in methods,
        collate_fn="collate_fn" in methods,
        train_order="train_order" in methods,
    )


def _method_faults(methods: Methods) -> Iterator[Fault]:
    """What is wrong with the form and the arguments of the methods that lgen calls."""
    for name, wanted in ARGUMENTS.items():
        if name not in methods:
            continue
        file, function = methods[name]
        decorators = decorator_names(function)
        static = "staticmethod" in decorators
        arguments = [*function.args.posonlyargs, *function.args.args][0 if static else 1 :]
        required = len(arguments) - len(function.args.defaults)
        call = f"{name}({', '.join(wanted)})"
        if isinstance(function, ast.AsyncFunctionDef):
            yield Fault(file, function.lineno, f"{name} is async; write a plain def")
        elif wrong := decorators & set(PROPERTIES):
            text = f"{name} is a {wrong.pop()}; write a plain method with self"
            yield Fault(file, function.lineno, text)
        elif not static and function.args.vararg is None and self_name(function) in ("", *wanted):
            text = f"{name} has no self; write it as its first parameter"
            yield Fault(file, function.lineno, text)
        elif required > len(wanted) or (
            len(arguments) < len(wanted) and function.args.vararg is None
        ):
            yield Fault(file, function.lineno, f"{name} is called as {call}; take just that")
        if name.endswith("_dataset") and any(
            isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own_nodes(function)
        ):
            yield Fault(file, function.lineno, f"{name} is a generator; return an IterableDataset")


def _source(
    project: Project, stage: str, kind: Literal["dataset", "loader"], methods: Methods
) -> DataSource | Fault:
    """What is known of the data sets or loaders of one stage."""
    method = f"{stage}_{'dataset' if kind == 'dataset' else 'dataloader'}"
    file, function = methods[method]
    inner = _followed(project, file, function, methods)
    if inner is None:
        text = f"what {method} returns cannot be told; annotate it, as in `-> IterableDataset`"
        return Fault(file, function.lineno, text)
    several, names, items = _parts(inner)
    classes = [found for item in items for found in family(project, file, item)]
    if kind == "dataset" and (text := _no_data_set(project, file, stage, function)):
        return Fault(file, function.lineno, text)
    iterable = is_stream(classes) or (
        kind == "loader" and loads_stream(project, file, inner, items, methods)
    )
    has_state = defines(classes, "state_dict") or any(
        isinstance(c, str) and c.rpartition(".")[2] == "StatefulDataLoader" for c in classes
    )
    return DataSource(stage, method, function.lineno, kind, several, names, iterable, has_state)


def _no_data_set(project: Project, file: str, stage: str, function: Function) -> str:
    """What a method plainly gives in place of a data set, and the way out; else empty."""
    name = function.name
    values = [node.value for node in returned(function)]
    raises = any(isinstance(node, ast.Raise) for node in own_nodes(function))
    if not any(values) and function.returns is None and not raises:
        return f"{name} returns nothing; return a data set"
    for value in values:
        if any(c in _LOADERS for c in _made(project, file, value)):
            return f"{name} returns a loader; name it {stage}_dataloader, or return the data set"
        given = value.left if isinstance(value, ast.BinOp) else value
        items = given.elts if isinstance(given, (ast.List, ast.Tuple)) else []
        made = [c for item in items for c in _made(project, file, item)]
        if function.returns is None and any(c.endswith("Dataset") for c in made):
            out = "training takes one, such as a ConcatDataset"
            out = out if stage == "train" else "return a dict with a name for each"
            return f"{name} returns a list of data sets; {out}"
    return ""


def _made(project: Project, file: str, value: ast.expr | None) -> list[str]:
    """The names of the packages' classes that a call makes an object of."""
    if not isinstance(value, ast.Call):
        return []
    bases = family(project, file, dotted(value.func))
    return [found.rpartition(".")[2] for found in bases if isinstance(found, str)]


def _followed(project: Project, file: str, function: Function, methods: Methods) -> Function | None:
    """The function that makes what a method returns, None where it does not show what that is."""
    tree = project.tree(file)
    body = [] if isinstance(tree, Fault) else list(statements(tree.body))
    helpers = {item.name: item for item in body if isinstance(item, Function)}
    helpers |= {f"self.{name}": found for name, (_, found) in methods.items()}
    followed = function
    for _ in range(8):
        values = [node.value for node in returned(followed)]
        names = {dotted(v.func) if isinstance(v, ast.Call) else "" for v in values}
        if followed.returns is not None or not names & helpers.keys():
            plain = all(isinstance(value, (ast.Call, ast.Dict)) for value in values)
            return followed if followed is function or followed.returns or plain else None
        if len(names) > 1:
            return None
        followed = helpers[names.pop()]
    return None


def _parts(function: Function) -> tuple[bool, tuple[str, ...] | None, list[str]]:
    """Whether a method returns a dict, its names if literal, and the classes of what it gives."""
    values = [node.value for node in returned(function) if node.value is not None]
    assigned = {
        dotted(target): node.value
        for node in own_nodes(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    values = [assigned.get(v.id, v) if isinstance(v, ast.Name) else v for v in values]
    annotation = function.returns
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            annotation = None
    several = any(isinstance(value, (ast.Dict, ast.DictComp)) for value in values)
    items: list[str] = []
    if isinstance(annotation, ast.Subscript) and dotted(annotation.value).rpartition(".")[2] in (
        "dict",
        "Dict",
        "Mapping",
    ):
        several = True
        inner = annotation.slice
        items += [dotted(e) for e in inner.elts[1:]] if isinstance(inner, ast.Tuple) else []
    elif annotation is not None:
        node = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        several = several or dotted(node) in ("dict", "Dict", "Mapping")
        items.append(dotted(node))
    names: tuple[str, ...] | None = None
    for value in values:
        parts = list(value.values) if isinstance(value, ast.Dict) else [value]
        items += [dotted(part.func) for part in parts if isinstance(part, ast.Call)]
        if isinstance(value, ast.Dict):
            keys = [k.value if isinstance(k, ast.Constant) else None for k in value.keys]
            texts = tuple(k for k in keys if isinstance(k, str))
            names = texts if len(texts) == len(keys) and len(values) == 1 else None
    return several, names, [item for item in items if item]
