"""Says in Config what a setting means that is an argument of an optimizer or a scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lgen.render.values import literal
from lgen.spec.options import Spec
from lgen.spec.parts import Scheduler
from lgen.tables.torch_meanings import meaning

if TYPE_CHECKING:
    from lgen.plan.fields import Call, ConfigField

ConfigRow = tuple[str, str, Any, str]  # name, type, default and meaning
_COLUMNS = 100


def config_row(field: ConfigField, meaning: str) -> ConfigRow:
    """The line of a field that has a meaning."""
    return field.name, field.type, field.default, meaning


def optimizer_rows(spec: Spec, call: Call) -> Iterator[ConfigRow]:
    """The lines of the optimizer's arguments."""
    if spec.optimizer is None:
        return
    for field in call.fields:
        known = meaning("optimizers", spec.optimizer.name, field.argument)
        yield _fitting_row(field, known, spec.optimizer.class_name)


def scheduler_rows(spec: Spec, call: Call, steps: str | None = None) -> Iterator[ConfigRow]:
    """The lines of the scheduler's arguments; `steps` is what it counts, else its intervals."""
    if spec.scheduler is None or spec.scheduler.name is None:
        return
    counted = steps or _counted(spec, spec.scheduler)
    for field in call.fields:
        known = meaning("schedulers", spec.scheduler.name, field.argument, counted)
        yield _fitting_row(field, known, spec.scheduler.name)


def _counted(spec: Spec, scheduler: Scheduler) -> str:
    """What the scheduler's arguments count."""
    if scheduler.frequency > 1:
        return "scheduler steps"
    waits = scheduler.name == "ReduceLROnPlateau" and spec.check_val_every_n_epoch != 1
    if waits and scheduler.interval == "epoch":
        return "validated epochs"
    return f"{scheduler.interval}s"


def _fitting_row(field: ConfigField, known: str | None, class_name: str) -> ConfigRow:
    """The line of an argument: what it means where that is known and fits, else whose it is."""
    general = f"argument of {class_name}"
    if known is None:
        return config_row(field, general)
    room = _COLUMNS - len(f"    {field.name}: {field.type} = {literal(field.default)}  # ")
    # where neither fits the value is spread over lines
    return config_row(field, general if len(general) <= room < len(known) else known)
