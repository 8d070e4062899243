"""Decides on what a row of the log says beside metrics, and on gradients that are none."""

from __future__ import annotations

from lgen.plan.decisions import Decisions, arguments
from lgen.spec.options import Spec

# what reads the statistics of a device that is known, by accelerator
_STATS = {"cpu": "CpuStats()", "cuda": "CudaStats(device)", "mps": "MpsStats()"}


def measures(spec: Spec) -> Decisions:
    """The norm of all gradients, which call gives it, and the device's statistics."""
    tracked = spec.track_grad_norm
    clipped = spec.gradient_clip_val is not None and spec.gradient_clip_algorithm == "norm"
    order = tracked.norm_type if tracked else 2.0
    of_clipping = tracked is not None and clipped and order == 2.0
    by_layer = tracked is not None and tracked.by_layer
    given = {} if order == 2.0 else {"norm_type": "math.inf" if order == "inf" else str(order)}
    reads = "read_norms(norms_by_layer)"
    if spec.on_nonfinite == "skip":
        reads += " if finite else {}"
    parts = ["row", *["norms"] * by_layer, *["stats_of_device.read()"] * spec.device_stats]
    return Decisions(
        flags={
            "grad_norm": tracked is not None,
            "grad_norm_of_clipping": of_clipping,
            "grad_norm_of_its_own": tracked is not None and not of_clipping,
            "measures_norms": tracked is not None and (by_layer or not of_clipping),
            "norms_by_layer": by_layer,
            "names_nan_grads": spec.print_nan_grads,
            "device_stats": spec.device_stats,
            "device_stats_of_nvidia": spec.device_stats and spec.accelerator in ("auto", "cuda"),
        },
        names={
            "LOGGED_ROW": " | ".join(parts),
            "READ_NORMS": reads,
            "DEVICE_STATS": _STATS.get(spec.accelerator, "device_stats(device)"),
        },
        values={
            "grad_norm_arguments": arguments(**given),
            "norms_arguments": arguments("model", "optimizer", **given),
        },
    )
