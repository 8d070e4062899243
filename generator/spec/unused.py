"""Options that would be accepted and do nothing: each is refused, with what it waits for."""

from __future__ import annotations

from lgen.spec.options import Spec
from lgen.spec.parts import Scheduler, Swa
from lgen.spec.predicates import decays_at_the_end, plateau
from lgen.spec.rule import Rule
from lgen.spec.saving import Checkpoint

_DEFAULT = Checkpoint()
_SWA = Swa()
_SCHEDULER = Scheduler.model_validate({})


def _ranks(checkpoint: Checkpoint) -> bool:
    """Whether files are kept beside last.ckpt."""
    if checkpoint.monitor is None:
        return checkpoint.save_top_k == -1
    return checkpoint.save_top_k != 0


def _names_unranked(spec: Spec) -> bool:
    """Whether a file name is given, and no file has it."""
    given = spec.checkpoint
    return given is not None and not _ranks(given) and given.filename != _DEFAULT.filename


def _saves_between(spec: Spec) -> bool:
    """Whether states are saved between validations, and neither last.ckpt nor a rank is theirs."""
    given = spec.checkpoint
    if given is None or given.save_last or given.monitor is None:
        return False
    return (
        given.every_n_train_steps is not None
        or given.every_n_epochs != _DEFAULT.every_n_epochs
        or given.train_time_interval != _DEFAULT.train_time_interval
    )


def _without_a_stop(minimum: str) -> Rule:
    """The rule of a minimum of steps or epochs that holds nothing back."""
    return Rule(
        f"{minimum.replace('_', '-')}-early-stopping",
        (minimum, "early_stopping", "max_time"),
        lambda s: getattr(s, minimum) is not None
        and s.early_stopping is None
        and s.max_time is None,
        f"{minimum} holds early stopping and max_time back, and there is none",
        f"add early_stopping: {{monitor: val_loss}}, or remove {minimum}",
    )


UNUSED: tuple[Rule, ...] = (
    Rule(
        "fsdp-needs-strategy",
        ("fsdp", "strategy"),
        lambda s: s.strategy != "fsdp" and s.fsdp != type(s.fsdp)(),
        "fsdp: says how a model is sharded, and this strategy shards nothing",
        "set strategy: fsdp, or remove fsdp",
    ),
    Rule(
        "fsdp-reshard-wrap",
        ("fsdp.reshard_after_forward", "fsdp.wrap"),
        lambda s: not s.fsdp.reshard_after_forward and not s.fsdp.wrap,
        "the whole model stays gathered for its backward pass anyway; reshard_after_forward is "
        "about the classes in wrap",
        "name classes in wrap, or remove reshard_after_forward",
    ),
    Rule(
        "sync-batchnorm-processes",
        ("sync_batchnorm", "strategy"),
        lambda s: s.sync_batchnorm and s.strategy != "ddp",
        "sync_batchnorm shares statistics between the copies of ddp",
        "set strategy: ddp, or remove sync_batchnorm",
    ),
    Rule(
        "partial-window-accumulation",
        ("partial_window", "accumulate_grad_batches"),
        lambda s: s.partial_window == "actual" and s.accumulate_grad_batches == 1,
        "a window of one batch is never partial",
        "set accumulate_grad_batches: 2 or more, or remove partial_window",
    ),
    Rule(
        "partial-window-weighted",
        ("partial_window", "batch_weight"),
        lambda s: s.partial_window == "actual" and s.batch_weight is not None,
        "batch_weight divides each window by what its batches weigh, the last one too",
        "remove partial_window",
    ),
    Rule(
        "clip-algorithm-value",
        ("gradient_clip_algorithm", "gradient_clip_val"),
        lambda s: s.gradient_clip_val is None and s.gradient_clip_algorithm != "norm",
        "gradient_clip_algorithm says how gradients are limited, and no limit is set",
        "set gradient_clip_val: 1.0, or remove gradient_clip_algorithm",
    ),
    Rule(
        "depth-of-no-summary",
        ("model_summary_depth", "enable_model_summary"),
        lambda s: s.model_summary_depth != 1 and not s.enable_model_summary,
        "model_summary_depth is about a summary that is turned off",
        "remove one of the two",
    ),
    Rule(
        "device-stats-logger",
        ("device_stats", "loggers"),
        lambda s: s.device_stats and not s.loggers,
        "device_stats are columns of the loggers, and there is none",
        "add a logger, or remove device_stats",
    ),
    Rule(
        "layer-norms-logger",
        ("track_grad_norm.by_layer", "loggers"),
        lambda s: s.track_grad_norm is not None and s.track_grad_norm.by_layer and not s.loggers,
        "the bar shows the norm of all gradients only, and nothing else is written",
        "add a logger, or remove by_layer",
    ),
    Rule(
        "monitor-plateau",
        ("scheduler.monitor", "scheduler"),
        lambda s: s.scheduler is not None and not plateau(s) and s.scheduler.monitor is not None,
        "only ReduceLROnPlateau watches a metric",
        "remove monitor from scheduler",
    ),
    Rule(
        "decay-schedule",
        ("scheduler.decay_steps", "scheduler.decay_shape", "scheduler"),
        lambda s: s.scheduler is not None
        and not decays_at_the_end(s)
        and (s.scheduler.decay_steps, s.scheduler.decay_shape)
        != (_SCHEDULER.decay_steps, _SCHEDULER.decay_shape),
        "decay_steps and decay_shape are about the end of WSD",
        "set name: WSD in scheduler, or remove them",
    ),
    Rule(
        "annealing-rates",
        ("swa.annealing_epochs", "swa.annealing_strategy", "swa.swa_lrs"),
        lambda s: s.swa is not None
        and s.swa.swa_lrs is None
        and (s.swa.annealing_epochs, s.swa.annealing_strategy)
        != (_SWA.annealing_epochs, _SWA.annealing_strategy),
        "annealing is the way to swa_lrs, and there is none",
        "set swa_lrs in swa, or remove annealing_epochs and annealing_strategy",
    ),
    Rule(
        "workers-persistent",
        ("persistent_workers", "num_workers"),
        lambda s: s.persistent_workers and s.num_workers == 0,
        "there are no workers to keep",
        "set num_workers: 1 or more, or remove persistent_workers",
    ),
    Rule(
        "pin-memory-device",
        ("pin_memory", "accelerator"),
        lambda s: s.pin_memory is True and s.accelerator in ("cpu", "mps"),
        "torch pins memory for copies to a device such as cuda",
        "set accelerator: cuda or auto, or remove pin_memory",
    ),
    Rule(
        "benchmark-cuda",
        ("benchmark", "accelerator"),
        lambda s: s.benchmark is not None and s.accelerator in ("cpu", "mps"),
        "benchmark is a setting of cuDNN, a library of cuda",
        "set accelerator: cuda or auto, or remove benchmark",
    ),
    _without_a_stop("min_epochs"),
    _without_a_stop("min_steps"),
    Rule(
        "interval-without-validation",
        ("val_check_interval", "limit_val_batches"),
        lambda s: s.limit_val_batches == 0
        and (isinstance(s.val_check_interval, int) or s.val_check_interval != 1.0),
        "limit_val_batches: 0 turns off the validation that val_check_interval is about",
        "remove one of the two",
    ),
    Rule(
        "epochs-without-validation",
        ("check_val_every_n_epoch", "limit_val_batches"),
        lambda s: s.limit_val_batches == 0 and s.check_val_every_n_epoch != 1,
        "limit_val_batches: 0 turns off the validation that check_val_every_n_epoch is about",
        "remove one of the two",
    ),
    Rule(
        "sanity-without-validation",
        ("num_sanity_val_steps", "limit_val_batches"),
        lambda s: s.limit_val_batches == 0 and s.num_sanity_val_steps not in (0, 2),
        "limit_val_batches: 0 turns off the validation that num_sanity_val_steps would try",
        "remove one of the two",
    ),
    Rule(
        "checkpoint-mode-monitor",
        ("checkpoint.mode", "checkpoint.monitor"),
        lambda s: s.checkpoint is not None
        and s.checkpoint.monitor is None
        and s.checkpoint.mode != _DEFAULT.mode,
        "mode says which values of the monitor are better, and nothing is monitored",
        "set monitor: val_loss in checkpoint, or remove mode",
    ),
    Rule(
        "checkpoint-saves-nothing",
        ("checkpoint.save_last", "checkpoint.save_top_k", "checkpoint.monitor"),
        lambda s: s.checkpoint is not None
        and not s.checkpoint.save_last
        and not _ranks(s.checkpoint),
        "without last.ckpt and without a monitor nothing is kept",
        "remove save_last, set monitor: val_loss or save_top_k: -1, or write checkpoint: false",
    ),
    Rule(
        "filename-unranked",
        ("checkpoint.filename", "checkpoint.monitor", "checkpoint.save_top_k"),
        _names_unranked,
        "filename names what is kept beside last.ckpt, and nothing is",
        "set monitor: val_loss or save_top_k: -1 in checkpoint, or remove filename",
    ),
    Rule(
        "intervals-last",
        (
            "checkpoint.every_n_train_steps",
            "checkpoint.every_n_epochs",
            "checkpoint.train_time_interval",
            "checkpoint.save_last",
            "checkpoint.monitor",
        ),
        _saves_between,
        "the intervals write last.ckpt, and only a validation ranks a state by the monitor",
        "remove save_last, or every interval",
    ),
)
