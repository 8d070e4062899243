"""Decides on the project's own tests, requirements and launch file."""

from __future__ import annotations

from lgen.plan.decisions import Decisions, arguments
from lgen.plan.devices import is_distributed
from lgen.plan.loaders import runs_stage
from lgen.plan.loop import max_epochs
from lgen.spec.options import Spec
from lgen.user_code.classes import UserClass, UserData

# enough for a loss to fall by half in most projects, in seconds
_OVERFIT_STEPS = 60
_STEPS = 8


def project_files(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """What the emitted tests run."""
    world_size = min(spec.devices * spec.num_nodes, 2) if is_distributed(spec) else 1
    val = data.sources.get("val")
    validated = runs_stage(spec, module, data, "val")
    early = {"patience": str(_OVERFIT_STEPS)} if spec.early_stopping else {}
    warmup = {"warmup_steps": "1"} if spec.scheduler and spec.scheduler.warmup_steps else {}
    workers = {} if spec.persistent_workers else {"num_workers": "0"}
    length = "max_steps" if max_epochs(spec) is None else "max_epochs"
    checkpoint = spec.checkpoint
    within_epoch: dict[str, str] = {}
    if checkpoint and checkpoint.train_time_interval is not None:
        within_epoch = {"train_time_interval": "1e-6", "log_every_n_steps": "1"}
    elif checkpoint and checkpoint.every_n_train_steps is not None:
        within_epoch = {"every_n_train_steps": "3"}
    seed = {"seed": "0"} if spec.seed is None else {}
    rooted = (
        checkpoint is not None or bool(spec.loggers) or runs_stage(spec, module, data, "predict")
    )
    run = {"max_steps": str(_STEPS)} | within_epoch if within_epoch else {length: "2"}
    return Decisions(
        flags={
            "resumes": checkpoint is not None
            and checkpoint.save_last
            and not checkpoint.save_weights_only,
            "test_replaces_validation": validated
            and val is not None
            and val.kind == "dataset"
            and not val.iterable
            and not val.several,
        },
        names={"FOLDER": "folder" if rooted else "_"},
        values={
            "test_root": arguments(**({"default_root_dir": "folder"} if rooted else {})),
            "test_world_size": world_size,
            "test_samples": spec.batch_size * world_size,
            "overfit_first": arguments(**{length: "1"}, **early, **warmup, **workers),
            "overfit_last": arguments(
                **{length: str(_OVERFIT_STEPS)}, **early, **warmup, **workers
            ),
            "resume_settings": arguments(**run, **warmup, **seed),
        },
    )
