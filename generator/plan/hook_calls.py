"""The calls of the module's hooks."""

from __future__ import annotations

from dataclasses import dataclass

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


def hook_call(module: UserClass, name: str) -> HookCall:
    """The call of a hook by its name."""
    hook = module.hooks.get(name)
    if hook is None:
        return NO_CALL
    step = module.steps.get(_STEP_OF_HOOK.get(name, ""))
    names = {"outputs": _RETURNED.get((step.name, step.returns), "outputs")} if step else {}
    given = [names.get(name, name) for name in hook.arguments]
    keywords = [f"{name}={names.get(name, name)}" for name in hook.keyword_only]
    return HookCall(True, Code(", ".join([*given, *keywords])))
