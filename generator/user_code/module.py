"""The user's module: its steps, hooks and configure_optimizers."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from lgen.spec.fault import Fault
from lgen.user_code.attributes import (
    assigned,
    attributes,
    class_attributes,
    logs_images,
    loss_attributes,
)
from lgen.user_code.classes import MetricObjects, Step, UserClass
from lgen.user_code.configures import read_configures
from lgen.user_code.constructor import constructor
from lgen.user_code.hooks import (
    BATCH_HOOKS,
    COMMON_ATTRIBUTES,
    HOOKS,
    SELF_ATTRIBUTES,
    STEPS,
    UNSUPPORTED,
    instead,
)
from lgen.user_code.metric_objects import metric_objects
from lgen.user_code.results import Methods
from lgen.user_code.source import Lineage, Project, dotted
from lgen.user_code.steps import assigned_faults, read_step, self_name

# bases that bring no steps
_PLAIN = ("Module", "object", "ABC", "Generic", "Protocol")
_REFUSED = {
    "LightningModule": "derive the class from torch.nn.Module in place of LightningModule; keep "
    "the steps"
}


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
    configures = read_configures(methods)
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
    foreign = _foreign(lineage, own)
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
                and node.attr in foreign
            ):
                text = f"self.{node.attr} is Lightning's; {instead(node.attr, name)}"
                yield Fault(file, node.lineno, text)


def _foreign(lineage: Lineage, own: set[str]) -> set[str]:
    """The attributes of Lightning's that the class has not, given those that it makes itself."""
    found = {*SELF_ATTRIBUTES} - own
    brought = any(base.rpartition(".")[2] not in _PLAIN for base in lineage.package_bases)
    if brought or "__getattr__" in own or attributes(lineage) is None:
        return found
    return found | ({*COMMON_ATTRIBUTES} - own - class_attributes(lineage))
