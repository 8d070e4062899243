"""Decides what values the settings of a run may have: those that the spec allows its options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lgen.spec.allowed import bounds, branches, schema_at
from lgen.spec.options import Spec
from lgen.tables.torch_optim import Kind, arguments

if TYPE_CHECKING:
    from lgen.plan.fields import ConfigField

# the option whose bounds a setting has, where it is not the one of its name
_OPTION = {
    # a limit of 0 turns a stage off, which makes another script
    "limit_val_batches": "limit_train_batches",
    "limit_test_batches": "limit_train_batches",
    "limit_predict_batches": "limit_train_batches",
    "num_sanity_val_steps": "limit_train_batches",
    "warmup_steps": "scheduler.warmup_steps",
    "decay_steps": "scheduler.decay_steps",
    "scheduler_frequency": "scheduler.frequency",
    "save_top_k": "checkpoint.save_top_k",
    "every_n_epochs": "checkpoint.every_n_epochs",
    "every_n_train_steps": "checkpoint.every_n_train_steps",
    "train_time_interval": "checkpoint.train_time_interval",
    "layer_decay": "optimizer.layer_decay.factor",
    "ema_decay": "ema.decay",
    "ema_update_every_n_steps": "ema.update_every_n_steps",
    "swa_epoch_start": "swa.swa_epoch_start",
    "swa_lrs": "swa.swa_lrs",
    "annealing_epochs": "swa.annealing_epochs",
    "unfreeze_backbone_at_epoch": "finetuning.unfreeze_backbone_at_epoch",
    "backbone_multiplier": "finetuning.multiplier",
    "backbone_initial_ratio_lr": "finetuning.backbone_initial_ratio_lr",
    "backbone_initial_lr": "finetuning.backbone_initial_lr",
    "patience": "early_stopping.patience",
    "min_delta": "early_stopping.min_delta",
}
_SETTINGS = (
    "seed batch_size num_workers accumulate_grad_batches gradient_clip_val max_epochs max_steps"
    " min_epochs min_steps max_time limit_train_batches val_check_interval check_val_every_n_epoch"
    " log_every_n_steps"
).split()


def setting_bounds(spec: Spec) -> dict[str, str]:
    """By setting, its bounds as a condition without its left side, such as `> 0 and <= 1`."""
    found = {name: _option_bounds(spec, name) for name in [*_SETTINGS, *_OPTION]}
    if spec.seed is None:
        found["seed"] = ">= -1"  # which draws one
    # torch before 2.13 starts a SequentialLR whose first milestone is 0 with the wrong schedule
    found["warmup_steps"] = ">= 1"
    if spec.persistent_workers:
        found["num_workers"] = ">= 1"  # of none, torch keeps none
    return found


def _option_bounds(spec: Spec, name: str) -> str:
    """The bounds of one setting; of an option that is a count or a share, those of its form."""
    path = _OPTION.get(name, name)
    schema = schema_at(tuple(path.split(".")))
    given: Any = spec
    for part in path.split(".") if "." in path else [name]:
        given = getattr(given, part, None)
    kinds = {int: ("integer",), float: ("number",)}.get(type(given), ("integer", "number"))
    parts = branches(schema or {})
    constants = [f"== {part['const']}" for part in parts if isinstance(part.get("const"), int)]
    ranges = [bounds(part) for part in parts if part.get("type") in kinds and "const" not in part]
    return " or ".join([*constants, *dict.fromkeys(ranges)])


def argument_bounds(
    fields: Iterable[ConfigField], kind: Kind, name: str | None
) -> list[tuple[str, str]]:
    """The settings that are arguments of an optimizer or scheduler and have bounds, with these."""
    rows = arguments(kind, name) if name else {}
    numbers = [field for field in fields if field.type in ("int", "float")]
    found = [(field.name, bounds(rows.get(field.argument, {}))) for field in numbers]
    return [(setting, allowed) for setting, allowed in found if allowed]
