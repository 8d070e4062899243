"""The calls of the module's hooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lgen.plan.decisions import Code, literal
from lgen.spec.options import Spec
from lgen.user_code.classes import UserClass
from lgen.user_code.hooks import HOOKS


@dataclass(frozen=True)
class HookCall:
    """Whether the module has a hook, and the arguments of its call."""

    defined: bool
    arguments: Code


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
NO_CALL = HookCall(False, Code(""))


def hook_call(
    module: UserClass, name: str, texts: Mapping[str, str] = MappingProxyType({})
) -> HookCall:
    """The call of a hook by its name; `texts` are those of its arguments that have other names."""
    hook = module.hooks.get(name)
    if hook is None:
        return NO_CALL
    step = module.steps.get(_STEP_OF_HOOK.get(name, ""))
    names = {"outputs": _RETURNED.get((step.name, step.returns), "outputs")} if step else {}
    return HookCall(True, Code(hook.call_with({**names, **texts})))


# what runs beside a loop and has the model at hand; gradients and data are no business of autocast
_MAY_CALL_MODEL = re.compile(r"on_(fit|train|validation|test|predict)_(\w+_)?(start|end)")


def hooks_in_autocast(spec: Spec, module: UserClass) -> list[str]:
    """The hooks that may call the model, whose parameters are gathered in half precision."""
    if spec.strategy != "fsdp" or not spec.precision.endswith("-mixed"):
        return []
    return [
        name
        for name, hook in module.hooks.items()
        if _MAY_CALL_MODEL.fullmatch(name) and (hook.calls_forward or hook.uses_parts)
    ]


def hook_calls(spec: Spec, module: UserClass, *, tasks: bool) -> dict[str, HookCall]:
    """The calls of all hooks in main; `tasks` says whether the script has others than fit."""
    texts = {
        "stage": "cfg.task" if tasks else '"fit"',
        # a script for the CPU alone has no variable for it
        "device": 'torch.device("cpu")' if spec.accelerator == "cpu" else "device",
    }
    own = {"on_save_checkpoint": {"checkpoint": "state"}}
    if spec.batch_weight is not None:
        # the hook is given what the step returned; the weight has been taken out for the means
        whole = f"{{**outputs, {literal(spec.batch_weight)}: weight}}"
        own["on_train_batch_end"] = {"outputs": whole}
    return {name: hook_call(module, name, texts | own.get(name, {})) for name in HOOKS}
