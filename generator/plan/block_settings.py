"""Decides which settings each of several optimizers has, what they mean and their bounds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from lgen.plan.bounds import argument_bounds, setting_bounds
from lgen.plan.fields import RESERVED, Call, call, torch_types
from lgen.plan.meanings import ConfigRow, config_row, optimizer_rows, scheduler_rows
from lgen.plan.schedule import optimizer_args, scheduler_args
from lgen.spec.block_rules import as_only_one
from lgen.spec.options import Spec
from lgen.spec.predicates import sets_rates

# the settings that are no arguments, with what they mean
_MEANINGS = {
    "gradient_clip_val": "largest norm of its gradients together",
    "accumulate_grad_batches": "its batches in one optimizer step",
    "every_n_steps": "it is trained in every so many steps",
}


def block_settings(spec: Spec) -> dict[str, dict[str, Call]]:
    """By block, the calls of its optimizer and scheduler, and `own` for its other settings.

    All names of their fields begin with the block's.
    """
    taken = set(RESERVED)
    return {name: _calls(spec, name, taken) for name in spec.optimizers}


def _calls(spec: Spec, name: str, taken: set[str]) -> dict[str, Call]:
    """The calls of one block; adds the names of their fields to `taken`."""
    alone, block = as_only_one(spec, name), spec.optimizers[name]
    own: dict[str, Any] = {}
    if block.gradient_clip_val is not None:
        own["gradient_clip_val"] = block.gradient_clip_val
    for option in ("accumulate_grad_batches", "every_n_steps"):
        if getattr(block, option) > 1:
            own[option] = getattr(block, option)

    def prefixed(args: Any, types: Any, literals: Collection[str] = ()) -> Call:
        # names that are taken get the prefix, and here all of them are
        names = taken | set(args)
        made = call(args, name, names, types, literals)
        taken.update(field.name for field in made.fields)
        return made

    return {
        "optimizer": prefixed(
            optimizer_args(alone),
            torch_types("optimizers", alone.optimizer),
            {"lr"} if sets_rates(alone) else (),
        ),
        "scheduler": prefixed(scheduler_args(alone), torch_types("schedulers", alone.scheduler)),
        "own": prefixed(own, {"gradient_clip_val": "float"}),
    }


def setting_names(settings: dict[str, dict[str, Call]]) -> set[str]:
    """The names of all fields of the blocks."""
    return {f.name for calls in settings.values() for of in calls.values() for f in of.fields}


def setting_rows(spec: Spec, name: str, calls: dict[str, Call]) -> Iterator[ConfigRow]:
    """The lines of one block in Config."""
    alone, block = as_only_one(spec, name), spec.optimizers[name]
    yield from optimizer_rows(alone, calls["optimizer"])
    for field in calls["own"].fields:
        by_value = block.gradient_clip_algorithm == "value"
        clips_value = by_value and field.argument == "gradient_clip_val"
        meaning = "largest absolute value of its gradients" if clips_value else None
        yield config_row(field, meaning or _MEANINGS[field.argument])
    waits = block.accumulate_grad_batches > 1 or block.every_n_steps > 1
    in_steps = block.scheduler is not None and block.scheduler.interval == "step"
    steps = "optimizer steps" if waits and in_steps else None
    yield from scheduler_rows(alone, calls["scheduler"], steps)


def block_bounds(spec: Spec, name: str, calls: dict[str, Call]) -> Iterator[tuple[str, str]]:
    """The bounds of the settings, as those of the options of the same name."""
    alone, block = as_only_one(spec, name), spec.optimizers[name]
    yield from argument_bounds(calls["optimizer"].fields, "optimizers", block.optimizer.name)
    bounds = setting_bounds(alone)
    for field in calls["own"].fields:
        count = field.argument != "gradient_clip_val"
        option = "accumulate_grad_batches" if count else field.argument
        yield field.name, bounds[option]
    scheduler = block.scheduler.name if block.scheduler else None
    yield from argument_bounds(calls["scheduler"].fields, "schedulers", scheduler)
