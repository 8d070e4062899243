"""Decides on the call of the training step."""

from __future__ import annotations

from lgen.plan.accumulation import accumulated
from lgen.plan.decisions import Code, Decisions
from lgen.plan.devices import is_distributed
from lgen.spec.options import Spec
from lgen.spec.predicates import accumulates, needs_closure
from lgen.user_code.classes import Step, UserClass


def training_step(spec: Spec, module: UserClass) -> Decisions:
    """The call, what it returns, what of it is differentiated, and how a window is counted."""
    step = module.training_steps[0]
    weighted = spec.batch_weight is not None
    several = accumulates(spec)
    closure = needs_closure(spec)
    batch_end = module.hooks.get("on_train_batch_end")
    enumerates = is_distributed(spec) or "on_train_batch_end" in module.hooks
    return Decisions(
        flags={
            "closure": closure,
            "one_step": not closure and not spec.optimizers,
            # what a closure has evaluated is a dict in any case
            "hands_on_loss": closure
            and step.returns == "loss"
            and batch_end is not None
            and "outputs" in (*batch_end.arguments, *batch_end.keyword_only),
            "step_returns_dict": step.returns == "dict",
            "plain_loss": not several and not (weighted and is_distributed(spec)),
            "copies_batches": spec.accelerator != "cpu"
            and not spec.prefetch_to_device
            and "transfer_batch_to_device" not in module.hooks,
            "weighted": weighted,
            "weighted_window": weighted and several,
            "accumulate_enumerates": several and enumerates,
            "accumulate_plain": several and not enumerates,
        },
        names={
            "STEP_RESULT": "dict[str, Tensor]" if step.returns == "dict" else "Tensor",
            "TRAINING_STEP": _callee(spec),
            "STEP_PARAMETERS": _parameters(step),
            "LOSS_TERM": _loss_term(spec),
            # what weighs nothing, such as the mean over no tokens, may be no number
            "LOSS_IS_FINITE": (
                "(not weight or bool(loss.isfinite()))" if weighted else "bool(loss.isfinite())"
            ),
            "WEIGHT": "weight" if weighted else "num_samples(batch)",
        },
        values={
            "training_step_arguments": Code(step.call),
            "batch_weight": spec.batch_weight or "",
        },
    )


def _loss_term(spec: Spec) -> str:
    """What is differentiated, so that the gradients of a step are those of its mean loss."""
    if spec.batch_weight is not None and accumulates(spec):
        return "loss * weight"
    if not accumulates(spec):
        shared = spec.batch_weight is not None and is_distributed(spec)
        return "loss * weight / rank_mean(weight, loss.device)" if shared else "loss"
    window = "window_size" if spec.partial_window == "actual" else accumulated(spec)
    return f"loss / {window}"


_TYPES = {"batch": "Any", "optimizer": "torch.optim.Optimizer", "log": "Log"}


def _parameters(step: Step) -> Code:
    """The parameters of a function that passes them on to the step."""
    given = [f"{name}: {_TYPES.get(name, 'int')}" for name in step.arguments]
    keywords = [f"{name}: {_TYPES.get(name, 'int')}" for name in step.keyword_only]
    return Code(", ".join([*given, *(["*"] if keywords else []), *keywords]))


def _callee(spec: Spec) -> str:
    """What is called for the outputs of a batch."""
    if spec.strategy == "ddp":
        return "ddp"
    compiles_step = spec.compile is not None and spec.compile.target == "step"
    return "training_step" if compiles_step else "model.training_step"
