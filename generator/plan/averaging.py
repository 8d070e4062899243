"""Decides on averaged weights."""

from __future__ import annotations

from lgen.plan.decisions import Code, Decisions, arguments
from lgen.plan.devices import is_distributed
from lgen.plan.loaders import whole_epoch
from lgen.spec.options import Spec
from lgen.user_code.classes import UserClass, UserData


def averaging(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """The average of the steps (ema) or of the epochs (swa), and when it is updated."""
    ema, swa = spec.ema, spec.swa
    every = ema.update_every_n_steps if ema else 1
    start = swa.swa_epoch_start if swa else 1
    sharded = spec.strategy == "fsdp"
    share = isinstance(start, float)
    step = module.training_steps[0]
    return Decisions(
        flags={
            "ema": ema is not None,
            "ema_every_n": every > 1,
            "swa": swa is not None,
            "swa_share": share,
            "swa_lrs_set": swa is not None and swa.swa_lrs is not None,
            "pass_counts_batches": "batch_idx" in (*step.arguments, *step.keyword_only),
        },
        names={
            # a sharded model cannot be copied
            "AVERAGED": "LocalShards(model)" if sharded else "model",
            "AVERAGED_WEIGHTS": "averaged_shards" if sharded else "averaged_weights",
            "SHARDS": _shards(spec),
            "SWA_START_TYPE": type(start).__name__,
            "WHOLE_EPOCH": whole_epoch(spec, data),
            "IS_WRITTEN": (
                f"from_main(is_written, swa_path, step{', load_state' if sharded else ''})"
                if is_distributed(spec)
                else "is_written(swa_path, step)"
            ),
        },
        values={
            "sharded_optimizers": sharded_optimizers(spec),
            "ema_decay": ema.decay if ema else 0.0,
            "ema_update_every_n_steps": every,
            "swa_epoch_start": start,
            "swa_start_meaning": (
                "share of max_epochs that is done when averaging starts"
                if share
                else "the first epoch that is averaged, counted from 1"
            ),
            "swa_lrs": swa.swa_lrs if swa else None,
            "annealing_epochs": swa.annealing_epochs if swa else 0,
            "annealing_strategy": swa.annealing_strategy if swa else "cos",
            # nothing is logged by a pass that trains nothing
            "pass_arguments": Code(step.call_with({"log": "Log()"})),
        },
    )


def _shards(spec: Spec) -> str:
    """What all ranks of a sharded model write together."""
    optimizers = sharded_optimizers(spec)
    if spec.ema is not None:
        return f"averaged_state(model, averaged, {optimizers})"
    if spec.swa is not None:
        return "swa_state(model, averaged, optimizer)"
    return f"sharded_state(model, {optimizers})"


def sharded_optimizers(spec: Spec) -> Code:
    """The optimizers, each as an argument of its name."""
    names = [f"{name}_optimizer" for name in spec.optimizers] or ["optimizer"]
    return arguments(**{name: name for name in names})
