"""Decides on the training loop: its length, its settings and where its events fall."""

from __future__ import annotations

from lgen.plan.decisions import Decisions, arguments
from lgen.plan.devices import is_distributed
from lgen.plan.length import validation_interval
from lgen.plan.loaders import length_known, runs_stage
from lgen.spec.options import Spec
from lgen.spec.predicates import accumulates, max_epochs, validates_within_epoch
from lgen.user_code.classes import UserClass, UserData


def loop(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """The length of training, and where logging, validation and stops fall."""
    epochs = max_epochs(spec)
    validation = runs_stage(spec, module, data, "val")
    within = validation and validates_within_epoch(spec)
    every_n = spec.check_val_every_n_epoch
    files = bool(spec.loggers)
    writes_images = files and module.logs_images
    unscales = spec.gradient_clip_val is not None or "on_before_optimizer_step" in module.hooks
    named = [*module.training_steps, *module.hooks.values()]
    flags = {
        # a stream that is neither cut, validated within nor saved needs no count
        "counts_batches": length_known(spec, data)
        or within
        or spec.checkpoint is not None
        or (accumulates(spec) and "on_before_zero_grad" in module.hooks)
        or any("batch_idx" in (*step.arguments, *step.keyword_only) for step in named),
        "clip": spec.gradient_clip_val is not None,
        "clip_norm": spec.gradient_clip_val is not None and spec.gradient_clip_algorithm == "norm",
        "clip_value": spec.gradient_clip_val is not None
        and spec.gradient_clip_algorithm == "value",
        "unscales": spec.precision == "16-mixed" and unscales,
        "raise_nonfinite": spec.on_nonfinite == "raise",
        "skip_nonfinite": spec.on_nonfinite == "skip",
        "max_epochs_set": epochs is not None,
        "min_epochs_set": spec.min_epochs is not None,
        "min_steps_set": spec.min_steps is not None,
        "val_within_epoch": within,
        "val_at_epoch_end": validation and not within,
        "val_every_n": validation and every_n is not None and every_n > 1,
        "val_across_epochs": within and every_n is None,
        "val_interval_share": within and isinstance(spec.val_check_interval, float),
        "val_interval_count": within and isinstance(spec.val_check_interval, int),
        "csv": "csv" in spec.loggers,
        "tensorboard": "tensorboard" in spec.loggers,
        "files": files,
        "writes_images": writes_images,
        "logs_metrics": bool({"csv", "tensorboard"} & set(spec.loggers)),
        "bar": spec.enable_progress_bar,
        "summary": spec.enable_model_summary,
        "seed_drawn": spec.seed is None,
    }
    names = {
        "EPOCHS": "count(epoch)" if epochs is None else "range(epoch, cfg.max_epochs)",
        "BAR_TOTAL": _bar_total(spec, length_known(spec, data)),
        "REPORT": "bar.write" if spec.enable_progress_bar else "print",
        "INTERVAL_TYPE": type(spec.val_check_interval).__name__,
        "VALIDATION_DUE": _validation_due(spec),
    }
    # one clock decides for all processes, and telling them takes time
    asked = "; asked at logged steps" if is_distributed(spec) else ""
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
        "workers_meaning": "processes that load data"
        + ("" if spec.persistent_workers else "; 0: this one"),
        "minimum_meaning": (
            "no stop by early stopping or max_time before"
            if spec.early_stopping is not None and spec.max_time is not None
            else (
                "no stop by max_time before"
                if spec.max_time is not None
                else "no early stop before"
            )
        ),
        "max_time_meaning": (
            "seconds of the run and its resumed parts" + asked
            if asked
            else "seconds of the whole run, resumed parts included"
        ),
        "train_time_meaning": "seconds between checkpoints" + asked,
        "seed": -1 if spec.seed is None else spec.seed,
        "max_epochs": epochs,
        "summary_arguments": arguments(
            "model",
            **({} if spec.model_summary_depth == 1 else {"depth": str(spec.model_summary_depth)}),
        ),
    }
    for name in (
        "batch_size num_workers gradient_clip_val max_steps min_epochs"
        " min_steps val_check_interval check_val_every_n_epoch log_every_n_steps default_root_dir"
    ).split():
        values[name] = getattr(spec, name)
    return Decisions(flags, names, values)


def _bar_total(spec: Spec, known: bool) -> str:
    """The number of steps of the whole run, None where only the data or the clock knows."""
    if max_epochs(spec) is None and spec.max_steps == -1:
        return "None"
    if known or max_epochs(spec) is None:
        return "total_steps"
    return "cfg.max_steps if cfg.max_steps > 0 else None"


def _validation_due(spec: Spec) -> str:
    """The condition of a validation at a step boundary within the epoch."""
    accumulate = accumulates(spec)
    done, before = "batch_idx", "first_batch_idx"
    if spec.check_val_every_n_epoch is None:
        done, before = "(batches_done + batch_idx)", "(batches_done + first_batch_idx)"
    if accumulate:
        due = f"{done} // {validation_interval(spec)} > {before} // {validation_interval(spec)}"
    else:
        due = f"{done} % {validation_interval(spec)} == 0"
    if (spec.check_val_every_n_epoch or 1) > 1:
        due += " and (epoch + 1) % cfg.check_val_every_n_epoch == 0"
    return due
