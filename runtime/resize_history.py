"""The memory of LBFGS in a resumed run, where its length may have been changed."""

from torch.optim import Optimizer


def resize_history(optimizer: Optimizer) -> None:
    """Let a restored LBFGS keep as many of its newest steps as its history_size says now."""
    (group,) = optimizer.param_groups
    size, state = group["history_size"], optimizer.state[group["params"][0]]
    for name in ("old_dirs", "old_stps", "ro"):
        if state.get(name):
            state[name] = state[name][-size:]
    if len(state.get("al", [])) != size:
        state.pop("al", None)  # a step fills it anew, in a list of that length
