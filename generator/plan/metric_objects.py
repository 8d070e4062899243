"""Decides on the torchmetrics objects of the module: when they start anew."""

from __future__ import annotations

from lgen.plan.decisions import Decisions, arguments
from lgen.plan.devices import device_type, is_distributed
from lgen.spec.options import Spec
from lgen.user_code.classes import UserClass


def metric_objects(spec: Spec, module: UserClass) -> Decisions:
    """The modes of passes that leave metric objects as they were, and the end of an epoch."""
    there = module.metrics.any
    end = module.hooks.get("on_train_epoch_end")
    fresh = ", fresh_metrics(model)" if there else ""
    ranks = {"rank": "rank", "world_size": "world_size"} if is_distributed(spec) else {}
    forwards = "equal_forwards(loader)"
    if spec.prefetch_to_device:
        forwards = f"prefetch_to_device({forwards}, device)"
    return Decisions(
        flags={
            "metric_objects": there,
            "metric_objects_in_half": there and spec.precision in ("16-true", "bf16-true"),
            "train_epoch_end_returns": end is not None and end.returns == "dict",
        },
        names={
            "EVALUATION_MODE": f"evaluation_mode(model, {device_type(spec)}){fresh}",
            "PASS_MODE": f"torch.no_grad(){fresh}",
            "FORWARDS": f"uncounted_repeats(model, {forwards})" if there else forwards,
        },
        values={"restore_metrics_arguments": arguments("checkpoint", "model", **ranks)},
    )
