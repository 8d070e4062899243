"""An optimizer of the user's own."""

from collections.abc import Iterable
from typing import Any

import torch
from torch.optim import Optimizer


class Lion(Optimizer):
    """Steps by the sign of a running mean of gradients; a rate of warmup_steps steps to its full.

    The argument of that name is one that the script has a setting for too.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
    ) -> None:
        groups = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        super().__init__(params, {**groups, "warmup_steps": warmup_steps})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["step"] = torch.zeros(())
                    state["exp_avg"] = torch.zeros_like(parameter)
                state["step"] += 1
                share = min(1.0, float(state["step"]) / (group["warmup_steps"] + 1))
                rate, (beta1, beta2) = group["lr"] * share, group["betas"]
                mean = state["exp_avg"]
                parameter.mul_(1 - rate * group["weight_decay"])
                parameter.add_(torch.sign(mean.lerp(parameter.grad, 1 - beta1)), alpha=-rate)
                mean.lerp_(parameter.grad, 1 - beta2)
        return loss
