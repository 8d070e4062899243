"""Restores what the metric objects of every process have counted in an epoch that was cut."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from runtime.metric_states import metric_states, set_metric_states


def restore_metrics(
    checkpoint: Mapping[str, Any], model: nn.Module, *, rank: int = 0, world_size: int = 1
) -> None:
    """Let the metric objects of this rank go on from what they held.

    Ends the program where that is not known: the states of two ranks cannot be dealt to three.
    At an epoch's end they hold nothing, and there nothing is asked of the checkpoint.
    """
    of_ranks = [saved.get("metric_states") for saved in checkpoint["ranks"]]
    if None in of_ranks:
        raise SystemExit(
            "the checkpoint holds no states of metric objects: the script that wrote it had none; "
            "start from its weights by init_from"
        )
    within = any(state.get("_update_count") for states in of_ranks for state in states.values())
    if len(of_ranks) != world_size:
        if within:
            raise SystemExit(
                f"the metric objects of {len(of_ranks)} processes are in the middle of an epoch; "
                "resume with as many, or from a checkpoint of an epoch's end"
            )
        return
    here, there = metric_states(model), of_ranks[rank]
    fits = {name: list(state) for name, state in here.items()} == {
        name: list(state) for name, state in there.items()
    }
    if within and not fits:
        names = sorted({name for name in here.keys() ^ there.keys()}) or sorted(here)
        raise SystemExit(
            f"the checkpoint does not fit the metric objects ({', '.join(names)}) and is in the "
            "middle of an epoch; resume from one of an epoch's end"
        )
    if fits:
        set_metric_states(model, there)
