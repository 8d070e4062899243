"""Decides what is saved, when, and under which names."""

from __future__ import annotations

from lgen.plan.decisions import Code, Decisions, arguments, literal
from lgen.plan.devices import is_distributed
from lgen.plan.loaders import runs_stage
from lgen.plan.stopping import epochs_done, is_over
from lgen.spec.options import Spec
from lgen.spec.predicates import keeps_files, max_epochs, validates_within_epoch
from lgen.spec.saving import Checkpoint
from lgen.user_code.classes import UserClass, UserData

DEFAULT_FILENAME = "{epoch}-{step}"

# what writes them, by strategy
_CHECKPOINTS = {
    "single": "Checkpoints",
    "ddp": "DistributedCheckpoints",
    "fsdp": "ShardedCheckpoints",
}


def _checkpoints_arguments(given: Checkpoint | None) -> Code:
    """What ranks and names the files, where it is no default of the runtime's class."""
    if given is None:
        return Code("")
    texts: dict[str, str] = {}
    if given.monitor is not None:
        texts = {"monitor": literal(given.monitor), "mode": literal(given.mode)}
        texts["save_top_k"] = "cfg.save_top_k"
    elif given.save_top_k == -1:
        texts["save_top_k"] = "-1"
    if not given.save_last:
        texts["save_last"] = "False"
    if given.filename != DEFAULT_FILENAME:
        texts["filename"] = literal(given.filename)
    return arguments(**texts)


def _save_arguments(epoch: str, ranks: bool, metrics: str = "{}") -> Code:
    """The epoch that follows, and what ranks the checkpoint where any is ranked."""
    return arguments(epoch, metrics if ranks else "")


def restored_parts(spec: Spec, prefix: str = "") -> list[str]:
    """The optimizer and the scaler that a checkpoint's states are put back into."""
    plain, scaled = spec.strategy != "fsdp", spec.precision == "16-mixed"
    return [*[f"{prefix}optimizer"] * plain, *[f"{prefix}scaler"] * scaled]


def saving(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """What is saved, when, and under which names; the run's folder."""
    restored = [] if spec.optimizers else restored_parts(spec)
    restored += ["early_stopping"] * (spec.early_stopping is not None)
    given = spec.checkpoint
    predict = runs_stage(spec, module, data, "predict")
    monitor = given.monitor if given else None
    asynchronous = given is not None and given.async_save
    validation = runs_stage(spec, module, data, "val")
    folder = keeps_files(spec) or predict
    # without last.ckpt, what a monitor has not ranked is not kept
    saves_between = given is not None and (given.save_last or monitor is None)
    every_n = given.every_n_epochs if given is not None and saves_between else None
    ranks = given is not None and (monitor is not None or given.save_top_k == -1)
    ranks_epochs = validation and not validates_within_epoch(spec)
    due = ["val_metrics"] * ranks_epochs
    if every_n is not None:
        due.append("(epoch + 1) % cfg.every_n_epochs == 0")
    if saves_between:
        due += ["epoch + 1 == cfg.max_epochs"] * (max_epochs(spec) is not None)
        due.append(is_over(spec, data, "epoch + 1"))
    skips_validations = (spec.check_val_every_n_epoch or 1) > 1
    conditional = every_n != 1 if saves_between else skips_validations
    by_time = saves_between and given is not None and given.train_time_interval is not None
    saves_epochs = given is not None and (saves_between or ranks_epochs)
    return Decisions(
        flags={
            "checkpoint": given is not None,
            "ranks_files": ranks,
            "monitored": monitor is not None,
            "has_checkpoint_fields": monitor is not None
            or given is not None
            and (
                (conditional and every_n is not None)
                or given.every_n_train_steps is not None
                or by_time
            ),
            "weights_only": given is not None and given.save_weights_only,
            "save_last": given is not None and given.save_last,
            "async_save": asynchronous,
            "save_conditionally": conditional,
            "save_every_n_epochs": conditional and every_n is not None,
            "save_every_n_steps": given is not None and given.every_n_train_steps is not None,
            "save_by_time": by_time,
            "saves_between": saves_between,
            "saves_epochs": saves_epochs,
            "keeps_val_metrics": saves_epochs
            and ranks_epochs
            and skips_validations
            and (ranks or conditional),
            "run_folder": folder,
            "scratch": bool(spec.fast_dev_run),
            "save_hyperparameters": spec.save_hyperparameters,
            "log_hyperparameters": spec.save_hyperparameters and "tensorboard" in spec.loggers,
            "save_code": spec.save_code,
            "snapshots": spec.save_hyperparameters or spec.save_code,
            "run_folder_only": folder and given is None,
            "init_from": spec.init_from is not None,
        },
        names={
            "CHECKPOINTS": "Async" * asynchronous + _CHECKPOINTS[spec.strategy],
            "SAVE": "save_shards" if spec.strategy == "fsdp" else "save",
            "EPOCH_SAVE_DUE": " or ".join(due),
            "EPOCHS_DONE": epochs_done(spec, data),
        },
        values={
            "monitor": monitor,
            "hparams_metric": monitor or "_".join(["train", *[*spec.optimizers][:1], "loss"]),
            "save_top_k": given.save_top_k if given else 0,
            "every_n_epochs": every_n or 0,
            "every_n_train_steps": (given.every_n_train_steps if given else None) or 0,
            "train_time_interval": (given.train_time_interval if given else None) or 0.0,
            "save_unranked": _save_arguments("epoch", ranks),
            "save_validated": _save_arguments("epoch", ranks, "val_metrics"),
            "save_epoch": _save_arguments(
                "epoch + 1", ranks, "val_metrics" if ranks_epochs else "{}"
            ),
            "save_arguments": arguments(
                epoch="epoch", step="step", **({"metrics": "metrics"} if ranks else {})
            ),
            "checkpoints_arguments": _checkpoints_arguments(given),
            "init_path": spec.init_from.path if spec.init_from else "",
            "init_strict": spec.init_from.strict if spec.init_from else True,
            "restored": arguments(**{name: name for name in restored}),
            "rank_arguments": arguments(
                seed="cfg.seed",
                **({"rank": "rank", "world_size": "world_size"} if is_distributed(spec) else {}),
            ),
        },
    )
