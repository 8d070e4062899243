"""The steps and hooks of a module: their arguments and results."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Literal

from lgen.spec.fault import Fault, nearest
from lgen.user_code.classes import Step
from lgen.user_code.hooks import ANYWHERE, BATCH_HOOKS, HOOKS, METRIC_HOOKS, SEVERAL, STEPS
from lgen.user_code.results import Methods, Result, own_nodes, result, returned
from lgen.user_code.source import Function, Lineage, dotted, statements

PROPERTIES = ("property", "cached_property")
_VALUES = ("_dataset", "_dataloader")
_ASK = "annotate it `-> Tensor` or `-> dict[str, Tensor]`"


def self_name(function: Function) -> str:
    """The name of the method's first parameter, empty without one."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[0].arg if arguments else ""


def decorator_names(function: Function) -> set[str]:
    """The names of the decorators without what stands before their last dot."""
    return {dotted(decorator).rpartition(".")[2] for decorator in function.decorator_list}


def assigned_faults(lineage: Lineage, names: Iterable[str]) -> Iterator[Fault]:
    """A fault for each of these methods that the class assigns and does not define.

    The data sets and loaders that an instance assigns to itself are values, not methods.
    """
    methods = lineage.methods()
    missing = [name for name in names if name not in methods]
    own = {f"self.{name}": name for name in missing if not name.endswith(_VALUES)}
    for cls in lineage.classes:
        of_class = set(statements(cls.node.body))
        for node in ast.walk(cls.node):
            if not isinstance(node, ast.Assign) or isinstance(node.value, ast.Constant):
                continue
            known = {name: name for name in missing} if node in of_class else own
            for name in (known.get(dotted(target)) for target in node.targets):
                if name is not None:
                    written = _as_method(name, dotted(node.value), methods)
                    text = f"{name} is assigned, and read by lgen only as a method; write {written}"
                    yield Fault(cls.file, node.lineno, text)


def _as_method(name: str, value: str, methods: Methods) -> str:
    """The method that does what an assignment of a value means."""
    other = value.removeprefix("self.")
    if other not in methods:
        arguments = ", samples" if name == "collate_fn" else ""
        return f"`def {name}(self{arguments}): ...`"
    inner = methods[other][1].args
    arguments = ", ".join(a.arg for a in [*inner.posonlyargs, *inner.args][1:])
    parameters = f"self, {arguments}" if arguments else "self"
    return f"`def {name}({parameters}): return self.{other}({arguments})`"


def shape_fault(name: str, file: str, function: Function) -> Fault | None:
    """What keeps a function from being a plain method that is called with self."""
    at = function.lineno
    decorators = decorator_names(function)
    if wrong := decorators & {"staticmethod", "classmethod", *PROPERTIES}:
        return Fault(file, at, f"{name} is a {wrong.pop()}; write a plain method with self")
    if isinstance(function, ast.AsyncFunctionDef):
        return Fault(file, at, f"{name} is async; write a plain def")
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own_nodes(function)):
        return Fault(file, at, f"{name} is a generator; return its result in place of yield")
    if self_name(function) in ("", *known_arguments(name)):
        return Fault(file, at, f"{name} has no self; write it as its first parameter")
    return None


def known_arguments(name: str) -> tuple[str, ...]:
    """The arguments that a method may name; a step that a spec names is one that trains."""
    return STEPS[name] if name in STEPS else HOOKS.get(name, ANYWHERE)


def read_step(
    name: str, file: str, function: Function, methods: Methods, losses: frozenset[str]
) -> Step | list[Fault]:
    """A step or hook, or all that is wrong with it."""
    if wrong := shape_fault(name, file, function):
        return [wrong]
    allowed = known_arguments(name)
    signature = function.args
    positional = [a.arg for a in [*signature.posonlyargs, *signature.args]][1:]
    keywords = [a.arg for a in signature.kwonlyargs]
    faults = [
        Fault(
            file,
            function.lineno,
            f"{name} has the unknown argument {argument}{_meant(argument, allowed)}; "
            f"it can name: {', '.join(allowed) or 'nothing'}",
        )
        for argument in (*positional, *keywords)
        if argument not in allowed
    ]
    faults += [
        Fault(file, function.lineno, f"{name} takes {star}{extra.arg}; name its arguments")
        for star, extra in (("*", signature.vararg), ("**", signature.kwarg))
        if extra is not None
    ]
    found = result(function, methods, losses)
    if name not in HOOKS:
        faults += _step_result_faults(name, file, function, found)
    else:
        faults += _hook_result_faults(name, file, function, found)
    if faults:
        return faults
    kinds: dict[str, Literal["loss", "dict"]] = {"loss": "loss", "dict": "dict"}
    used = name not in HOOKS or name in METRIC_HOOKS
    return Step(
        name,
        file,
        function.lineno,
        tuple(positional),
        tuple(keywords),
        "other" if name == "predict_step" else (kinds.get(found.kind) if used else None),
        found.keys if used and name != "predict_step" else None,
        _calls_forward(function, methods, set()),
        _forward_alone(function, methods, losses, set()),
        _uses_parts(function, methods, set()),
    )


def _meant(argument: str, allowed: tuple[str, ...]) -> str:
    """What to write in place of an argument that there is not, behind a semicolon."""
    return f"; {SEVERAL}" if argument == "optimizer_idx" else nearest(argument, allowed)


def _step_result_faults(name: str, file: str, function: Function, found: Result) -> Iterator[Fault]:
    """What is wrong with the result of a step."""
    trains = name == "training_step" or name not in STEPS
    if name == "predict_step":
        if found.kind == "none":
            yield Fault(
                file, function.lineno, "predict_step returns nothing; return the prediction"
            )
    elif found.kind == "unknown":
        lines = [node.lineno for node in returned(function)]
        at = function.lineno if function.returns is not None or not lines else lines[0]
        text = f"what {name} returns cannot be told; {_ASK}"
        if any(isinstance(node.value, ast.Tuple) for node in returned(function)):
            text = f"{name} returns a tuple; return its loss, or a dict with the key loss"
        yield Fault(file, at, text)
    elif trains and found.kind == "none":
        text = f"{name} returns nothing; return its loss, or a dict with the key loss"
        yield Fault(file, function.lineno, text)
    elif trains and found.keys is not None and "loss" not in found.keys:
        near = nearest("loss", found.keys)
        text = f"{name}'s dict has no key loss{near}; train.py calls backward on it"
        yield Fault(file, function.lineno, text)
    elif trains:
        for key in found.keys or ():
            if f"{key}_epoch" in (found.keys or ()):
                text = f"{key}_epoch is the name of {key}'s mean over the epoch; name it otherwise"
                yield Fault(file, function.lineno, text)


def _hook_result_faults(name: str, file: str, function: Function, found: Result) -> Iterator[Fault]:
    """What is wrong with the result of a hook."""
    if name in METRIC_HOOKS:
        if found.kind not in ("none", "dict"):
            text = f"what {name} returns cannot be told; annotate it `-> dict[str, Tensor]`"
            yield Fault(file, function.lineno, text)
    elif name in BATCH_HOOKS:
        if found.kind == "none":
            text = f"{name} returns nothing; return the batch, which the step gets"
            yield Fault(file, function.lineno, text)
    elif name == "on_train_batch_start" and found.kind != "none":
        text = "on_train_batch_start ends no epoch by -1; use limit_train_batches, return nothing"
        yield Fault(file, function.lineno, text)
    elif found.kind != "none":
        yield Fault(file, function.lineno, f"what {name} returns is not used; return nothing")


def _calls_forward(function: Function, methods: Methods, seen: set[str]) -> bool:
    """Whether the method may call self(...), by itself, through methods or where self is passed."""
    me = self_name(function)
    owned = {node.value for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in (me, "super") and node not in owned:
            return True
        if isinstance(node, ast.Attribute) and dotted(node.value) == me:
            if node.attr in methods and node.attr not in seen:
                seen.add(node.attr)
                if _calls_forward(methods[node.attr][1], methods, seen):
                    return True
    return False


def _forward_alone(
    function: Function, methods: Methods, losses: frozenset[str], seen: set[str]
) -> bool:
    """Whether the method surely uses parameters in self(...) alone, by itself and through methods.

    `losses` are the attributes of self that hold a loss function.
    """
    me = self_name(function)
    called = {node.func for node in ast.walk(function) if isinstance(node, ast.Call)}
    owned = {node.value for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and (
            node.id == "super" or (node.id == me and node not in owned and node not in called)
        ):
            return False
        if isinstance(node, ast.Attribute) and dotted(node.value) == me:
            if node.attr == "forward" or node.attr not in (*methods, *losses, *seen):
                return False
            if node.attr in methods and node.attr not in seen:
                seen.add(node.attr)
                if not _forward_alone(methods[node.attr][1], methods, losses, seen):
                    return False
    return True


def _uses_parts(function: Function, methods: Methods, seen: set[str]) -> bool:
    """Whether the method may use a part of the model, by itself or through methods.

    What a hook such as on_train_start assigns to self is none.
    """
    hooks = [inner for name, (_, inner) in methods.items() if name.startswith("on_")]
    own = {node.attr for hook in hooks for node in _attributes(hook) if _is_stored(node)}
    for node in _attributes(function):
        if node.attr not in (*methods, *own):
            return True
        if node.attr in methods and node.attr not in seen:
            seen.add(node.attr)
            if _uses_parts(methods[node.attr][1], methods, seen):
                return True
    return False


def _attributes(function: Function) -> list[ast.Attribute]:
    """The attributes of self that a method names."""
    me = self_name(function)
    nodes = [node for node in ast.walk(function) if isinstance(node, ast.Attribute)]
    return [node for node in nodes if dotted(node.value) == me]


def _is_stored(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)
