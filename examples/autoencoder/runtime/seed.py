"""One seed for all random streams of a process."""

import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch, on the CPU and on all devices; seed is below 2**63."""
    if not 0 <= seed < 2**63:
        raise SystemExit(f"seed is {seed} (allowed: 0 to 2**63 - 1)")
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
