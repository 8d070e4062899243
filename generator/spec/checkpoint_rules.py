"""What the files of checkpoints exclude or need."""

from __future__ import annotations

from lgen.spec.names import COUNTERS, filename_metrics
from lgen.spec.rule import Rule

CHECKPOINT_RULES: tuple[Rule, ...] = (
    Rule(
        "top-k-monitor",
        ("checkpoint.save_top_k", "checkpoint"),
        lambda s: s.checkpoint is not None
        and s.checkpoint.save_top_k > 1
        and s.checkpoint.monitor is None,
        "without a monitor nothing ranks the files",
        "set monitor: val_loss in checkpoint, or save_top_k: -1 to keep all",
    ),
    Rule(
        "filename-monitor",
        ("checkpoint.filename", "checkpoint.monitor", "checkpoint.save_top_k"),
        lambda s: s.checkpoint is not None
        and s.checkpoint.monitor is None
        and s.checkpoint.save_top_k == -1
        and any(name not in COUNTERS for name in filename_metrics(s.checkpoint.filename)),
        "without a monitor states are named that no validation has measured",
        "set monitor: val_loss in checkpoint, or write {epoch} and {step} only",
    ),
    Rule(
        "fsdp-weights-only",
        ("checkpoint.save_weights_only", "strategy"),
        lambda s: s.strategy == "fsdp"
        and s.checkpoint is not None
        and s.checkpoint.save_weights_only,
        "a sharded checkpoint holds the optimizer's shards beside the weights",
        "remove save_weights_only, or set strategy: ddp",
    ),
    Rule(
        "async-save-fsdp",
        ("checkpoint.async_save", "strategy"),
        lambda s: s.strategy != "fsdp" and s.checkpoint is not None and s.checkpoint.async_save,
        "only the shards of fsdp are copied and written while training goes on",
        "set strategy: fsdp, or remove async_save",
    ),
)
