"""What an optimizer excludes that evaluates the loss by itself, several times in a step (LBFGS)."""

from __future__ import annotations

from collections.abc import Callable

from lgen.spec.options import Spec
from lgen.spec.predicates import accumulates, needs_closure
from lgen.spec.rule import Rule


def _beside(
    id: str, option: str, broken: Callable[[Spec], bool], reason: str, way_out: str
) -> Rule:
    """The rule that LBFGS excludes what is broken by the option."""
    return Rule(
        f"closure-{id}",
        (option, "optimizer.name", "optimizer"),
        lambda s: needs_closure(s) and broken(s),
        f"LBFGS evaluates its batch several times in a step; {reason}",
        f"{way_out}, or choose another optimizer",
    )


CLOSURE_RULES: tuple[Rule, ...] = (
    _beside(
        "fsdp",
        "strategy",
        lambda s: s.strategy == "fsdp",
        "its products are of all weights, and a rank has a shard of each",
        "set strategy: ddp",
    ),
    _beside(
        "accumulation",
        "accumulate_grad_batches",
        accumulates,
        "each time it would have to go over the whole window",
        "set a larger batch_size in place of accumulate_grad_batches",
    ),
    _beside(
        "scaler",
        "precision",
        lambda s: s.precision == "16-mixed",
        "a scaler looks at the gradients of one evaluation",
        "set precision: bf16-mixed",
    ),
    _beside(
        "skip",
        "on_nonfinite",
        lambda s: s.on_nonfinite == "skip",
        "weights have changed before a later one is found bad",
        "remove on_nonfinite: skip",
    ),
    _beside(
        "grad-norm",
        "track_grad_norm",
        lambda s: s.track_grad_norm is not None,
        "there is no one norm of its gradients",
        "remove track_grad_norm",
    ),
    _beside(
        "nan-grads",
        "print_nan_grads",
        lambda s: s.print_nan_grads,
        "there is no one set of gradients to look at",
        "remove print_nan_grads",
    ),
    _beside(
        "batch-weight",
        "batch_weight",
        lambda s: s.batch_weight is not None,
        "its line search compares plain means",
        "remove batch_weight",
    ),
    _beside(
        "groups",
        "optimizer.groups",
        lambda s: s.optimizer is not None and bool(s.optimizer.groups),
        "it takes one direction for all parameters, and torch gives it one group",
        "remove groups",
    ),
    _beside(
        "layer-decay",
        "optimizer.layer_decay",
        lambda s: s.optimizer is not None and s.optimizer.layer_decay is not None,
        "it takes one direction for all parameters, and torch gives it one group",
        "remove layer_decay",
    ),
    _beside(
        "finetuning",
        "finetuning",
        lambda s: s.finetuning is not None,
        "it takes one direction for all parameters, and torch gives it one group",
        "remove finetuning",
    ),
)
