"""Which options exclude or need one another: each rule with its reason and the way out."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.spec.averaging_rules import AVERAGING
from lgen.spec.block_rules import BLOCK_RULES, rules_of_blocks
from lgen.spec.checkpoint_rules import CHECKPOINT_RULES
from lgen.spec.closure_rules import CLOSURE_RULES
from lgen.spec.finetuning_rules import FINETUNING_RULES
from lgen.spec.group_rules import GROUP_RULES
from lgen.spec.options import Spec
from lgen.spec.predicates import (
    argument,
    arguments_by_group,
    half_eps,
    max_epochs,
    modes,
    monitors,
    optimizer,
)
from lgen.spec.rule import Rule
from lgen.spec.schedule_rules import SCHEDULE_RULES
from lgen.spec.torch_rules import TORCH_RULES
from lgen.spec.unused import UNUSED

EXCLUDED: tuple[Rule, ...] = (
    Rule(
        "single-devices",
        ("devices", "strategy"),
        lambda s: s.strategy == "single" and s.devices > 1,
        "one process trains on one device",
        "set strategy: ddp or fsdp, or devices: 1",
    ),
    Rule(
        "single-nodes",
        ("num_nodes", "strategy"),
        lambda s: s.strategy == "single" and s.num_nodes > 1,
        "one process runs on one machine",
        "set strategy: ddp or fsdp, or num_nodes: 1",
    ),
    Rule(
        "mps-processes",
        ("strategy", "accelerator"),
        lambda s: s.accelerator == "mps" and s.strategy != "single",
        "torch has no communication between processes on mps",
        "set strategy: single, or another accelerator",
    ),
    Rule(
        "mps-float64",
        ("precision", "accelerator"),
        lambda s: s.accelerator == "mps" and s.precision == "64-true",
        "mps has no float64",
        "set precision: 32-true, or another accelerator",
    ),
    Rule(
        "sync-batchnorm-cuda",
        ("sync_batchnorm", "accelerator"),
        lambda s: s.sync_batchnorm and s.accelerator != "cuda",
        "torch's SyncBatchNorm runs on cuda only",
        "set accelerator: cuda, or remove sync_batchnorm",
    ),
    Rule(
        "half-eps",
        ("optimizer.eps", "optimizer.groups", "optimizer", "precision"),
        half_eps,
        "16-true rounds this optimizer's eps to zero, and a zero gradient then gives NaN",
        "set eps: 1e-4 in optimizer, or precision: 16-mixed",
    ),
    Rule(
        "fsdp-optimizer",
        ("optimizer.name", "strategy"),
        lambda s: s.strategy == "fsdp" and optimizer(s, "Adafactor", "Rprop", "SparseAdam"),
        "this optimizer has no sharded step in torch",
        "choose another optimizer, such as AdamW, or strategy: ddp",
    ),
    Rule(
        "fsdp-fused",
        ("optimizer.fused", "strategy"),
        lambda s: s.strategy == "fsdp"
        and argument(s, "fused") is True
        and optimizer(s, "SGD", "Adagrad"),
        "this optimizer's fused step has no sharded form in torch",
        "remove fused, or set strategy: ddp",
    ),
    Rule(
        "fused-foreach",
        ("optimizer.fused", "optimizer.foreach"),
        lambda s: argument(s, "fused") is True and argument(s, "foreach") is True,
        "an optimizer's step is either fused or foreach",
        "remove one of the two",
    ),
    Rule(
        "capturable-cuda",
        ("optimizer.capturable", "accelerator"),
        lambda s: argument(s, "capturable") is True and s.accelerator != "cuda",
        "capturable is for CUDA graphs",
        "set accelerator: cuda, or remove capturable",
    ),
    Rule(
        "nesterov-momentum",
        ("optimizer.nesterov", "optimizer.momentum", "optimizer.dampening", "optimizer.groups"),
        lambda s: optimizer(s, "SGD")
        and any(
            args.get("nesterov") is True and (not args.get("momentum") or args.get("dampening"))
            for args in arguments_by_group(s)
        ),
        "nesterov needs a momentum and no dampening",
        "set momentum: 0.9 in optimizer, without dampening, or remove nesterov",
    ),
    Rule(
        "sparse-clipping",
        ("gradient_clip_val", "optimizer"),
        lambda s: s.gradient_clip_val is not None and optimizer(s, "SparseAdam"),
        "torch clips no sparse gradients",
        "remove gradient_clip_val, or choose another optimizer",
    ),
    Rule(
        "sparse-gradients",
        ("track_grad_norm", "print_nan_grads", "optimizer"),
        lambda s: (s.track_grad_norm is not None or s.print_nan_grads)
        and optimizer(s, "SparseAdam"),
        "torch has no norm of sparse gradients, and tests none of them for NaN",
        "remove track_grad_norm and print_nan_grads, or choose another optimizer",
    ),
    Rule(
        "anomaly-nonfinite",
        ("detect_anomaly", "on_nonfinite", "print_nan_grads"),
        lambda s: s.detect_anomaly and (s.on_nonfinite == "skip" or s.print_nan_grads),
        "autograd's anomaly detection ends the run at the first NaN, in the backward pass already",
        "remove detect_anomaly, or both on_nonfinite: skip and print_nan_grads",
    ),
    Rule(
        "monitor-validation-metric",
        ("checkpoint.monitor", "early_stopping.monitor", "scheduler.monitor"),
        lambda s: any(not monitor.startswith("val_") for monitor in monitors(s).values()),
        "what is monitored is a metric of the validation, and its name starts with val_",
        "write val_loss, or val_ and another key of validation_step's result (with several "
        "validation sets, val_<set>_loss)",
    ),
    Rule(
        "monitor-without-validation",
        ("checkpoint.monitor", "early_stopping.monitor", "scheduler.monitor", "limit_val_batches"),
        lambda s: s.limit_val_batches == 0 and bool(monitors(s)),
        "limit_val_batches: 0 turns off the validation that measures what is monitored",
        "remove limit_val_batches, or every monitor",
    ),
    Rule(
        "monitor-mode",
        (
            *("checkpoint.mode", "early_stopping.mode", "scheduler.mode"),
            *("checkpoint.monitor", "early_stopping.monitor", "scheduler.monitor", "scheduler"),
        ),
        lambda s: any(len(found) > 1 for found in modes(s).values()),
        "one metric is watched twice, and less of it is better here and more there (mode is min "
        "where it is not given)",
        "set the same mode in checkpoint, early_stopping and ReduceLROnPlateau",
    ),
    *CHECKPOINT_RULES,
    Rule(
        "prefetch-cuda",
        ("prefetch_to_device", "accelerator"),
        lambda s: s.prefetch_to_device and s.accelerator != "cuda",
        "only cuda copies a batch while a step runs",
        "set accelerator: cuda, or remove prefetch_to_device",
    ),
    Rule(
        "prefetch-workers",
        ("prefetch_to_device", "num_workers"),
        lambda s: s.prefetch_to_device and s.num_workers == 0,
        "a batch read ahead in the training process would move its random streams",
        "set num_workers: 1 or more, or remove prefetch_to_device",
    ),
    Rule(
        "epochs-order",
        ("min_epochs", "max_epochs", "max_steps"),
        lambda s: s.min_epochs is not None and s.min_epochs > (max_epochs(s) or s.min_epochs),
        "min_epochs is past the last epoch",
        "set max_epochs to at least min_epochs",
    ),
    Rule(
        "steps-order",
        ("min_steps", "max_steps"),
        lambda s: s.min_steps is not None and -1 != s.max_steps < s.min_steps,
        "min_steps is past the last step",
        "set max_steps to at least min_steps",
    ),
    Rule(
        "interval-across-epochs",
        ("val_check_interval", "check_val_every_n_epoch"),
        lambda s: s.check_val_every_n_epoch is None and isinstance(s.val_check_interval, float),
        "check_val_every_n_epoch: null counts batches across epochs, so no share of an epoch",
        "set val_check_interval to a number of batches",
    ),
    Rule(
        "loggers-repeated",
        ("loggers",),
        lambda s: len(set(s.loggers)) < len(s.loggers),
        "a logger is named twice",
        "name each logger once",
    ),
)
RULES = (
    *EXCLUDED,
    *SCHEDULE_RULES,
    *AVERAGING,
    *TORCH_RULES,
    *GROUP_RULES,
    *CLOSURE_RULES,
    *FINETUNING_RULES,
    *UNUSED,
    *BLOCK_RULES,
)


def broken_rules(spec: Spec) -> Iterator[Rule]:
    """The rules that a spec breaks, those that a block of several optimizers breaks included."""
    yield from (rule for rule in RULES if rule.broken(spec))
    yield from rules_of_blocks(spec, RULES)
