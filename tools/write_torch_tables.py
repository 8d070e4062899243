"""Write generator/tables/torch_optim.json from the installed torch.

The table holds every optimizer and scheduler of torch.optim with its arguments, so that lgen can
check a spec without torch. Types and defaults come from the signatures; the limits of a number are
found by trying values that torch refuses. What no signature says stands below, by hand.
"""

from __future__ import annotations

import inspect
import json
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn, optim
from torch.optim import lr_scheduler

TABLE = Path(__file__).parents[1] / "generator" / "tables" / "torch_optim.json"

DOCS = {
    "ASGD": "SGD that also averages the weights",
    "Adadelta": "steps from ratios of running averages, little need of a learning rate",
    "Adafactor": "Adam with factored second moments, for less memory",
    "Adagrad": "per-weight rates that shrink with the sum of squared gradients",
    "Adam": "running means of gradients and of their squares",
    "AdamW": "Adam with weight decay kept apart from the gradient",
    "Adamax": "Adam with the largest gradient in place of the mean square",
    "LBFGS": "quasi-Newton steps, each of several evaluations of a large batch",
    "Muon": "orthogonalized momentum, for matrices only",
    "NAdam": "Adam with Nesterov momentum",
    "RAdam": "Adam that holds its adaptive rate back until it is reliable",
    "RMSprop": "gradients divided by a running mean of their size",
    "Rprop": "step sizes from the gradients' signs alone, for full batches",
    "SGD": "gradient descent, with momentum if wanted",
    "SparseAdam": "Adam for sparse gradients, such as those of Embedding(sparse=True)",
    "ConstantLR": "the rate times a factor for the first total_iters intervals",
    "CosineAnnealingLR": "half a cosine from the rate down to eta_min",
    "CosineAnnealingWarmRestarts": "half cosines, each followed by a return to the full rate",
    "CyclicLR": "the rate goes up and down between base_lr and max_lr",
    "ExponentialLR": "the rate times gamma at every interval",
    "LinearLR": "the rate times a factor that moves from start_factor to end_factor",
    "MultiStepLR": "the rate times gamma at each milestone",
    "OneCycleLR": "up to max_lr and down again once in the run",
    "PolynomialLR": "the rate falls to zero along a polynomial",
    "ReduceLROnPlateau": "the rate falls when a metric stops improving",
    "StepLR": "the rate times gamma every step_size intervals",
}

BY_CONFIGURE = "write configure_optimizers in the module instead"
REFUSED = {
    "LambdaLR": f"it takes a function, which a spec cannot hold; {BY_CONFIGURE}",
    "MultiplicativeLR": f"it takes a function, which a spec cannot hold; {BY_CONFIGURE}",
    "ChainedScheduler": f"it takes other schedulers; {BY_CONFIGURE}",
    "SequentialLR": f"it takes other schedulers; use warmup_steps, or {BY_CONFIGURE}",
}

REFUSED_ARGUMENTS = {
    "differentiable": "the step is not differentiated in a training loop",
    "last_epoch": "a resumed run sets it from its checkpoint",
    "epochs": "use total_steps, or leave it out for the run's own length",
    "steps_per_epoch": "use total_steps, or leave it out for the run's own length",
}

# the argument that is the run's length in intervals where the spec does not give it
LENGTHS = {
    "CosineAnnealingLR": "T_max",
    "LinearLR": "total_iters",
    "OneCycleLR": "total_steps",
    "PolynomialLR": "total_iters",
}

# types that are narrower than the signature says
TYPES = {
    ("LBFGS", "line_search_fn"): "Literal['strong_wolfe'] | None",
    ("Muon", "adjust_lr_fn"): "Literal['original', 'match_rms_adamw'] | None",
}

# limits that are narrower than torch's: with 0 nothing is done, or nothing is remembered
LIMITS = {
    ("LBFGS", "max_iter"): {"minimum": 1},
    ("LBFGS", "max_eval"): {"minimum": 1},
    ("LBFGS", "history_size"): {"minimum": 1},
}

# values that let a scheduler be built, for the trial of another argument
REQUIRED = {
    "CosineAnnealingLR": {"T_max": 8},
    "CosineAnnealingWarmRestarts": {"T_0": 4},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "cycle_momentum": False},
    "ExponentialLR": {"gamma": 0.9},
    "MultiStepLR": {"milestones": [2]},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 8, "cycle_momentum": False},
    "StepLR": {"step_size": 2},
}


def type_text(annotation: Any) -> str:
    """The annotation as lgen writes types, such as `float | None` or `tuple[float, float]`."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    for pattern, replacement in [
        (r"typing\.|collections\.abc\.", ""),
        (r" \| (torch\.)?Tensor", ""),
        (r"Iterable\[", "list["),
    ]:
        text = re.sub(pattern, replacement, text)
    return text


def try_optimizer(name: str, args: dict[str, Any]) -> None:
    """Two steps of the optimizer; raises what torch raises."""
    layer = nn.Embedding(4, 2, sparse=name == "SparseAdam")
    optimizer = getattr(optim, name)(layer.parameters(), **args)

    def closure() -> torch.Tensor:
        loss = layer(torch.tensor([1, 2])).sum()
        loss.backward()
        return loss

    for _ in range(2):
        optimizer.step(closure)


def try_scheduler(name: str, args: dict[str, Any]) -> None:
    """Three steps of the scheduler; raises what torch raises."""
    optimizer = optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
    scheduler = getattr(lr_scheduler, name)(optimizer, **{**REQUIRED.get(name, {}), **args})
    for _ in range(3):
        optimizer.step()
        if name == "ReduceLROnPlateau":
            scheduler.step(1.0)
        else:
            scheduler.step()


def works(kind: str, name: str, argument: str, value: float) -> bool:
    """Whether torch takes the value of this one argument."""
    try:
        (try_optimizer if kind == "optimizers" else try_scheduler)(name, {argument: value})
    except (ValueError, ZeroDivisionError, RuntimeError, OverflowError):
        return False
    return True


def limits(kind: str, name: str, argument: str, is_int: bool) -> dict[str, float]:
    """The JSON Schema limits of a number, found by trying values around 0 and 1."""
    found: dict[str, float] = {}
    if not works(kind, name, argument, 0):
        found["minimum" if is_int else "exclusiveMinimum"] = 1 if is_int else 0
    elif not works(kind, name, argument, -1):
        found["minimum"] = 0
    if not is_int and not works(kind, name, argument, 1.5):
        if works(kind, name, argument, 1.0):
            found["maximum"] = 1
        elif works(kind, name, argument, 0.5):
            found["exclusiveMaximum"] = 1
        else:
            found["maximum"] = 0
    return found


def argument_row(kind: str, name: str, parameter: inspect.Parameter) -> dict[str, Any]:
    """One argument: its type, default and limits, or why it is refused."""
    text = TYPES.get((name, parameter.name), type_text(parameter.annotation))
    if parameter.name in REFUSED_ARGUMENTS:
        return {"refused": REFUSED_ARGUMENTS[parameter.name]}
    if "Callable" in text:
        return {"refused": f"it is a function, which a spec cannot hold; {BY_CONFIGURE}"}
    row: dict[str, Any] = {"type": text}
    if parameter.default is not inspect.Parameter.empty:
        row["default"] = parameter.default
    if LENGTHS.get(name) == parameter.name:
        row["length"] = True
    if text.partition(" | ")[0] in ("float", "int"):
        row |= limits(kind, name, parameter.name, text.startswith("int"))
    return row | LIMITS.get((name, parameter.name), {})


def class_row(kind: str, name: str, cls: type) -> dict[str, Any]:
    """One optimizer or scheduler: its doc and its arguments, or why it is refused."""
    if name in REFUSED:
        return {"refused": REFUSED[name]}
    parameters = list(inspect.signature(cls).parameters.values())[1:]
    row: dict[str, Any] = {"doc": DOCS[name]}
    if kind == "optimizers" and needs_closure(cls):
        row["closure"] = True
    return row | {"args": {p.name: argument_row(kind, name, p) for p in parameters}}


def needs_closure(cls: type[optim.Optimizer]) -> bool:
    """Whether the step asks for a closure, by which it evaluates the loss."""
    closure = inspect.signature(cls.step).parameters["closure"]
    return closure.default is inspect.Parameter.empty


def table() -> dict[str, Any]:
    """The whole table, with the version of torch that it was read from."""
    torch.manual_seed(0)
    rows: dict[str, Any] = {"torch": torch.__version__.partition("+")[0]}
    for kind, module, base in [
        ("optimizers", optim, optim.Optimizer),
        ("schedulers", lr_scheduler, lr_scheduler.LRScheduler),
    ]:
        rows[kind] = {
            name: class_row(kind, name, cls)
            for name, cls in sorted(vars(module).items())
            if inspect.isclass(cls)
            and issubclass(cls, base)
            and cls is not base
            and not name.startswith("_")
            and name != "Optimizer"
        }
    return rows


def table_text() -> str:
    """The table as the file holds it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return json.dumps(table(), indent=1) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table_text(), encoding="utf-8")
