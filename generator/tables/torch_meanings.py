"""What the arguments of torch's optimizers and schedulers mean, in the few words of a comment.

They are short: name, type and value stand before them in a line of 100 columns.
"""

from __future__ import annotations

from lgen.tables.torch_optim import Kind, arguments

_L2 = "share of a weight added to its gradient"
_DECOUPLED = "times lr: share of a weight that a step takes off"

# by argument, or by class and argument where a class has a meaning of its own
_OPTIMIZERS = {
    "adjust_lr_fn": "how the rate depends on a matrix's shape",
    "ASGD.alpha": "power of the rate's decay",
    "RMSprop.alpha": "share that the mean square keeps",
    "amsgrad": "divides by the largest mean square so far",
    "beta2_decay": "power of step that the mean square fades by",
    "betas": "shares kept: mean gradient, square",
    "Adamax.betas": "shares kept: mean gradient, largest",
    "capturable": "may run within a CUDA graph",
    "centered": "divides by the deviation of gradients",
    "d": "largest root mean square of an update",
    "dampening": "share of a gradient that momentum drops",
    "decoupled_weight_decay": "decays the weights as AdamW does",
    "eps": "keeps a division from zero",
    "Adafactor.eps": "least squared gradient, weight scale",
    "etas": "factors of a step size: down, up",
    "foreach": "updates many parameters in one call",
    "fused": "updates all parameters in one kernel",
    "history_size": "updates that are remembered",
    "initial_accumulator_value": "sum of squares at the start",
    "lambd": "speed of the rate's decay",
    "line_search_fn": "how the length of an update is found",
    "lr": "learning rate",
    "lr_decay": "the rate is divided by 1 + steps * this",
    "max_eval": "most losses computed in a step",
    "max_iter": "most iterations in a step",
    "maximize": "climbs: makes the loss larger",
    "momentum": "share that the mean gradient keeps",
    "SGD.momentum": "share of the last update that is kept",
    "RMSprop.momentum": "share of the last update that is kept",
    "momentum_decay": "speed at which momentum nears its beta",
    "nesterov": "Nesterov's momentum, which looks ahead",
    "ns_coefficients": "polynomial of a Newton-Schulz iteration",
    "ns_steps": "Newton-Schulz iterations of an update",
    "rho": "share that the mean squares keep",
    "step_sizes": "smallest and largest step size",
    "t0": "step from which the weights are averaged",
    "tolerance_change": "a smaller change ends a step's iterations",
    "tolerance_grad": "a smaller gradient ends a step's iterations",
    "weight_decay": _L2,
    "Adafactor.weight_decay": _DECOUPLED,
    "AdamW.weight_decay": _DECOUPLED,
    "Muon.weight_decay": _DECOUPLED,
    # decoupled_weight_decay says which of the two
    "Adam.weight_decay": "weight decay",
    "NAdam.weight_decay": "weight decay",
    "RAdam.weight_decay": "weight decay",
}
# {steps} are what it counts, in the plural: epochs, steps or validations
_SCHEDULERS = {
    "T_0": "{steps} to the first restart",
    "T_max": "{steps} down to the smallest rate",
    "T_mult": "{steps} to a restart by those to the last one",
    "anneal_strategy": "shape of the way up and down",
    "base_lr": "smallest learning rate",
    "base_momentum": "momentum at the largest rate",
    "cooldown": "{steps} after a decay that do not count",
    "cycle_momentum": "moves the momentum against the rate",
    "div_factor": "max_lr by the first rate",
    "end_factor": "share of the rate at the end",
    "eps": "smallest decay that is made",
    "eta_min": "smallest learning rate",
    "factor": "share of the rate at the start",
    "ReduceLROnPlateau.factor": "new rate by the old one at a decay",
    "final_div_factor": "first rate by the last one",
    "gamma": "new rate by the old one at a decay",
    "ExponentialLR.gamma": "new rate by the old one, in every {step}",
    "CyclicLR.gamma": "exp_range: share of the height a {step} keeps",
    "max_lr": "largest learning rate",
    "max_momentum": "momentum at the smallest rate",
    "milestones": "{steps} into the schedule at each decay",
    "min_lr": "smallest learning rate",
    "mode": "shape of the cycles",
    "ReduceLROnPlateau.mode": "min or max: the better value of the metric",
    "patience": "{steps} without improvement that are borne",
    "pct_start": "share of the cycle in which the rate rises",
    "power": "power of the decay; 1: linear",
    "scale_mode": "what the shape counts",
    "start_factor": "share of the rate at the start",
    "step_size": "{steps} between decays",
    "step_size_down": "{steps} down in a cycle",
    "step_size_up": "{steps} up in a cycle",
    "three_phase": "the last way down is a phase of its own",
    "threshold": "smallest change that counts as improvement",
    "threshold_mode": "rel or abs: threshold is a share or not",
    "total_iters": "{steps} to the full rate",
    "LinearLR.total_iters": "{steps} to end_factor",
    "PolynomialLR.total_iters": "{steps} to a rate of zero",
    "total_steps": "{steps} of the whole cycle",
}


def meaning(kind: Kind, name: str, argument: str, steps: str = "") -> str | None:
    """What an argument of a class of torch means, None where it is not known.

    `steps` is what a scheduler counts, such as `epochs`.
    """
    meanings = _OPTIMIZERS if kind == "optimizers" else _SCHEDULERS
    found = meanings.get(f"{name}.{argument}", meanings.get(argument))
    if found is None or argument not in arguments(kind, name):
        return None
    return found.format(steps=steps, step=steps.removesuffix("s"))
