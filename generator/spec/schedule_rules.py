"""What learning rate schedules exclude or need."""

from __future__ import annotations

from lgen.spec.predicates import decays_at_the_end, momentum_to_cycle, plateau
from lgen.spec.rule import Rule

SCHEDULE_RULES: tuple[Rule, ...] = (
    Rule(
        "warmup-interval",
        ("scheduler.warmup_steps", "scheduler.interval"),
        lambda s: s.scheduler is not None
        and s.scheduler.warmup_steps > 0
        and s.scheduler.interval != "step"
        and not plateau(s),
        "warmup_steps counts optimizer steps, and this schedule does not",
        "set interval: step in scheduler",
    ),
    Rule(
        "warmup-plateau",
        ("scheduler.warmup_steps", "scheduler.name"),
        lambda s: s.scheduler is not None and s.scheduler.warmup_steps > 0 and plateau(s),
        "torch joins no warmup to ReduceLROnPlateau, which has no fixed start",
        "remove warmup_steps, or choose another scheduler",
    ),
    Rule(
        "plateau-monitor",
        ("scheduler.monitor", "scheduler"),
        lambda s: s.scheduler is not None and plateau(s) and s.scheduler.monitor is None,
        "ReduceLROnPlateau watches a metric",
        "set monitor: val_loss in scheduler",
    ),
    Rule(
        "plateau-frequency",
        ("scheduler.frequency", "scheduler.interval", "check_val_every_n_epoch"),
        lambda s: s.scheduler is not None
        and plateau(s)
        and s.scheduler.interval == "epoch"
        and s.scheduler.frequency > 1
        and (s.check_val_every_n_epoch or 1) > 1,
        "the schedule would step only in epochs that are multiples of both",
        "set interval: validation in scheduler, or remove frequency",
    ),
    Rule(
        "plateau-interval",
        ("scheduler.interval", "scheduler"),
        lambda s: s.scheduler is not None and plateau(s) and s.scheduler.interval == "step",
        "ReduceLROnPlateau steps on a validation's value, not on every optimizer step",
        "set interval: epoch or validation in scheduler",
    ),
    Rule(
        "cycle-momentum",
        ("scheduler.cycle_momentum", "scheduler", "optimizer"),
        momentum_to_cycle,
        "the schedule cycles a momentum, and this optimizer has none",
        "set cycle_momentum: false in scheduler",
    ),
    Rule(
        "decay-interval",
        ("scheduler.interval", "scheduler.frequency", "scheduler.name"),
        lambda s: s.scheduler is not None
        and decays_at_the_end(s)
        and (s.scheduler.interval != "step" or s.scheduler.frequency > 1),
        "WSD counts optimizer steps",
        "set interval: step in scheduler, without frequency",
    ),
    Rule(
        "scheduler-without-validation",
        ("scheduler.interval", "limit_val_batches"),
        lambda s: s.scheduler is not None
        and s.scheduler.interval == "validation"
        and s.limit_val_batches == 0,
        "the schedule steps at validations, and limit_val_batches: 0 turns them off",
        "remove limit_val_batches, or set interval: epoch in scheduler",
    ),
)
