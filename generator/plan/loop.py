"""Decides on the training loop: its length, its events and what is saved."""

from __future__ import annotations

from lgen.plan.decisions import Code, Decisions, arguments, literal
from lgen.plan.devices import is_distributed
from lgen.plan.loaders import length_known, runs_stage
from lgen.spec.options import Spec
from lgen.spec.saving import Checkpoint
from lgen.user_code.classes import UserClass, UserData

DEFAULT_MAX_EPOCHS = 1000  # Lightning's, where no limit is given
DEFAULT_FILENAME = "{epoch}-{step}"


def max_epochs(spec: Spec) -> int | None:
    """The last epoch, None where only max_steps ends the run."""
    if spec.max_epochs is None and spec.max_steps == -1:
        return DEFAULT_MAX_EPOCHS
    return spec.max_epochs


def validates_within_epoch(spec: Spec) -> bool:
    """Whether a validation can fall before the epoch's end."""
    interval = spec.val_check_interval
    return isinstance(interval, int) or interval != 1.0 or spec.check_val_every_n_epoch is None


def loop(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """The length of training, and where logging, validation and stops fall."""
    epochs = max_epochs(spec)
    validation = runs_stage(spec, module, data, "val")
    within = validation and validates_within_epoch(spec)
    accumulate = spec.accumulate_grad_batches > 1
    every_n = spec.check_val_every_n_epoch
    files = bool(spec.loggers)
    unscales = spec.gradient_clip_val is not None or "on_before_optimizer_step" in module.hooks
    named = [module.steps["training_step"], *module.hooks.values()]
    flags = {
        # a stream that is neither cut, validated within nor saved needs no count
        "counts_batches": length_known(spec, data)
        or within
        or spec.checkpoint is not None
        or any("batch_idx" in (*step.arguments, *step.keyword_only) for step in named),
        "accumulate": accumulate,
        "clip": spec.gradient_clip_val is not None,
        "clip_norm": spec.gradient_clip_val is not None and spec.gradient_clip_algorithm == "norm",
        "clip_value": spec.gradient_clip_val is not None
        and spec.gradient_clip_algorithm == "value",
        "unscales": spec.precision == "16-mixed" and unscales,
        "raise_nonfinite": spec.on_nonfinite == "raise",
        "skip_nonfinite": spec.on_nonfinite == "skip",
        "max_epochs_set": epochs is not None,
        # only early stopping waits for them
        "min_epochs_set": spec.min_epochs is not None and spec.early_stopping is not None,
        "min_steps_set": spec.min_steps is not None and spec.early_stopping is not None,
        "val_within_epoch": within,
        "val_at_epoch_end": validation and not within,
        "val_every_n": validation and every_n is not None and every_n > 1,
        "val_across_epochs": within and every_n is None,
        "val_interval_share": within and isinstance(spec.val_check_interval, float),
        "val_interval_count": within and isinstance(spec.val_check_interval, int),
        "csv": "csv" in spec.loggers,
        "tensorboard": "tensorboard" in spec.loggers,
        "files": files,
        "logs": files or spec.enable_progress_bar,
        "bar": spec.enable_progress_bar,
        "summary": spec.enable_model_summary,
        "seed_drawn": spec.seed is None,
    }
    names = {
        "EPOCHS": "count(epoch)" if epochs is None else "range(epoch, cfg.max_epochs)",
        "BAR_TOTAL": _bar_total(length_known(spec, data), epochs),
        "REPORT": "bar.write" if spec.enable_progress_bar else "print",
        "INTERVAL_TYPE": type(spec.val_check_interval).__name__,
        "VALIDATION_DUE": _validation_due(spec),
        "STEPS_PER_EPOCH": "steps_per_epoch" if accumulate else "num_batches",
    }
    values = {
        "clip_meaning": (
            "largest norm of all gradients together"
            if spec.gradient_clip_algorithm == "norm"
            else "largest absolute value of a gradient"
        ),
        "interval_meaning": (
            "batches between validations"
            if isinstance(spec.val_check_interval, int)
            else "share of the epoch between validations"
        ),
        "seed": -1 if spec.seed is None else spec.seed,
        "log_arguments": arguments(
            "csv_logger" if "csv" in spec.loggers else "",
            "tensorboard" if "tensorboard" in spec.loggers else "",
            **({"tensorboard": "tensorboard"} if "tensorboard" in spec.loggers else {}),
        ),
        "max_epochs": epochs,
    }
    for name in (
        "batch_size num_workers accumulate_grad_batches gradient_clip_val max_steps min_epochs"
        " min_steps val_check_interval check_val_every_n_epoch log_every_n_steps default_root_dir"
    ).split():
        values[name] = getattr(spec, name)
    return Decisions(flags, names, values)


def _bar_total(known: bool, epochs: int | None) -> str:
    """The number of steps of the whole run, None where only the data knows."""
    if known or epochs is None:
        return "total_steps"
    return "cfg.max_steps if cfg.max_steps > 0 else None"


def _validation_due(spec: Spec) -> str:
    """The condition of a validation at a step boundary within the epoch."""
    accumulate = spec.accumulate_grad_batches > 1
    done, before = "batch_idx", "first_batch_idx"
    if spec.check_val_every_n_epoch is None:
        done, before = "(batches_done + batch_idx)", "(batches_done + first_batch_idx)"
    if accumulate:
        due = f"{done} // val_interval > {before} // val_interval"
    else:
        due = f"{done} % val_interval == 0"
    if (spec.check_val_every_n_epoch or 1) > 1:
        due += " and (epoch + 1) % cfg.check_val_every_n_epoch == 0"
    return due


def stopping(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """Early stopping, and the conditions under which the loops are left."""
    early = spec.early_stopping
    validation = runs_stage(spec, module, data, "val")
    within = early is not None and (
        validation and validates_within_epoch(spec) or spec.min_steps is not None
    )
    sized = not data.sources["train"].iterable
    stopped = "0 <= cfg.max_steps <= step"
    if within:
        stopped += " or " + _may_stop(spec, "epoch")
    unsaved = "batch_idx < num_batches" if sized else f"({stopped})"
    given = spec.checkpoint
    if (
        given is not None
        and (given.every_n_train_steps is not None or given.train_time_interval is not None)
        or validation
        and validates_within_epoch(spec)
    ):
        # an interval may have fallen on the same step
        unsaved += " and checkpoints.step < step"
    return Decisions(
        flags={
            "early_stopping": early is not None,
            "early_within_epoch": within,
            "early_check_finite_off": early is not None and not early.check_finite,
            "stopping_threshold_set": early is not None and early.stopping_threshold is not None,
            "divergence_threshold_set": early is not None
            and early.divergence_threshold is not None,
        },
        names={
            "MAY_STOP": _may_stop(spec, "epoch + 1"),
            "MAY_STOP_WITHIN": _may_stop(spec, "epoch"),
            "STOP_DUE": stopped,
            "STOPPED": "batch_idx < num_batches" if sized else "stopped",
            "STOP_UNSAVED": unsaved,
        },
        values={
            "early_monitor": early.monitor if early else "",
            "early_mode": early.mode if early else "",
            "patience": early.patience if early else 0,
            "min_delta": early.min_delta if early else 0.0,
            "stopping_threshold": early.stopping_threshold if early else None,
            "divergence_threshold": early.divergence_threshold if early else None,
        },
    )


def _may_stop(spec: Spec, epochs: str) -> str:
    """The condition under which early stopping ends the run after so many epochs."""
    conditions = ["early_stopping.should_stop"]
    if spec.min_steps is not None:
        conditions.append("step >= cfg.min_steps")
    if spec.min_epochs is not None:
        conditions.append(f"{epochs} >= cfg.min_epochs")
    return conditions[0] if len(conditions) == 1 else f"({' and '.join(conditions)})"


def _epochs_done(spec: Spec, data: UserData) -> str:
    """The condition under which a resumed run has nothing left to do."""
    ended = ["0 <= cfg.max_steps <= step"]
    if spec.early_stopping is not None:
        ended.append(_may_stop(spec, "epoch"))
    done = " or ".join(ended)
    if data.sources["train"].iterable:
        return done if max_epochs(spec) is None else f"epoch >= cfg.max_epochs or {done}"
    done = f"batch_idx < num_batches and {done if len(ended) == 1 else f'({done})'}"
    return done if max_epochs(spec) is None else f"epoch >= cfg.max_epochs or ({done})"


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


def saving(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """What is saved, when, and under which names; the run's folder."""
    given = spec.checkpoint
    predict = runs_stage(spec, module, data, "predict")
    monitor = given.monitor if given else None
    validation = runs_stage(spec, module, data, "val")
    ranking = "{}"
    if validation and not validates_within_epoch(spec):
        ranking = "val_metrics"
    every_n = given.every_n_epochs if given else None
    conditional = given is not None and every_n != 1
    due = []
    if validation and not validates_within_epoch(spec):
        due.append("val_metrics")
    if every_n is not None:
        due.append("(epoch + 1) % cfg.every_n_epochs == 0")
    if max_epochs(spec) is not None:
        due.append("epoch + 1 == cfg.max_epochs")
    due.append("0 <= cfg.max_steps <= step")
    if spec.early_stopping is not None:
        due.append("early_stopping.should_stop")
    folder = given is not None or bool(spec.loggers) or predict
    # without last.ckpt, what a monitor has not ranked is not kept
    saves_between = given is not None and (given.save_last or monitor is None)
    by_time = saves_between and given is not None and given.train_time_interval is not None
    return Decisions(
        flags={
            "checkpoint": given is not None,
            "monitored": monitor is not None,
            "has_checkpoint_fields": monitor is not None
            or given is not None
            and (
                (conditional and every_n is not None)
                or given.every_n_train_steps is not None
                or by_time
            ),
            "weights_only": given is not None and given.save_weights_only,
            "save_conditionally": conditional,
            "save_every_n_epochs": conditional and every_n is not None,
            "save_every_n_steps": given is not None and given.every_n_train_steps is not None,
            "save_by_time": by_time,
            "saves_between": saves_between,
            "run_folder": folder,
            "run_folder_only": folder and given is None,
            "init_from": spec.init_from is not None,
        },
        names={
            "CHECKPOINTS": "ShardedCheckpoints" if spec.strategy == "fsdp" else "Checkpoints",
            "SAVE": "save_shards" if spec.strategy == "fsdp" else "save",
            "EPOCH_RANKING": ranking,
            "EPOCH_SAVE_DUE": " or ".join(due),
            "EPOCHS_DONE": _epochs_done(spec, data),
        },
        values={
            "monitor": monitor,
            "save_top_k": given.save_top_k if given else 0,
            "every_n_epochs": every_n or 0,
            "every_n_train_steps": (given.every_n_train_steps if given else None) or 0,
            "train_time_interval": (given.train_time_interval if given else None) or 0.0,
            "checkpoints_arguments": _checkpoints_arguments(given),
            "init_path": spec.init_from.path if spec.init_from else "",
            "init_strict": spec.init_from.strict if spec.init_from else True,
            "restored": arguments(
                **({} if spec.strategy == "fsdp" else {"optimizer": "optimizer"}),
                **({"scaler": "scaler"} if spec.precision == "16-mixed" else {}),
                **({"early_stopping": "early_stopping"} if spec.early_stopping else {}),
            ),
            "rank_arguments": arguments(
                seed="cfg.seed",
                **({"rank": "rank", "world_size": "world_size"} if is_distributed(spec) else {}),
            ),
        },
    )


__all__ = ["literal", "loop", "max_epochs", "saving", "stopping", "validates_within_epoch"]
