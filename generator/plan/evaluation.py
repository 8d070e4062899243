"""Decides on the validation, test and predict loops and on the calls of steps and hooks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lgen.plan.decisions import Code, Decisions, arguments, literal
from lgen.plan.devices import is_distributed
from lgen.plan.loaders import is_limited, loader, runs_stage
from lgen.spec.options import Spec
from lgen.user_code.classes import STEP_OF_STAGE, DataSource, Step, UserClass, UserData
from lgen.user_code.hooks import HOOKS

_LONG = {"val": "validation", "test": "test", "predict": "predict"}
_FUNCTION = {"val": "validate", "test": "test", "predict": "predict"}
_TASK = {"val": "validate", "test": "test", "predict": "predict"}
# what a loop passes on to its steps and hooks, where one of them names it
_PASSED = ("epoch", "step", "log")
# what the loaders of an evaluation are built with
_DEALT = ("rank", "world_size", "cfg")


@dataclass(frozen=True)
class HookCall:
    """Whether the module has a hook, and the arguments of its call."""

    defined: bool
    arguments: Code


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


_STEP_OF_HOOK = {
    "on_train_batch_end": "training_step",
    "on_validation_batch_end": "validation_step",
    "on_test_batch_end": "test_step",
}
# what a step returned, where the script does not call it `outputs`
_RETURNED = {
    ("training_step", "loss"): "loss",
    ("validation_step", None): "None",
    ("test_step", None): "None",
}
_NO_CALL = HookCall(False, Code(""))
# what the template finds where the script has no such loop
_NO_LOOP = EvaluationLoop(
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
    on_start=_NO_CALL,
    on_epoch_start=_NO_CALL,
    on_batch_start=_NO_CALL,
    on_batch_end=_NO_CALL,
    on_epoch_end=_NO_CALL,
    on_end=_NO_CALL,
    epoch_end_returns=False,
    epoch_end_only=False,
)


def hook_call(module: UserClass, name: str) -> HookCall:
    """The call of a hook by its name."""
    hook = module.hooks.get(name)
    if hook is None:
        return _NO_CALL
    step = module.steps.get(_STEP_OF_HOOK.get(name, ""))
    names = {"outputs": _RETURNED.get((step.name, step.returns), "outputs")} if step else {}
    given = [names.get(name, name) for name in hook.arguments]
    keywords = [f"{name}={names.get(name, name)}" for name in hook.keyword_only]
    return HookCall(True, Code(", ".join([*given, *keywords])))


def _loop(module: UserClass, source: DataSource) -> EvaluationLoop:
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
    return _arguments_of(
        [module.steps[STEP_OF_STAGE[stage]]]
        + [hook for name, hook in module.hooks.items() if name.startswith(f"on_{_LONG[stage]}_")]
    )


def _arguments_of(steps: Iterable[Step]) -> set[str]:
    return {name for step in steps for name in (*step.arguments, *step.keyword_only)}


def evaluation(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """The loops, what they are called with, and the tasks that the script offers."""
    stages = [s for s in ("val", "test", "predict") if runs_stage(spec, module, data, s)]
    loops = {stage: _loop(module, data.sources[stage]) for stage in stages}
    tasks = ["fit", *(_TASK[stage] for stage in stages)]
    used = _arguments_of(
        [module.steps["training_step"], *module.hooks.values()]
        + [module.steps[STEP_OF_STAGE[stage]] for stage in stages]
    )
    flags = {
        "tasks": bool(stages),
        "several_tasks": len(stages) > 1,
        "validation": "val" in stages,
        "test": "test" in stages,
        "predict": "predict" in stages,
        "log": "log" in used,
    }
    names = {
        "PREDICT_NUMBER": "number" if is_distributed(spec) else "batch_idx",
        "TASKS": f"Literal[{', '.join(literal(task) for task in tasks)}]",
    }
    values: dict[str, object] = {
        "evaluation_loops": [
            (
                _FUNCTION[stage],
                STEP_OF_STAGE[stage],
                "counts" if loops[stage].measures else "_",
                *_hook_names(stage),
                loops[stage],
            )
            for stage in stages
            if stage != "predict"
        ],
        "predict_loop": loops.get("predict", _NO_LOOP),
        "hooks": {name: hook_call(module, name) for name in HOOKS},
    }
    for stage in ("val", "test", "predict"):
        source = data.sources.get(stage)
        several = stage in stages and source is not None and source.several
        flags[f"several_{stage}"] = several
        names[f"{stage.upper()}_LOADER"] = ""
        names[f"{stage.upper()}_SETS"] = ""
        # what one set of several is called
        names[f"{stage.upper()}_SET"] = one = (
            "loader" if source is not None and source.kind == "loader" else "dataset"
        )
        values[f"{stage}_arguments"] = Code("")
        if stage in stages and source is not None:
            made = f"data.{source.method}()"
            names[f"{stage.upper()}_SETS"] = made
            names[f"{stage.upper()}_LOADER"] = loader(spec, data, stage, one if several else made)
            values[f"{stage}_arguments"] = _passed(spec, loops[stage])
    needs = _needs(names, values, several_tasks=flags["several_tasks"])
    values["evaluate_needs"] = {name: name in needs for name in ("device", *_PASSED, *_DEALT)}
    values["evaluate_arguments"] = arguments(
        "model",
        *(name for name in ("device", *_PASSED) if name in needs),
        "data",
        *(name for name in _DEALT[:-1] if name in needs),
        *(['run_folder / "predictions"'] if "predict" in stages else []),
        *(["cfg"] if "cfg" in needs else []),
    )
    sanity = "val" in stages and spec.num_sanity_val_steps != 0
    flags["sanity"] = sanity
    flags["sanity_limited"] = sanity and spec.num_sanity_val_steps > 0
    # a stream that is left within an epoch may go on from there
    flags["sanity_anew"] = flags["sanity_limited"] and data.sources["val"].iterable
    tried = names["VAL_LOADER"] if flags["sanity_anew"] else "val_loader"
    names["SANITY_LOADER"] = (
        f"islice({tried}, cfg.num_sanity_val_steps)" if flags["sanity_limited"] else tried
    )
    # nothing is logged before training
    unlogged = {"log": "Log()"}
    values["sanity_arguments"] = _passed(spec, loops["val"], unlogged) if sanity else Code("")
    values["num_sanity_val_steps"] = spec.num_sanity_val_steps
    plain = not flags["sanity_limited"] and all(
        data.sources[stage].kind == "dataset"
        and not (data.sources[stage].iterable and is_limited(spec, stage))
        for stage in stages
    )
    names["LOADER_TYPE"] = "DataLoader[Any]" if plain else "Iterable[Any]"
    training = module.steps["training_step"]
    flags["step_returns_dict"] = training.returns == "dict"
    accumulates = spec.accumulate_grad_batches > 1
    enumerates = is_distributed(spec) or "on_train_batch_end" in module.hooks
    flags["accumulate_enumerates"] = accumulates and enumerates
    flags["accumulate_plain"] = accumulates and not enumerates
    names["STEP_RESULT"] = "dict[str, Tensor]" if training.returns == "dict" else "Tensor"
    names["TRAINING_STEP"] = _training_step(spec)
    values["training_step_arguments"] = Code(training.call)
    names["STEP_PARAMETERS"] = _parameters(training)
    values["steps"] = [STEP_OF_STAGE[stage] for stage in ("train", *stages)]
    return Decisions(flags, names, values)


def _needs(
    names: Mapping[str, str], values: Mapping[str, object], *, several_tasks: bool
) -> set[str]:
    """The names that the calls of the loops and their loaders use."""
    texts = [str(values[f"{stage}_arguments"]) for stage in _LONG]
    texts += [names[f"{stage.upper()}_{what}"] for stage in _LONG for what in ("LOADER", "SETS")]
    used = set(re.findall(r"[A-Za-z_]\w*", " ".join(texts)))
    return used | {"cfg"} if several_tasks else used


_TYPES = {"batch": "Any", "optimizer": "torch.optim.Optimizer", "log": "Log"}


def _parameters(step: Step) -> Code:
    """The parameters of a function that passes them on to the step."""
    given = [f"{name}: {_TYPES.get(name, 'int')}" for name in step.arguments]
    keywords = [f"{name}: {_TYPES.get(name, 'int')}" for name in step.keyword_only]
    return Code(", ".join([*given, *(["*"] if keywords else []), *keywords]))


def _training_step(spec: Spec) -> str:
    if spec.strategy == "ddp":
        return "ddp"
    compiles_step = spec.compile is not None and spec.compile.target == "step"
    return "training_step" if compiles_step else "model.training_step"


def _hook_names(stage: str) -> tuple[str, ...]:
    long = _LONG[stage]
    return (
        f"on_{long}_start",
        f"on_{long}_epoch_start",
        f"on_{long}_batch_start",
        f"on_{long}_batch_end",
        f"on_{long}_epoch_end",
        f"on_{long}_end",
    )


def _passed(
    spec: Spec, loop: EvaluationLoop, replaced: Mapping[str, str] = MappingProxyType({})
) -> Code:
    """The arguments of the loop's function before its loader."""
    device = ["device"] if spec.accelerator != "cpu" else []
    passed = (name for name in _PASSED if getattr(loop, f"needs_{name}"))
    return arguments("model", *device, *(replaced.get(name, name) for name in passed))
