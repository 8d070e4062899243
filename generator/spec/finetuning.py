"""Training a part of the model from an epoch on, and what that excludes."""

from __future__ import annotations

from lgen.spec.base import SwitchPart, option


class Finetuning(SwitchPart):
    """Lightning's BackboneFinetuning: the rest of the model is trained first, then all of it."""

    backbone: str = option(
        "backbone",
        "the part of the module that is frozen at first, such as backbone or net.encoder",
        min_length=1,
    )
    unfreeze_backbone_at_epoch: int = option(
        10, "the epoch, counted from 0, from which on it is trained too", ge=0
    )
    multiplier: float = option(
        2.0, "in each epoch after that its learning rate is multiplied by this", gt=0
    )
    backbone_initial_ratio_lr: float = option(
        0.1, "its first learning rate as a share of the others'", gt=0
    )
    backbone_initial_lr: float | None = option(
        None, "its first learning rate, in place of a share", gt=0
    )
    should_align: bool = option(True, "its learning rate is never higher than the others'")
    train_bn: bool = option(
        True, "train its batch norm layers, from the start; their statistics always follow"
    )
