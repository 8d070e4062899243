"""Decides on a part of the model that is frozen at first."""

from __future__ import annotations

from lgen.plan.decisions import Decisions, arguments, literal
from lgen.spec.finetuning import Finetuning
from lgen.spec.options import Spec


def finetuning(spec: Spec) -> Decisions:
    """What is frozen, from when on it is trained too, and at which rate."""
    given = spec.finetuning or Finetuning()
    own_rate = given.backbone_initial_lr is not None
    next_lr = "cfg.backbone_multiplier * lr"
    return Decisions(
        flags={
            "finetuning": spec.finetuning is not None,
            "backbone_ratio": spec.finetuning is not None and not own_rate,
            "backbone_rate": spec.finetuning is not None and own_rate,
            "backbone_aligned": given.should_align,
        },
        names={
            "FIRST_BACKBONE_LR": (
                "cfg.backbone_initial_lr" if own_rate else "cfg.backbone_initial_ratio_lr * head_lr"
            ),
            "NEXT_BACKBONE_LR": f"min({next_lr}, head_lr)" if given.should_align else next_lr,
            "TRAINED_PARAMETERS": (
                "[p for p in model.parameters() if p.requires_grad]"
                if spec.finetuning
                else "model.parameters()"
            ),
        },
        values={
            "freeze_arguments": arguments(
                "model",
                literal(given.backbone),
                **({} if given.train_bn else {"train_bn": "False"}),
            ),
            "unfreeze_backbone_at_epoch": given.unfreeze_backbone_at_epoch,
            "backbone_multiplier": given.multiplier,
            "backbone_initial_ratio_lr": given.backbone_initial_ratio_lr,
            "backbone_initial_lr": given.backbone_initial_lr or 0.0,
        },
    )


def backbone_settings(spec: Spec) -> list[str]:
    """The settings that say when the backbone is trained and at which rate."""
    if spec.finetuning is None:
        return []
    share = spec.finetuning.backbone_initial_lr is None
    first = "backbone_initial_ratio_lr" if share else "backbone_initial_lr"
    return ["unfreeze_backbone_at_epoch", first, "backbone_multiplier"]
