"""Decides on the validation, test and predict loops and on the tasks of the script."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lgen.plan.decisions import Code, Decisions, arguments, literal
from lgen.plan.devices import is_distributed
from lgen.plan.evaluation_loops import (
    NO_LOOP,
    PASSED,
    arguments_of,
    evaluation_loop,
    hook_names,
    passed,
)
from lgen.plan.hook_calls import hook_calls, hooks_in_autocast
from lgen.plan.loaders import is_limited, loader, runs_stage
from lgen.spec.measured import measured
from lgen.spec.options import Spec
from lgen.spec.predicates import monitors
from lgen.user_code.classes import STAGES, STEP_OF_STAGE, UserClass, UserData

_FUNCTION = {"val": "validate", "test": "test", "predict": "predict"}
_TASK = {"val": "validate", "test": "test", "predict": "predict"}
# what the loaders of an evaluation are built with
_DEALT = ("rank", "world_size", "cfg")


def evaluation(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """The loops, what they are called with, and the tasks that the script offers."""
    stages = [s for s in ("val", "test", "predict") if runs_stage(spec, module, data, s)]
    loops = {stage: evaluation_loop(module, data.sources[stage]) for stage in stages}
    tasks = ["fit", *(_TASK[stage] for stage in stages)]
    used = arguments_of(
        [*module.training_steps, *module.hooks.values()]
        + [module.steps[STEP_OF_STAGE[stage]] for stage in stages]
    )
    autocast = hooks_in_autocast(spec, module)
    flags = {
        "tasks": bool(stages),
        "several_tasks": len(stages) > 1,
        "validation": "val" in stages,
        "test": "test" in stages,
        "predict": "predict" in stages,
        "hooks_log": "log" in used,
        "autocasts_hooks": bool(autocast),
    }
    names = {
        "LOG": "ShardedLog" if flags["hooks_log"] and spec.strategy == "fsdp" else "Log",
        "PREDICT_NUMBER": "number" if is_distributed(spec) else "batch_idx",
        "TASKS": f"Literal[{', '.join(literal(task) for task in tasks)}]",
    }
    values: dict[str, object] = {
        "evaluation_loops": [
            (
                _FUNCTION[stage],
                STEP_OF_STAGE[stage],
                "counts" if loops[stage].measures or loops[stage].on_batch_end.defined else "_",
                *hook_names(stage),
                loops[stage],
            )
            for stage in stages
            if stage != "predict"
        ],
        "predict_loop": loops.get("predict", NO_LOOP),
        "autocast_hooks": arguments(*map(literal, autocast)),
        "hooks": hook_calls(spec, module, tasks=bool(stages)),
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
            names[f"{stage.upper()}_LOADER"] = loader(
                spec, module, data, stage, one if several else made
            )
            # several sets may write the same name; the other stages have a prefix for it
            under = {"log": 'log.under(f"predict_{name}_")'}
            apart = under if several and stage == "predict" else {}
            values[f"{stage}_arguments"] = passed(spec, loops[stage], apart)
    needs = _needs(names, values, several_tasks=flags["several_tasks"])
    values["evaluate_needs"] = {name: name in needs for name in ("device", *PASSED, *_DEALT)}
    values["evaluate_arguments"] = arguments(
        "model",
        *(name for name in ("device", *PASSED) if name in needs),
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
    values["sanity_arguments"] = passed(spec, loops["val"], unlogged) if sanity else Code("")
    values["num_sanity_val_steps"] = spec.num_sanity_val_steps
    # where the step does not tell what it measures, its first result does
    unproved = sanity and measured(spec, module, data) is None
    values["unproved_monitors"] = list(dict.fromkeys(monitors(spec).values())) if unproved else []
    flags["proves_monitors"] = bool(values["unproved_monitors"])
    plain = not flags["sanity_limited"] and all(
        data.sources[stage].kind == "dataset"
        and not (data.sources[stage].iterable and is_limited(spec, stage))
        for stage in stages
    )
    names["LOADER_TYPE"] = "DataLoader[Any]" if plain else "Iterable[Any]"
    # the others call the model, which gathers its parameters by itself
    values["gathering_steps"] = [
        step
        for step in (*module.training, *(STEP_OF_STAGE[stage] for stage in stages))
        if not module.steps[step].forward_alone
    ]
    return Decisions(flags, names, values)


def _needs(
    names: Mapping[str, str], values: Mapping[str, object], *, several_tasks: bool
) -> set[str]:
    """The names that the calls of the loops and their loaders use."""
    texts = [str(values[f"{stage}_arguments"]) for stage in STAGES[1:]]
    texts += [
        names[f"{stage.upper()}_{what}"] for stage in STAGES[1:] for what in ("LOADER", "SETS")
    ]
    used = set(re.findall(r"[A-Za-z_]\w*", " ".join(texts)))
    return used | {"cfg"} if several_tasks else used
