"""The state of every random stream of a process, as plain types and tensors."""

import random
from typing import Any

import numpy as np
import torch


def get_random_state(device_type: str) -> dict[str, Any]:
    """Return the states of Python, NumPy, torch on the CPU and, if another, the current device."""
    name, keys, *rest = np.random.get_state(legacy=True)
    state = {
        "python": random.getstate(),
        "numpy": [name, torch.from_numpy(np.array(keys, dtype=np.int64)), *rest],
        "cpu": torch.get_rng_state(),
    }
    if device_type != "cpu":
        state["device"] = torch.get_device_module(device_type).get_rng_state()
    return state


def set_random_state(state: dict[str, Any], device_type: str) -> None:
    """Go on with the random streams from a saved state."""
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["cpu"])
    if device_type != "cpu" and "device" in state:
        torch.get_device_module(device_type).set_rng_state(state["device"])
