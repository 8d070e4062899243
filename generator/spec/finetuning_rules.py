"""What training a part of the model from an epoch on excludes or needs."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.spec.fault import nearest
from lgen.spec.options import Spec
from lgen.spec.predicates import max_epochs, sets_rates
from lgen.spec.rule import CodeRule, Finding, Rule
from lgen.user_code.classes import UserClass


def _never_unfrozen(spec: Spec) -> bool:
    """Whether the last epoch comes before the one from which on all is trained."""
    epochs = max_epochs(spec)
    return (
        spec.finetuning is not None
        and epochs is not None
        and not spec.fast_dev_run
        and spec.finetuning.unfreeze_backbone_at_epoch >= epochs
    )


FINETUNING_RULES: tuple[Rule, ...] = (
    Rule(
        "finetuning-groups",
        ("finetuning", "optimizer.groups", "optimizer.layer_decay"),
        lambda s: s.finetuning is not None
        and s.optimizer is not None
        and bool(s.optimizer.groups or s.optimizer.layer_decay),
        "finetuning makes the groups of parameters itself: one, and then the backbone",
        "remove groups and layer_decay, or finetuning",
    ),
    Rule(
        "finetuning-blocks",
        ("finetuning", "optimizers"),
        lambda s: s.finetuning is not None and bool(s.optimizers),
        "finetuning gives the backbone to the one optimizer that there is",
        "remove finetuning, or optimizers",
    ),
    Rule(
        "finetuning-optimizer",
        ("finetuning", "optimizer.name"),
        lambda s: s.finetuning is not None and s.optimizer is not None and bool(s.optimizer.module),
        "lgen does not know how this optimizer takes a group of parameters later",
        "choose one of torch.optim, or remove finetuning",
    ),
    Rule(
        "finetuning-rates",
        ("finetuning", "scheduler"),
        lambda s: s.finetuning is not None and sets_rates(s),
        "this schedule sets the rates of all groups, and has none for parameters that come later",
        "choose another scheduler, such as CosineAnnealingLR with warmup_steps",
    ),
    Rule(
        "finetuning-swa-rates",
        ("finetuning", "swa.swa_lrs"),
        lambda s: s.finetuning is not None and s.swa is not None and s.swa.swa_lrs is not None,
        "swa_lrs sets the rates of all groups, and has none for parameters that come later",
        "remove swa_lrs, or finetuning",
    ),
    Rule(
        "finetuning-sharded-precision",
        ("finetuning", "strategy", "precision"),
        lambda s: s.finetuning is not None
        and s.strategy == "fsdp"
        and s.precision.endswith("-mixed"),
        "torch settles the number format of a shard's gradients in the first step, and what is "
        "frozen then has none",
        "set strategy: ddp, or precision: 32-true or bf16-true",
    ),
    Rule(
        "finetuning-epoch",
        ("finetuning.unfreeze_backbone_at_epoch", "finetuning", "max_epochs", "fast_dev_run"),
        _never_unfrozen,
        "training ends before unfreeze_backbone_at_epoch, which is counted from 0",
        "lower it, or raise max_epochs",
    ),
    Rule(
        "finetuning-ratio",
        ("finetuning.backbone_initial_ratio_lr", "finetuning.backbone_initial_lr"),
        lambda s: s.finetuning is not None
        and s.finetuning.backbone_initial_lr is not None
        and s.finetuning.backbone_initial_ratio_lr
        != type(s.finetuning)().backbone_initial_ratio_lr,
        "the first rate of the backbone is a number or a share",
        "remove backbone_initial_ratio_lr or backbone_initial_lr",
    ),
)

FINETUNING_CODE_RULES = (
    CodeRule("finetuned-optimizer", ("finetuning",), "finetuning adds to an optimizer of the spec"),
    CodeRule(
        "finetuned-part", ("finetuning.backbone", "finetuning"), "the module has the backbone"
    ),
)


def finetuning_findings(spec: Spec, module: UserClass) -> Iterator[Finding]:
    """What training a part of the module later needs of it."""
    if spec.finetuning is None:
        return
    if module.configures is not None:
        yield Finding(
            "finetuned-optimizer",
            ("finetuning",),
            "finetuning builds the optimizer of what is trained at first; remove "
            "configure_optimizers and write optimizer: in the spec, or freeze in your own hooks",
        )
    top = spec.finetuning.backbone.partition(".")[0]
    if module.attributes is not None and top not in module.attributes:
        yield Finding(
            "finetuned-part",
            ("finetuning.backbone", "finetuning"),
            f"{module.name} assigns no self.{top}, which is to be frozen at first"
            f"{nearest(top, module.attributes)}; set backbone to a part that it has",
        )
