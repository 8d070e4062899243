"""What several optimizers exclude, and what holds of each of them as of the only one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

from lgen.spec.blocks import Block
from lgen.spec.iterable_rules import iterable_findings
from lgen.spec.options import Spec
from lgen.spec.predicates import accumulates, needs_closure
from lgen.spec.rule import CodeRule, Finding, Rule
from lgen.user_code.classes import UserClass, UserData
from lgen.user_code.hooks import HOOKS, STEPS

# the options that each block has for itself
_OWN = ("optimizer", "scheduler", "gradient_clip_val", "gradient_clip_algorithm")
# the hooks that are called for each optimizer
HOOKS_OF_EACH = (
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
)


def as_only_one(spec: Spec, name: str) -> Spec:
    """The spec as if the block of this name had the only optimizer."""
    block = spec.optimizers[name]
    own = {option: getattr(block, option) for option in _OWN}
    return spec.model_copy(update={**own, "optimizers": {}})


def rules_of_blocks(spec: Spec, rules: tuple[Rule, ...]) -> Iterator[Rule]:
    """The rules about an optimizer that a block breaks, each with the block's own keys."""
    for name in spec.optimizers:
        alone = as_only_one(spec, name)
        for rule in rules:
            own = [key for key in rule.keys if key.partition(".")[0] in _OWN]
            if own and rule.broken(alone) and not rule.broken(spec):
                keys = [f"optimizers.{name}.{key}" if key in own else key for key in rule.keys]
                yield replace(rule, keys=tuple(keys))


def _any(broken: Callable[[Block], bool]) -> Callable[[Spec], bool]:
    """Whether something is so of a block."""
    return lambda spec: any(broken(block) for block in spec.optimizers.values())


def _beside(broken: Callable[[Spec], bool]) -> Callable[[Spec], bool]:
    """Whether something is so beside several optimizers."""
    return lambda spec: bool(spec.optimizers) and broken(spec)


def _schedule_elsewhere(block: Block) -> bool:
    """Whether a schedule is none of plain epochs or steps."""
    given = block.scheduler
    if given is None:
        return False
    plain = given.frequency == 1 and given.warmup_steps == 0
    return not plain or given.interval == "validation" or given.name in ("ReduceLROnPlateau", "WSD")


def _shares_windows(spec: Spec) -> bool:
    """Whether a block that accumulates has a part in common with another."""
    parts = [(block, block.part_names(name)) for name, block in spec.optimizers.items()]
    return any(
        (one.accumulate_grad_batches > 1 or other.accumulate_grad_batches > 1)
        and any(_overlap(a, b) for a in mine for b in theirs)
        for (one, mine), (other, theirs) in combinations(parts, 2)
    )


def _overlap(one: str, other: str) -> bool:
    """Whether one part is the other, or lies in it."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _takes_other_step(spec: Spec) -> bool:
    """Whether a step is one that something else calls."""
    taken = {*STEPS, *HOOKS, "configure_optimizers", "forward"} - {"training_step"}
    return any(block.step_name(name) in taken for name, block in spec.optimizers.items())


BLOCK_RULES: tuple[Rule, ...] = (
    Rule(
        "blocks-name",
        ("optimizers",),
        lambda s: any(name == "lr" or name.startswith("_") for name in s.optimizers),
        "the names of a block's objects and settings begin with its own, as in lr_scheduler",
        "name the block otherwise, without a leading underscore",
    ),
    Rule(
        "blocks-alone",
        ("optimizers", "optimizer", "scheduler"),
        _beside(lambda s: s.optimizer is not None or s.scheduler is not None),
        "each block of optimizers has its own optimizer and scheduler",
        "write them into the blocks, or remove optimizers",
    ),
    Rule(
        "blocks-own-window",
        ("optimizers", "gradient_clip_val", "gradient_clip_algorithm", "accumulate_grad_batches"),
        _beside(
            lambda s: s.gradient_clip_val is not None
            or s.gradient_clip_algorithm != "norm"
            or accumulates(s)
        ),
        "each block of optimizers clips and accumulates by itself",
        "write gradient_clip_val, gradient_clip_algorithm and accumulate_grad_batches into the "
        "blocks",
    ),
    Rule(
        "blocks-swa",
        ("optimizers", "swa"),
        _beside(lambda s: s.swa is not None),
        "swa takes over one schedule and passes the data through one training step",
        "remove swa, or take ema in its place",
    ),
    Rule(
        "blocks-gradients",
        ("optimizers", "track_grad_norm", "print_nan_grads"),
        _beside(lambda s: s.track_grad_norm is not None or s.print_nan_grads),
        "the gradients of several optimizers have no one norm, and are looked at by none yet",
        "remove track_grad_norm and print_nan_grads",
    ),
    Rule(
        "blocks-weight",
        ("optimizers", "batch_weight"),
        _beside(lambda s: s.batch_weight is not None),
        "the steps of several optimizers count samples",
        "remove batch_weight",
    ),
    Rule(
        "blocks-skip",
        ("optimizers", "on_nonfinite"),
        _beside(lambda s: s.on_nonfinite == "skip"),
        "a step of which one optimizer is left out is another game for the others",
        "set on_nonfinite: raise or ignore",
    ),
    Rule(
        "blocks-compile",
        ("optimizers", "compile"),
        _beside(lambda s: s.compile is not None),
        "what is compiled for one optimizer is compiled anew for the next, which has other "
        "parameters frozen",
        "remove compile",
    ),
    Rule(
        "blocks-groups",
        ("optimizers",),
        _any(lambda b: bool(b.optimizer.groups) or b.optimizer.layer_decay is not None),
        "groups and layer_decay name parameters of the whole module, and a block has a part of it",
        "give these parameters a block of their own, or remove groups and layer_decay",
    ),
    Rule(
        "blocks-packages",
        ("optimizers",),
        _any(lambda b: bool(b.optimizer.module)),
        "the optimizer of a block is one of torch.optim",
        "write its name alone, such as Adam",
    ),
    Rule(
        "blocks-closure",
        ("optimizers",),
        lambda s: any(needs_closure(as_only_one(s, name)) for name in s.optimizers),
        "the step of a block is evaluated once, and LBFGS evaluates it several times",
        "choose another optimizer",
    ),
    Rule(
        "blocks-schedule",
        ("optimizers",),
        _any(_schedule_elsewhere),
        "the schedule of a block steps in every epoch or with every step of its optimizer",
        "set interval: epoch or step, without frequency and warmup_steps, and a scheduler of torch "
        "that watches no metric",
    ),
    Rule(
        "blocks-schedule-name",
        ("optimizers",),
        _any(lambda b: b.scheduler is not None and b.scheduler.name is None),
        "the scheduler of a block has a name",
        "write one, such as scheduler: {name: CosineAnnealingLR}",
    ),
    Rule(
        "blocks-share",
        ("optimizers",),
        _shares_windows,
        "gradients that one block accumulates would be cleared by another that has the same part",
        "remove accumulate_grad_batches, or give each part to one block",
    ),
    Rule(
        "blocks-step",
        ("optimizers",),
        _takes_other_step,
        "the step of a block is a method that nothing else calls",
        "name it otherwise, such as generator_step",
    ),
)

BLOCK_CODE_RULES = (
    CodeRule("blocks-configured", ("optimizers",), "optimizers or configure_optimizers, not both"),
    CodeRule("blocks-training-step", ("optimizers",), "a training_step is the step of a block"),
    CodeRule("blocks-parts", ("optimizers",), "the module has the parts that a block trains"),
    CodeRule("blocks-hooks", ("optimizers",), "a hook names what there is one of"),
)


def block_findings(spec: Spec, module: UserClass, data: UserData) -> Iterator[Finding]:
    """Every fault between several optimizers and the user's classes."""
    if not spec.optimizers:
        return
    if module.configures is not None:
        yield Finding(
            "blocks-configured",
            ("optimizers",),
            "the module has configure_optimizers; remove optimizers, or the method",
        )
    if "training_step" in module.steps and "training_step" not in module.training:
        yield Finding(
            "blocks-training-step",
            ("optimizers",),
            "training_step is called by no block of optimizers; remove the method, or set step: "
            "training_step in one",
        )
    for name, block in spec.optimizers.items():
        for finding in iterable_findings(as_only_one(spec, name), data):
            if finding.keys == ("scheduler",):
                yield finding._replace(keys=(f"optimizers.{name}.scheduler",))
        for part in block.part_names(name):
            top = part.partition(".")[0]
            if module.attributes is not None and top not in module.attributes:
                yield Finding(
                    "blocks-parts",
                    (f"optimizers.{name}.parameters",),
                    f"{module.name} assigns no self.{top}, which optimizers.{name} is to train; "
                    "set parameters to the parts that it has",
                )
    for hook in module.hooks.values():
        taken = {*hook.arguments, *hook.keyword_only}
        wrong = {"outputs"} if hook.name == "on_train_batch_end" else set()
        wrong |= set() if hook.name in HOOKS_OF_EACH else {"optimizer"}
        for argument in sorted(taken & wrong):
            yield Finding(
                "blocks-hooks",
                ("optimizers",),
                f"{hook.name} names {argument}, and each block of optimizers has its own; take "
                "it in the steps",
            )
