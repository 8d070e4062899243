"""The calls of the module's hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lgen.plan.decisions import Code
from lgen.user_code.classes import UserClass


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
    module: UserClass, name: str, own: Mapping[str, str] = MappingProxyType({})
) -> HookCall:
    """The call of a hook by its name; `own` are other texts for some of its arguments."""
    hook = module.hooks.get(name)
    if hook is None:
        return NO_CALL
    step = module.steps.get(_STEP_OF_HOOK.get(name, ""))
    names = {"outputs": _RETURNED.get((step.name, step.returns), "outputs")} if step else {}
    return HookCall(True, Code(hook.call_with({**names, **own})))
