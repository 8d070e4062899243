"""Decides on the project's own tests, requirements and launch file."""

from __future__ import annotations

from lgen.plan.commands import number_of_processes
from lgen.plan.decisions import Decisions, arguments
from lgen.plan.devices import is_distributed
from lgen.plan.loaders import is_limited, runs_stage
from lgen.spec.options import Spec
from lgen.spec.predicates import (
    accumulates,
    accumulation_schedule,
    keeps_files,
    max_epochs,
    saves_state,
)
from lgen.user_code.classes import UserClass, UserData

# of one batch, enough for its loss to fall by half in most projects, in seconds
_BATCHES = 20
_EPOCHS = 10
_STEPS = 8


def project_files(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """What the emitted tests run."""
    world_size = min(spec.devices * spec.num_nodes, 2) if is_distributed(spec) else 1
    train, val = data.sources["train"], data.sources.get("val")
    validated = runs_stage(spec, module, data, "val")
    length = "max_steps" if max_epochs(spec) is None else "max_epochs"
    overfit = _whole_epochs(spec, validated=validated)
    if spec.early_stopping:
        overfit["patience"] = str(_BATCHES * _EPOCHS)
    warmup = {"warmup_steps": "1"} if spec.scheduler and spec.scheduler.warmup_steps else {}
    workers = {} if spec.persistent_workers else {"num_workers": "0"}
    joins = {"unfreeze_backbone_at_epoch": "1"} if spec.finetuning else {}
    overfit |= {**warmup, **joins, **workers}
    checkpoint = spec.checkpoint
    within_epoch: dict[str, str] = {}
    if checkpoint and checkpoint.train_time_interval is not None:
        within_epoch = {"train_time_interval": "1e-6", "log_every_n_steps": "1"}
    elif checkpoint and checkpoint.every_n_train_steps is not None:
        within_epoch = {"every_n_train_steps": "3"}
    unit = 1 if length == "max_epochs" else _BATCHES
    seed = {"seed": "0"} if spec.seed is None else {}
    rooted = keeps_files(spec) or runs_stage(spec, module, data, "predict")
    run = {"max_steps": str(_STEPS)} | within_epoch if within_epoch else {length: "2"}
    if within_epoch and (max_epochs(spec) or _STEPS) < _STEPS:
        run["max_epochs"] = str(_STEPS)  # an epoch has one step or more
    run |= _limit(spec)
    map_style = train.kind == "dataset" and not train.iterable
    # the losses of several optimizers do not fall together
    overfits = map_style and not spec.optimizers
    # data without a state start the epoch again, perhaps in another order
    resumes = (
        checkpoint is not None
        and checkpoint.save_last
        and saves_state(spec)
        and (map_style or train.has_state_dict)
    )
    shown = ["the script overfits one batch" if overfits else "a run ends with finite metrics"]
    shown += ["a resumed run equals an uninterrupted one"] * resumes
    return Decisions(
        flags={
            "overfits": overfits,
            "resumes": resumes,
            "test_replaces_validation": validated
            and val is not None
            and val.kind == "dataset"
            and not val.iterable
            and not val.several,
        },
        names={"FOLDER": "folder" if rooted else "_"},
        values={
            "test_root": arguments(**({"default_root_dir": "folder"} if rooted else {})),
            "tests_show": "; ".join(shown),
            "test_world_size": world_size,
            "test_processes": number_of_processes(world_size),
            "test_samples": spec.batch_size * world_size,
            "overfit_batches": _BATCHES,
            "overfit_first": arguments(**{length: str(unit)}, **overfit),
            "overfit_last": arguments(**{length: str(unit * _EPOCHS)}, **overfit),
            "resume_settings": arguments(**run, **warmup, **joins, **seed),
        },
    )


def _whole_epochs(spec: Spec, *, validated: bool) -> dict[str, str]:
    """The settings with which each of so many batches is a step, whatever the spec says."""
    settings = {}
    if accumulation_schedule(spec):
        settings["accumulation_schedule"] = "((0, 1),)"
    elif accumulates(spec):
        settings["accumulate_grad_batches"] = "1"
    settings |= _limit(spec)
    if validated and isinstance(spec.val_check_interval, int):
        settings["val_check_interval"] = str(_BATCHES)
    return settings


def _limit(spec: Spec) -> dict[str, str]:
    """The setting with which an epoch has enough batches where the spec limits them."""
    if not is_limited(spec, "train"):
        return {}
    counts = isinstance(spec.limit_train_batches, int)
    return {"limit_train_batches": str(_BATCHES) if counts else "1.0"}
