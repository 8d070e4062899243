"""The user's module: its steps, hooks and configure_optimizers."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from lgen.spec.fault import Fault
from lgen.user_code.attributes import assigned, attributes, logs_images, loss_attributes
from lgen.user_code.classes import MetricObjects, Step, UserClass
from lgen.user_code.constructor import constructor
from lgen.user_code.hooks import BATCH_HOOKS, HOOKS, SELF_ATTRIBUTES, STEPS, UNSUPPORTED
from lgen.user_code.metric_objects import metric_objects
from lgen.user_code.optimizer import closure_fault
from lgen.user_code.results import Methods, returned
from lgen.user_code.source import Function, Lineage, Project, dotted
from lgen.user_code.steps import assigned_faults, read_step, self_name, shape_fault

# bases that bring no steps
_PLAIN = ("Module", "object", "ABC", "Generic", "Protocol")
_REFUSED = {
    "LightningModule": "derive the class from torch.nn.Module in place of LightningModule; keep "
    "the steps"
}
_CONFIGURE = "annotate it `-> Optimizer` or `-> tuple[Optimizer, LRScheduler]`"


def read_module(
    root: Path,
    path: str,
    defines: Sequence[str] = (),
    training: tuple[str, ...] = ("training_step",),
) -> UserClass | list[Fault]:
    """The class that a path such as model.py:Classifier names, or all that is wrong with it.

    `defines` names what a base class of a package brings: such a step is taken to be called with
    batch and batch_idx and to return its loss, such a hook with nothing. `training` names the
    steps that train.
    """
    project = Project(root)
    file, _, name = path.partition(":")
    lineage = project.lineage(file, name, _REFUSED)
    if not isinstance(lineage, Lineage):
        return lineage
    top = lineage.classes[0].node
    methods = lineage.methods()
    bases = tuple(b for b in lineage.package_bases if b.rpartition(".")[2] not in _PLAIN)
    faults = list(_method_faults(methods, lineage, training))
    steps: dict[str, Step] = {}
    hooks: dict[str, Step] = {}
    losses = loss_attributes(lineage)
    known = {*STEPS, *training}
    for method, (where, function) in methods.items():
        if method in known or method in HOOKS:
            step = read_step(method, where, function, methods, losses)
            if isinstance(step, list):
                faults += step
            else:
                (steps if method in known else hooks)[method] = step
    for brought in defines:
        if brought in STEPS:
            loss: Literal["loss", "other"] = "other" if brought == "predict_step" else "loss"
            batch = ("batch", "batch_idx")
            given = Step(brought, file, top.lineno, batch, returns=loss, calls_forward=True)
            steps.setdefault(brought, given)
        elif brought in HOOKS:
            # what a hook works on, it is given
            given_to = HOOKS[brought] if brought in ("setup", "teardown", *BATCH_HOOKS) else ()
            if brought.endswith("_checkpoint"):
                given_to = ("checkpoint",)
            hooks.setdefault(brought, Step(brought, file, top.lineno, given_to))
    for needed in training:
        if needed in methods or needed in steps:
            continue
        text = f"class {name} has no {needed}{_misspelt(needed, methods)}"
        if bases and needed in STEPS:
            text += f"; if {bases[0]} brings it, add `defines: [{needed}]` to the spec"
        faults.append(Fault(file, top.lineno, text))
    if not lineage.package_bases:
        text = f"class {name} is no nn.Module; write class {name}(nn.Module)"
        faults.append(Fault(file, top.lineno, text))
    faults += assigned_faults(lineage, [*known, *HOOKS, "configure_optimizers"])
    metrics = metric_objects(project, lineage)
    if not isinstance(metrics, MetricObjects):
        faults += metrics
        metrics = MetricObjects()
    faults += _named_twice(steps, hooks)
    configures = _configures(methods)
    if isinstance(configures, Fault):
        faults.append(configures)
        configures = None
    if faults:
        return faults
    return UserClass(
        file=file,
        name=name,
        line=top.lineno,
        constructor=constructor(lineage),
        steps=steps,
        hooks=hooks,
        configures=configures,
        package_bases=bases,
        file_classes=project.file_classes(file),
        metrics=metrics,
        training=training,
        attributes=attributes(lineage),
        logs_images=logs_images(lineage),
    )


def _named_twice(steps: Mapping[str, Step], hooks: Mapping[str, Step]) -> Iterator[Fault]:
    """The metrics of on_train_epoch_end whose names are those of the step's means."""
    hook, step = hooks.get("on_train_epoch_end"), steps.get("training_step")
    if hook is None or step is None or hook.returns is None:
        return
    of_step = ("loss",) if step.returns == "loss" else step.metrics or ()
    for key in hook.metrics or ():
        if key in of_step:
            text = f"train_{key}_epoch is the mean of what training_step returns; name it otherwise"
            yield Fault(hook.file, hook.line, text)


def _misspelt(needed: str, methods: Methods) -> str:
    """Which method may be meant to be a step."""
    close = difflib.get_close_matches(needed, methods, n=1, cutoff=0.6)
    return f"; is {close[0]} meant to be it?" if close else ""


def _method_faults(
    methods: Methods, lineage: Lineage, training: tuple[str, ...]
) -> Iterator[Fault]:
    """What no method may be called or use."""
    own = {name for name in methods} | assigned(lineage)
    for name, (file, function) in methods.items():
        if name in UNSUPPORTED:
            yield Fault(file, function.lineno, f"{name} is not called; {UNSUPPORTED[name]}")
        known = [*STEPS, *HOOKS, *training, "configure_optimizers"]
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.86)
        if close and name not in known and close[0] not in methods and name not in UNSUPPORTED:
            text = f"{name} is called by nothing; did you mean {close[0]}?"
            yield Fault(file, function.lineno, text)
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Attribute)
                and dotted(node.value) == self_name(function)
                and node.attr in SELF_ATTRIBUTES
                and node.attr not in own
            ):
                text = f"self.{node.attr} is Lightning's; {SELF_ATTRIBUTES[node.attr]}"
                yield Fault(file, node.lineno, text)


def _configures(
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
