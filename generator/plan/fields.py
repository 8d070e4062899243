"""Decides which settings become fields of Config, and the calls that use them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from lgen.plan.bounds import argument_bounds, setting_bounds
from lgen.plan.decisions import Code, Decisions, arguments, literal
from lgen.plan.finetuning import backbone_settings
from lgen.plan.meanings import optimizer_rows, scheduler_rows
from lgen.spec.options import Spec
from lgen.spec.parts import Optimizer, Scheduler
from lgen.spec.predicates import decays_at_the_end, sets_rates
from lgen.tables.torch_optim import Kind
from lgen.tables.torch_optim import arguments as arguments_of
from lgen.user_code.classes import UserClass, UserData

# names that Config or main() use for themselves
RESERVED = frozenset("""
    task resume init_from default_root_dir seed batch_size num_workers limit_train_batches
    limit_val_batches limit_test_batches limit_predict_batches accumulate_grad_batches
    accumulation_schedule gradient_clip_val max_epochs max_steps min_epochs min_steps max_time
    val_check_interval
    check_val_every_n_epoch num_sanity_val_steps log_every_n_steps save_top_k every_n_epochs
    every_n_train_steps train_time_interval layer_decay ema_decay ema_update_every_n_steps
    swa_epoch_start swa_lrs annealing_epochs patience min_delta unfreeze_backbone_at_epoch
    backbone_multiplier backbone_initial_ratio_lr backbone_initial_lr warmup_steps decay_steps
    scheduler_frequency
    """.split())
SIMPLE_TYPES = {"int", "float", "str", "bool"}


@dataclass(frozen=True)
class ConfigField:
    """A field of Config: name, type and default, and the argument that it is passed as."""

    name: str
    type: str
    default: Any
    argument: str


@dataclass(frozen=True)
class Call:
    """The fields that the arguments of one call bring, and the call's argument list."""

    fields: tuple[ConfigField, ...]
    arguments: Code


def call(
    args: Mapping[str, Any],
    prefix: str,
    taken: set[str],
    types: Mapping[str, str],
    literals: Collection[str] = (),
) -> Call:
    """A call whose plain arguments are fields of Config.

    A name that is taken gets the prefix; a mapping or a nested list stays a literal in the call,
    and so do the `literals`, whose change would do nothing.
    Adds the names of the fields to `taken`.
    """
    fields = []
    texts: dict[str, str] = {}
    for argument, value in args.items():
        value = _as_tuple(value)
        field_type = _field_type(value, types.get(argument))
        if field_type is None or argument in literals:
            texts[argument] = literal(value)
            continue
        name = argument
        while name in taken:
            name = f"{prefix}_{name}"
        taken.add(name)
        fields.append(ConfigField(name, field_type, _of_type(value, field_type), argument))
        texts[argument] = f"cfg.{name}"
    return Call(tuple(fields), arguments(**texts))


def _as_tuple(value: Any) -> Any:
    """A flat list as a tuple, which a dataclass takes as a default; else the value."""
    if isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value):
        return tuple(value)
    return value


def _field_type(value: Any, annotation: str | None) -> str | None:
    """The type of a field with this value, None where it is no field."""
    if (
        annotation in SIMPLE_TYPES
        and not isinstance(value, (dict, list, tuple))
        and value is not None
    ):
        return annotation
    if value is None:
        known = annotation is not None and annotation.replace(" ", "").endswith("|None")
        return annotation if known else None
    if isinstance(value, tuple):
        kinds = sorted({_scalar_type(item) for item in value})
        if not value or len(kinds) > 1 and kinds != ["float", "int"]:
            return None
        if len(value) == 2:
            return f"tuple[{', '.join(_scalar_type(item) for item in value)}]"
        return f"tuple[{kinds[0]}, ...]"
    if isinstance(value, (list, dict)):
        return None
    return _scalar_type(value)


def _scalar_type(value: Any) -> str:
    return type(value).__name__


def _of_type(value: Any, field_type: str) -> Any:
    """The value in the type of its field: an int where a float is declared becomes one."""
    return float(value) if field_type == "float" and isinstance(value, int) else value


def parameter_types(user_class: UserClass | UserData) -> dict[str, str]:
    """The annotations of a class's constructor, by parameter."""
    if user_class.constructor is None:
        return {}
    return {p.name: p.annotation for p in user_class.constructor.parameters if p.annotation}


def torch_types(kind: Kind, part: Optimizer | Scheduler | None) -> dict[str, str]:
    """The plain types that torch gives the arguments of an optimizer or scheduler.

    Of an optimizer that is not torch's those that are floats everywhere.
    """
    if isinstance(part, Optimizer) and part.module:
        return dict.fromkeys(("lr", "eps", "momentum", "weight_decay"), "float")
    rows = arguments_of(kind, part.name) if part and part.name else {}
    return {name: row["type"] for name, row in rows.items() if row.get("type") in SIMPLE_TYPES}


def fields(
    spec: Spec,
    module: UserClass,
    data: UserData,
    optimizer_args: Mapping[str, Any],
    scheduler_args: Mapping[str, Any],
    of_blocks: Collection[str],
) -> Decisions:
    """The fields that arguments of the optimizer, scheduler, module and data bring.

    `of_blocks` are the names of the fields that several optimizers have.
    """
    taken = {*RESERVED, *of_blocks}
    bound = {"lr"} if sets_rates(spec) else set()
    types = torch_types("optimizers", spec.optimizer)
    optimizer = call(optimizer_args, "optimizer", taken, types, bound)
    scheduler = call(scheduler_args, "scheduler", taken, torch_types("schedulers", spec.scheduler))
    model = call(spec.module.args, "model", taken, parameter_types(module))
    dataset = call(spec.data.args, "data", taken, parameter_types(data))

    def rows(of: Call) -> list[tuple[str, str, Any]]:
        return [(field.name, field.type, field.default) for field in of.fields]

    overridable = ", ".join(f'"{f.argument}": cfg.{f.name}' for f in optimizer.fields)
    waits = spec.scheduler is not None and spec.scheduler.frequency > 1
    of_schedule = [*(f.name for f in scheduler.fields), *["scheduler_frequency"] * waits]
    schedule = ", ".join(f'"{name}": cfg.{name}' for name in of_schedule)
    lr = [f.name for f in optimizer.fields if f.argument == "lr"]
    of_backbone = [*lr, *backbone_settings(spec), *of_schedule]
    backbone = ", ".join(f'"{name}": cfg.{name}' for name in of_backbone)
    return Decisions(
        flags={
            "has_schedule_settings": bool(of_schedule),
            "has_model_fields": bool(model.fields),
            "has_optimizer_fields": bool(optimizer.fields),
            "has_scheduler_fields": bool(scheduler.fields)
            or warms_up(spec)
            or decays_at_the_end(spec)
            or waits,
        },
        names={
            "OVERRIDES": "{" + overridable + "}",
            "SCHEDULE_SETTINGS": "{" + schedule + "}",
            "BACKBONE_SETTINGS": "{" + backbone + "}",
        },
        values={
            "model_fields": rows(model),
            "data_fields": rows(dataset),
            "optimizer_fields": list(optimizer_rows(spec, optimizer)),
            "scheduler_fields": list(scheduler_rows(spec, scheduler)),
            "model_arguments": model.arguments,
            "data_arguments": dataset.arguments,
            "optimizer_arguments": optimizer.arguments,
            "scheduler_arguments": scheduler.arguments,
            "bounds": setting_bounds(spec),
            "optimizer_bounds": argument_bounds(
                optimizer.fields, "optimizers", spec.optimizer.name if spec.optimizer else None
            ),
            "scheduler_bounds": argument_bounds(
                scheduler.fields, "schedulers", spec.scheduler.name if spec.scheduler else None
            ),
        },
    )


def warms_up(spec: Spec) -> bool:
    """Whether the learning rate starts with a linear warmup."""
    return spec.scheduler is not None and spec.scheduler.warmup_steps > 0
