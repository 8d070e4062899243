"""Questions about a spec that the rules ask."""

from __future__ import annotations

from lgen.spec.options import Spec
from lgen.spec.parts import Scheduler
from lgen.tables.torch_optim import classes, length_argument

# what divides by eps alone where a gradient is zero: in half precision a small eps is 0, and 0 / 0
# is NaN in the first step. Adam's fused kernels compute in float32.
_DIVIDES_BY_EPS = ("Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop")
_SMALLEST_EPS = 1e-6
_CYCLES_MOMENTUM = ("CyclicLR", "OneCycleLR")
_NO_MOMENTUM = ("ASGD", "Adadelta", "Adafactor", "Adagrad", "LBFGS", "Rprop")

DEFAULT_MAX_EPOCHS = 1000  # Lightning's, where no limit is given


def max_epochs(spec: Spec) -> int | None:
    """The last epoch, None where only max_steps or max_time ends the run."""
    if spec.max_epochs is None and spec.max_steps == -1 and spec.max_time is None:
        return DEFAULT_MAX_EPOCHS
    return spec.max_epochs


def accumulates(spec: Spec) -> bool:
    """Whether several batches make one optimizer step, in some epochs at least."""
    return spec.accumulate_grad_batches != 1


def accumulation_schedule(spec: Spec) -> tuple[tuple[int, int], ...]:
    """The first epoch and the number of batches of each part of a schedule, empty for a number."""
    given = spec.accumulate_grad_batches
    if isinstance(given, int):
        return ()
    return tuple(
        sorted({0: 1, **{int(epoch): batches for epoch, batches in given.items()}}.items())
    )


def keeps_files(spec: Spec) -> bool:
    """Whether a training run leaves files, and so needs a folder."""
    snapshots = spec.save_hyperparameters or spec.save_code
    return spec.checkpoint is not None or bool(spec.loggers) or snapshots


def training_steps(spec: Spec) -> tuple[str, ...]:
    """The methods of the module that train, in the order of the loop."""
    blocks = (block.step_name(name) for name, block in spec.optimizers.items())
    return tuple(dict.fromkeys(blocks)) or ("training_step",)


def optimizer(spec: Spec, *names: str) -> bool:
    """Whether the optimizer is one of these."""
    return spec.optimizer is not None and spec.optimizer.name in names


def needs_closure(spec: Spec) -> bool:
    """Whether the optimizer evaluates the loss by itself, several times in a step."""
    rows = classes("optimizers")
    return spec.optimizer is not None and "closure" in rows.get(spec.optimizer.name, {})


def argument(spec: Spec, name: str) -> object:
    """The optimizer's argument as given, None if it is not."""
    return None if spec.optimizer is None else spec.optimizer.args.get(name)


def group_arguments(spec: Spec, name: str) -> list[object]:
    """The argument as the groups of parameters are given it, where one is."""
    groups = spec.optimizer.groups if spec.optimizer else []
    return [group.args[name] for group in groups if name in group.args]


def arguments_by_group(spec: Spec) -> list[dict[str, object]]:
    """The arguments that each group of parameters has, the optimizer's own first."""
    if spec.optimizer is None:
        return []
    own: dict[str, object] = {**spec.optimizer.args}
    return [own, *({**own, **group.args} for group in spec.optimizer.groups)]


def sets_rates(spec: Spec) -> bool:
    """Whether the scheduler sets the rates by itself, whatever the optimizer's lr is."""
    return spec.scheduler is not None and spec.scheduler.name in _CYCLES_MOMENTUM


def cycles_momentum(spec: Spec) -> bool:
    """Whether the scheduler sets the optimizer's momentum."""
    return (
        sets_rates(spec)
        and spec.scheduler is not None
        and spec.scheduler.args.get("cycle_momentum") is not False
    )


def plateau(spec: Spec) -> bool:
    """Whether the scheduler is ReduceLROnPlateau."""
    return spec.scheduler is not None and spec.scheduler.name == "ReduceLROnPlateau"


def missing_length(scheduler: Scheduler | None) -> str | None:
    """The scheduler's argument that is the run's length, where the spec does not give it."""
    if scheduler is None or scheduler.name is None:
        return None
    length = length_argument(scheduler.name)
    return None if length in scheduler.args else length


def decays_at_the_end(spec: Spec) -> bool:
    """Whether the scheduler is WSD, which decays in the run's last steps."""
    return spec.scheduler is not None and spec.scheduler.name == "WSD"


def half_eps(spec: Spec) -> bool:
    """Whether 16-true rounds the optimizer's eps to zero."""
    if spec.precision != "16-true" or not optimizer(spec, *_DIVIDES_BY_EPS):
        return False
    if argument(spec, "fused") is True and optimizer(spec, "Adam", "AdamW"):
        return False
    given = [args.get("eps") for args in arguments_by_group(spec)]
    return any(not isinstance(eps, (int, float)) or eps < _SMALLEST_EPS for eps in given)


def momentum_to_cycle(spec: Spec) -> bool:
    """Whether the scheduler cycles a momentum that the optimizer does not have."""
    return cycles_momentum(spec) and optimizer(spec, *_NO_MOMENTUM)


def monitors(spec: Spec) -> dict[str, str]:
    """The metrics that are watched, by the part of the spec that watches them."""
    parts = {
        "checkpoint": spec.checkpoint,
        "early_stopping": spec.early_stopping,
        "scheduler": spec.scheduler,
    }
    return {key: part.monitor for key, part in parts.items() if part is not None and part.monitor}


def modes(spec: Spec) -> dict[str, set[str]]:
    """By metric, whether less or more of it is better, as each that watches it says."""
    found: dict[str, set[str]] = {}
    for part in (spec.checkpoint, spec.early_stopping, spec.scheduler if plateau(spec) else None):
        if part is not None and part.monitor:
            mode = part.args.get("mode", "min") if isinstance(part, Scheduler) else part.mode
            found.setdefault(part.monitor, set()).add(str(mode))
    return found


def validates_within_epoch(spec: Spec) -> bool:
    """Whether a validation can fall before the epoch's end."""
    interval = spec.val_check_interval
    return isinstance(interval, int) or interval != 1.0 or spec.check_val_every_n_epoch is None


def saves_state(spec: Spec) -> bool:
    """Whether checkpoints hold what a resumed run goes on from, and not the weights alone."""
    return spec.checkpoint is not None and not spec.checkpoint.save_weights_only
