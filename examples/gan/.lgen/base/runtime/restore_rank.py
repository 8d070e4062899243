"""Restores what every process keeps for itself: random streams and the sums of metrics."""

import hashlib
from collections.abc import Mapping
from typing import Any

from runtime.random_state import set_random_state
from runtime.seed import seed_everything
from runtime.training_metrics import TrainingMetrics
from runtime.weighted_sums import Sums


def restore_rank(
    checkpoint: Mapping[str, Any],
    train_metrics: TrainingMetrics,
    device_type: str,
    *,
    seed: int,
    rank: int = 0,
    world_size: int = 1,
) -> None:
    """Go on with the random streams and sums of this rank, the last of what is restored.

    Ends the program where the weights are averages that nothing has taken up.
    On another number of ranks than the checkpoint has, each rank gets random streams of its own,
    and rank 0 takes over the sums of all.
    """
    if "n_averaged" in checkpoint:
        raise SystemExit(
            "the checkpoint's weights are averages, from which no step goes on: set ema again, or "
            "start from them by init_from"
        )
    ranks = checkpoint["ranks"]
    if len(ranks) == world_size:
        set_random_state(ranks[rank]["random_state"], device_type)
        train_metrics.load_state_dict(ranks[rank]["train_metrics"])
        return
    text = f"{seed} {rank} {checkpoint['step']}"
    seed_everything(int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little"))
    if rank == 0:
        train_metrics.load_state_dict(
            {
                part: total([saved["train_metrics"][part] for saved in ranks])
                for part in ("interval", "epoch")
            }
        )


def total(of_ranks: list[Sums]) -> Sums:
    """Return the sums of all ranks together, added in the order of the ranks."""
    sums: Sums = {}
    for of_rank in of_ranks:
        for name, (value, weight) in of_rank.items():
            value_so_far, weight_so_far = sums.get(name, (0.0, 0.0))
            sums[name] = (value_so_far + value, weight_so_far + weight)
    return sums
