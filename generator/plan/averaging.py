"""Decides on averaged weights."""

from __future__ import annotations

from lgen.plan.decisions import Decisions
from lgen.spec.options import Spec


def averaging(spec: Spec) -> Decisions:
    """The exponential moving average of the weights, and when it is updated."""
    ema = spec.ema
    every = ema.update_every_n_steps if ema else 1
    return Decisions(
        flags={"ema": ema is not None, "ema_every_n": every > 1},
        values={"ema_decay": ema.decay if ema else 0.0, "ema_update_every_n_steps": every},
    )
