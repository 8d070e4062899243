"""What a validation measures, and what of it is watched."""

from __future__ import annotations

from lgen.spec.options import Spec
from lgen.user_code.classes import UserClass, UserData


def measured(spec: Spec, module: UserClass, data: UserData) -> list[str] | None:
    """The names of all metrics of the validation, None where not all are known."""
    step = module.steps.get("validation_step")
    hook = module.hooks.get("on_validation_epoch_end")
    source = data.sources.get("val")
    if step is None or source is None or (source.several and source.names is None):
        return None
    keys = ("loss",) if step.returns == "loss" else () if step.returns is None else step.metrics
    more = hook.metrics if hook is not None and hook.returns == "dict" else ()
    if keys is None or more is None:
        return None
    prefixes = [f"val_{name}_" for name in source.names or ()] if source.several else ["val_"]
    return [
        prefix + key for prefix in prefixes for key in (*keys, *more) if key != spec.batch_weight
    ]
