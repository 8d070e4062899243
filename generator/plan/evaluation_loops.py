"""The functions that run an evaluation step over a loader, and what they are called with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lgen.plan.decisions import Code, arguments
from lgen.plan.hook_calls import NO_CALL, HookCall, hook_call
from lgen.spec.options import Spec
from lgen.user_code.classes import STEP_OF_STAGE, DataSource, Step, UserClass

_LONG = {"val": "validation", "test": "test", "predict": "predict"}
# what a loop passes on to its steps and hooks, where one of them names it
PASSED = ("epoch", "step", "log")


@dataclass(frozen=True)
class EvaluationLoop:
    """The function that runs one evaluation step over a loader."""

    step_arguments: Code
    returns_dict: bool
    returns_loss: bool
    measures: bool
    several: bool
    prefix: str
    needs_epoch: bool
    needs_step: bool
    needs_batch_idx: bool
    needs_log: bool
    on_start: HookCall
    on_epoch_start: HookCall
    on_batch_start: HookCall
    on_batch_end: HookCall
    on_epoch_end: HookCall
    on_end: HookCall
    epoch_end_returns: bool
    epoch_end_only: bool


# what the template finds where the script has no such loop
NO_LOOP = EvaluationLoop(
    step_arguments=Code(""),
    returns_dict=False,
    returns_loss=False,
    measures=False,
    several=False,
    prefix="",
    needs_epoch=False,
    needs_step=False,
    needs_batch_idx=False,
    needs_log=False,
    on_start=NO_CALL,
    on_epoch_start=NO_CALL,
    on_batch_start=NO_CALL,
    on_batch_end=NO_CALL,
    on_epoch_end=NO_CALL,
    on_end=NO_CALL,
    epoch_end_returns=False,
    epoch_end_only=False,
)


def evaluation_loop(module: UserClass, source: DataSource) -> EvaluationLoop:
    stage = source.stage
    step = module.steps[STEP_OF_STAGE[stage]]
    long = _LONG[stage]
    used = _used(module, stage)
    epoch_end = module.hooks.get(f"on_{long}_epoch_end")
    returns = epoch_end is not None and epoch_end.returns == "dict"
    return EvaluationLoop(
        step_arguments=Code(step.call),
        returns_dict=step.returns == "dict",
        returns_loss=step.returns == "loss",
        measures=step.returns in ("dict", "loss"),
        several=source.several,
        prefix=f"{stage}_",
        needs_epoch="epoch" in used,
        needs_step="step" in used,
        needs_batch_idx="batch_idx" in used or stage == "predict",
        needs_log="log" in used,
        on_start=hook_call(module, f"on_{long}_start"),
        on_epoch_start=hook_call(module, f"on_{long}_epoch_start"),
        on_batch_start=hook_call(module, f"on_{long}_batch_start"),
        on_batch_end=hook_call(module, f"on_{long}_batch_end"),
        on_epoch_end=hook_call(module, f"on_{long}_epoch_end"),
        on_end=hook_call(module, f"on_{long}_end"),
        epoch_end_returns=returns,
        epoch_end_only=epoch_end is not None and not returns,
    )


def _used(module: UserClass, stage: str) -> set[str]:
    """The arguments that the stage's step and hooks name."""
    return arguments_of(
        [module.steps[STEP_OF_STAGE[stage]]]
        + [module.hooks[name] for name in hook_names(stage) if name in module.hooks]
    )


def arguments_of(steps: Iterable[Step]) -> set[str]:
    return {name for step in steps for name in (*step.arguments, *step.keyword_only)}


def hook_names(stage: str) -> tuple[str, ...]:
    """The hooks of a stage, in the order of the template's names for them."""
    long = _LONG[stage]
    return (
        f"on_{long}_start",
        f"on_{long}_epoch_start",
        f"on_{long}_batch_start",
        f"on_{long}_batch_end",
        f"on_{long}_epoch_end",
        f"on_{long}_end",
    )


def passed(
    spec: Spec, loop: EvaluationLoop, replaced: Mapping[str, str] = MappingProxyType({})
) -> Code:
    """The arguments of the loop's function before its loader."""
    device = ["device"] if spec.accelerator != "cpu" else []
    used = (name for name in PASSED if getattr(loop, f"needs_{name}"))
    return arguments("model", *device, *(replaced.get(name, name) for name in used))
