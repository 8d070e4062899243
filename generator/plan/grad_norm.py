"""Decides on the norms of the gradients in the log."""

from __future__ import annotations

from lgen.plan.decisions import Decisions, arguments
from lgen.spec.options import Spec


def grad_norm(spec: Spec) -> Decisions:
    """The norm of all gradients before clipping, and which call gives it."""
    tracked = spec.track_grad_norm
    clipped = spec.gradient_clip_val is not None and spec.gradient_clip_algorithm == "norm"
    order = tracked.norm_type if tracked else 2.0
    of_clipping = tracked is not None and clipped and order == 2.0
    by_layer = tracked is not None and tracked.by_layer
    given = {} if order == 2.0 else {"norm_type": "math.inf" if order == "inf" else str(order)}
    reads = "read_norms(layer_norms)"
    if spec.on_nonfinite == "skip":
        reads += " if finite else {}"
    return Decisions(
        flags={
            "grad_norm": tracked is not None,
            "grad_norm_of_clipping": of_clipping,
            "grad_norm_of_its_own": tracked is not None and not of_clipping,
            "measures_norms": tracked is not None and (by_layer or not of_clipping),
            "layer_norms": by_layer,
        },
        names={"LOGGED_ROW": "row | norms" if by_layer else "row", "READ_NORMS": reads},
        values={
            "grad_norm_arguments": arguments(**given),
            "layer_norms_arguments": arguments("model", "optimizer", **given),
        },
    )
