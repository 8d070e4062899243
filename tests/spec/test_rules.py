"""Each rule refuses its combination, says the reason and the way out, and nothing less."""

from __future__ import annotations

import pytest

from lgen.spec.read import loads
from lgen.spec.rules import RULES

BASE = "module: model.py:Net\ndata: data.py:Data\n"
GENERATOR = "optimizers:\n  generator:\n    optimizer: {name: Adam}\n"
BOTH = f"{GENERATOR}  critic:\n    optimizer: {{name: SGD}}\n"
SGD = "optimizer: {name: SGD, lr: 0.1}\n"
PLATEAU = "scheduler: {name: ReduceLROnPlateau"
NEWTON = "optimizer: {name: LBFGS}\n"
STOPS = "early_stopping: {monitor: val_loss}\n"

# by rule, a spec that breaks it, and the nearest one that does not
CASES = {
    "monitor-mode": (
        "checkpoint: {monitor: val_acc}\nearly_stopping: {monitor: val_acc, mode: max}",
        "checkpoint: {monitor: val_acc, mode: max}\nearly_stopping: {monitor: val_acc, mode: max}",
    ),
    "single-devices": ("devices: 2", "devices: 2\nstrategy: ddp"),
    "single-nodes": ("num_nodes: 2", "num_nodes: 2\nstrategy: fsdp"),
    "mps-processes": ("accelerator: mps\nstrategy: ddp", "accelerator: cuda\nstrategy: ddp"),
    "mps-float64": ("accelerator: mps\nprecision: 64-true", "accelerator: cpu\nprecision: 64-true"),
    "fsdp-needs-strategy": ("fsdp: {wrap: [A]}", "strategy: fsdp\nfsdp: {wrap: [A]}"),
    "sync-batchnorm-processes": (
        "sync_batchnorm: true\naccelerator: cuda",
        "sync_batchnorm: true\naccelerator: cuda\nstrategy: ddp",
    ),
    "sync-batchnorm-cuda": (
        "sync_batchnorm: true\nstrategy: ddp",
        "sync_batchnorm: true\nstrategy: ddp\naccelerator: cuda",
    ),
    "half-eps": (
        "precision: 16-true\noptimizer: {name: AdamW}",
        "precision: 16-true\noptimizer: {name: AdamW, eps: 1e-4}",
    ),
    "fsdp-optimizer": (
        "strategy: fsdp\noptimizer: {name: Adafactor}",
        "strategy: ddp\noptimizer: {name: Adafactor}",
    ),
    "fsdp-fused": (
        "strategy: fsdp\noptimizer: {name: SGD, fused: true}",
        "strategy: fsdp\noptimizer: {name: AdamW, fused: true}",
    ),
    "fused-foreach": (
        "optimizer: {name: AdamW, fused: true, foreach: true}",
        "optimizer: {name: AdamW, fused: true, foreach: false}",
    ),
    "capturable-cuda": (
        "optimizer: {name: AdamW, capturable: true}",
        "accelerator: cuda\noptimizer: {name: AdamW, capturable: true}",
    ),
    "nesterov-momentum": (
        "optimizer: {name: SGD, nesterov: true}",
        "optimizer: {name: SGD, nesterov: true, momentum: 0.9}",
    ),
    "sparse-clipping": (
        "gradient_clip_val: 1\noptimizer: {name: SparseAdam}",
        "gradient_clip_val: 1\noptimizer: {name: Adam}",
    ),
    "sparse-gradients": (
        "print_nan_grads: true\noptimizer: {name: SparseAdam}",
        "track_grad_norm: true\noptimizer: {name: Adam}",
    ),
    "anomaly-nonfinite": (
        "detect_anomaly: true\non_nonfinite: skip",
        "detect_anomaly: true\non_nonfinite: raise",
    ),
    "closure-fsdp": (f"{NEWTON}strategy: fsdp", f"{NEWTON}strategy: ddp"),
    "closure-accumulation": (f"{NEWTON}accumulate_grad_batches: 2", f"{NEWTON}batch_size: 64"),
    "closure-scaler": (f"{NEWTON}precision: 16-mixed", f"{NEWTON}precision: bf16-mixed"),
    "closure-skip": (f"{NEWTON}on_nonfinite: skip", f"{NEWTON}on_nonfinite: ignore"),
    "closure-grad-norm": (f"{NEWTON}track_grad_norm: 2.0", f"{SGD}track_grad_norm: 2.0"),
    "closure-nan-grads": (f"{NEWTON}print_nan_grads: true", f"{SGD}print_nan_grads: true"),
    "closure-batch-weight": (f"{NEWTON}batch_weight: tokens", f"{SGD}batch_weight: tokens"),
    "closure-groups": (
        "optimizer: {name: LBFGS, groups: [{match: bias, lr: 1}]}",
        "optimizer: {name: SGD, groups: [{match: bias, lr: 1}]}",
    ),
    "closure-layer-decay": (
        "optimizer: {name: LBFGS, layer_decay: {factor: 0.8, layers: [a, b]}}",
        "optimizer: {name: SGD, layer_decay: {factor: 0.8, layers: [a, b]}}",
    ),
    "closure-finetuning": (
        "optimizer: {name: LBFGS}\nfinetuning: true",
        "optimizer: {name: SGD}\nfinetuning: true",
    ),
    "depth-of-no-summary": (
        "model_summary_depth: 2\nenable_model_summary: false",
        "model_summary_depth: 2",
    ),
    "device-stats-logger": (
        "device_stats: true\nloggers: []",
        "device_stats: true\nloggers: [tensorboard]",
    ),
    "layer-norms-logger": (
        "track_grad_norm: {by_layer: true}\nloggers: []",
        "track_grad_norm: true\nloggers: []",
    ),
    "warmup-interval": (
        f"{SGD}scheduler: {{name: CosineAnnealingLR, warmup_steps: 5}}",
        f"{SGD}scheduler: {{name: CosineAnnealingLR, warmup_steps: 5, interval: step}}",
    ),
    "warmup-plateau": (
        f"{SGD}{PLATEAU}, monitor: val_loss, warmup_steps: 5}}",
        f"{SGD}{PLATEAU}, monitor: val_loss}}",
    ),
    "finetuning-groups": (
        "finetuning: true\noptimizer: {name: SGD, groups: [{match: bias, lr: 0.1}]}",
        "finetuning: true\noptimizer: {name: SGD}",
    ),
    "finetuning-optimizer": (
        "finetuning: true\noptimizer: {name: my_optim.Lion, lr: 0.1}",
        "finetuning: true\noptimizer: {name: SGD, lr: 0.1}",
    ),
    "finetuning-rates": (
        f"{SGD}finetuning: true\nscheduler: {{name: OneCycleLR, max_lr: 0.1}}",
        f"{SGD}finetuning: true\nscheduler: {{name: StepLR, step_size: 2}}",
    ),
    "finetuning-blocks": (
        "finetuning: true\noptimizers: {generator: {optimizer: {name: Adam}}}",
        "optimizers: {generator: {optimizer: {name: Adam}}}",
    ),
    "finetuning-sharded-precision": (
        f"{SGD}finetuning: true\nstrategy: fsdp\nprecision: bf16-mixed",
        f"{SGD}finetuning: true\nstrategy: fsdp\nprecision: bf16-true",
    ),
    "swa-rates": (
        "optimizer: {name: SGD, groups: [{match: bias, lr: 0.01}]}\nswa: {swa_lrs: 0.1}",
        "optimizer: {name: SGD, groups: [{match: bias, momentum: 0.1}]}\nswa: {swa_lrs: 0.1}",
    ),
    "finetuning-swa-rates": (
        f"{SGD}finetuning: true\nswa: {{swa_lrs: 0.1}}",
        f"{SGD}finetuning: true\nswa: true",
    ),
    "finetuning-epoch": (
        f"{SGD}max_epochs: 3\nfinetuning: {{unfreeze_backbone_at_epoch: 3}}",
        f"{SGD}max_epochs: 3\nfinetuning: {{unfreeze_backbone_at_epoch: 2}}",
    ),
    "finetuning-ratio": (
        f"{SGD}finetuning: {{backbone_initial_lr: 0.1, backbone_initial_ratio_lr: 0.5}}",
        f"{SGD}finetuning: {{backbone_initial_lr: 0.1}}",
    ),
    "decay-interval": (
        f"{SGD}scheduler: {{name: WSD}}",
        f"{SGD}scheduler: {{name: WSD, interval: step}}",
    ),
    "decay-schedule": (
        f"{SGD}scheduler: {{name: CosineAnnealingLR, interval: step, decay_steps: 5}}",
        f"{SGD}scheduler: {{name: WSD, interval: step, decay_steps: 5}}",
    ),
    "plateau-monitor": (f"{SGD}{PLATEAU}}}", f"{SGD}{PLATEAU}, monitor: val_loss}}"),
    "plateau-interval": (
        f"{SGD}{PLATEAU}, monitor: val_loss, interval: step}}",
        f"{SGD}{PLATEAU}, monitor: val_loss, interval: validation}}",
    ),
    "monitor-plateau": (
        f"{SGD}scheduler: {{name: CosineAnnealingLR, monitor: val_loss}}",
        f"{SGD}scheduler: {{name: CosineAnnealingLR}}",
    ),
    "cycle-momentum": (
        "optimizer: {name: Adagrad}\nscheduler: {name: OneCycleLR, max_lr: 0.1}",
        "optimizer: {name: SGD}\nscheduler: {name: OneCycleLR, max_lr: 0.1}",
    ),
    "monitor-validation-metric": (
        "checkpoint: {monitor: train_loss}",
        "checkpoint: {monitor: val_loss}",
    ),
    "monitor-without-validation": (
        "limit_val_batches: 0\nearly_stopping: {monitor: val_loss}",
        "limit_val_batches: 1\nearly_stopping: {monitor: val_loss}",
    ),
    "scheduler-without-validation": (
        f"{SGD}limit_val_batches: 0\nscheduler: {{name: CosineAnnealingLR, interval: validation}}",
        f"{SGD}scheduler: {{name: CosineAnnealingLR, interval: validation}}",
    ),
    "top-k-monitor": ("checkpoint: {save_top_k: 2}", "checkpoint: {save_top_k: -1}"),
    "fsdp-weights-only": (
        "strategy: fsdp\ndevices: 2\ncheckpoint: {save_weights_only: true}",
        "strategy: ddp\ndevices: 2\ncheckpoint: {save_weights_only: true}",
    ),
    "async-save-fsdp": (
        "strategy: ddp\ndevices: 2\ncheckpoint: {async_save: true}",
        "strategy: fsdp\ndevices: 2\ncheckpoint: {async_save: true}",
    ),
    "workers-persistent": (
        "persistent_workers: true",
        "persistent_workers: true\nnum_workers: 1",
    ),
    "prefetch-cuda": (
        "prefetch_to_device: true\nnum_workers: 1",
        "prefetch_to_device: true\nnum_workers: 1\naccelerator: cuda",
    ),
    "prefetch-workers": (
        "prefetch_to_device: true\naccelerator: cuda",
        "prefetch_to_device: true\naccelerator: cuda\nnum_workers: 1",
    ),
    "epochs-order": (
        f"{STOPS}min_epochs: 3\nmax_epochs: 2",
        f"{STOPS}min_epochs: 3\nmax_epochs: 3",
    ),
    "one-average": ("ema: true\nswa: true", "ema: false\nswa: true"),
    "plateau-frequency": (
        "scheduler: {name: ReduceLROnPlateau, monitor: val_loss, frequency: 2}\n"
        "check_val_every_n_epoch: 3",
        "scheduler: {name: ReduceLROnPlateau, monitor: val_loss, frequency: 2}",
    ),
    "swa-checkpoint": ("checkpoint: false\nswa: true", "swa: true"),
    "swa-share": (
        "swa: true\nmax_steps: 9",
        "swa: {swa_epoch_start: 2}\nmax_steps: 9",
    ),
    "swa-start": (
        "swa: {swa_epoch_start: 4}\nmax_epochs: 3",
        "swa: {swa_epoch_start: 4}\nmax_epochs: 4",
    ),
    "annealing-rates": (
        "swa: {annealing_epochs: 5}",
        "swa: {annealing_epochs: 5, swa_lrs: 0.1}",
    ),
    "time-length": (
        "scheduler: {name: CosineAnnealingLR}\nmax_time: 60",
        "scheduler: {name: CosineAnnealingLR}\nmax_time: 60\nmax_epochs: 3",
    ),
    "steps-order": (f"{STOPS}min_steps: 3\nmax_steps: 2", f"{STOPS}min_steps: 3"),
    "interval-across-epochs": (
        "check_val_every_n_epoch: null",
        "check_val_every_n_epoch: null\nval_check_interval: 10",
    ),
    "fsdp-reshard-wrap": (
        "strategy: fsdp\nfsdp: {reshard_after_forward: false}",
        "strategy: fsdp\nfsdp: {reshard_after_forward: false, wrap: [A]}",
    ),
    "partial-window-weighted": (
        "partial_window: actual\naccumulate_grad_batches: 2\nbatch_weight: size",
        "accumulate_grad_batches: 2\nbatch_weight: size",
    ),
    "partial-window-accumulation": (
        "partial_window: actual",
        "partial_window: actual\naccumulate_grad_batches: 2",
    ),
    "clip-algorithm-value": (
        "gradient_clip_algorithm: value",
        "gradient_clip_algorithm: value\ngradient_clip_val: 1.0",
    ),
    "pin-memory-device": (
        "accelerator: cpu\npin_memory: true",
        "accelerator: auto\npin_memory: true",
    ),
    "benchmark-cuda": ("accelerator: cpu\nbenchmark: true", "accelerator: cuda\nbenchmark: true"),
    "min-epochs-early-stopping": ("min_epochs: 3", f"{STOPS}min_epochs: 3"),
    "min-steps-early-stopping": ("min_steps: 3", f"{STOPS}min_steps: 3"),
    "interval-without-validation": (
        "limit_val_batches: 0\nval_check_interval: 0.5",
        "limit_val_batches: 1\nval_check_interval: 0.5",
    ),
    "sanity-without-validation": (
        "limit_val_batches: 0\nnum_sanity_val_steps: 1",
        "limit_val_batches: 1\nnum_sanity_val_steps: 1",
    ),
    "epochs-without-validation": (
        "limit_val_batches: 0\ncheck_val_every_n_epoch: 2",
        "limit_val_batches: 1\ncheck_val_every_n_epoch: 2",
    ),
    "checkpoint-mode-monitor": (
        "checkpoint: {mode: max}",
        "checkpoint: {mode: max, monitor: val_acc}",
    ),
    "checkpoint-saves-nothing": (
        "checkpoint: {save_last: false}",
        "checkpoint: {save_last: false, save_top_k: -1}",
    ),
    "filename-unranked": (
        "checkpoint: {filename: '{epoch}'}",
        "checkpoint: {filename: '{epoch}', monitor: val_loss}",
    ),
    "filename-monitor": (
        "checkpoint: {filename: '{epoch}-{val_loss:.2f}', save_top_k: -1}",
        "checkpoint: {filename: '{epoch}-{val_loss:.2f}', save_top_k: -1, monitor: val_loss}",
    ),
    "betas-range": (
        "optimizer: {name: AdamW, betas: [0.9, 2.0]}",
        "optimizer: {name: AdamW, betas: [0, 0.999]}",
    ),
    "rprop-etas": (
        "optimizer: {name: Rprop, etas: [1.5, 1.2]}",
        "optimizer: {name: Rprop, etas: [0.2, 1.2]}",
    ),
    "adafactor-eps": (
        "optimizer: {name: Adafactor, eps: [null, -1]}",
        "optimizer: {name: Adafactor, eps: [null, 1]}",
    ),
    "scheduler-groups": (
        f"{SGD}scheduler: {{name: OneCycleLR, max_lr: [1, 2], cycle_momentum: false}}",
        f"{SGD}scheduler: {{name: OneCycleLR, max_lr: [1], cycle_momentum: false}}",
    ),
    "group-arguments": (
        "optimizer: {name: SGD, groups: [{match: bias}]}",
        "optimizer: {name: SGD, groups: [{match: bias, lr: 0.1}]}",
    ),
    "group-as-default": (
        "optimizer: {name: SGD, groups: [{match: bias, weight_decay: 0}]}",
        "optimizer: {name: SGD, weight_decay: 0.1, groups: [{match: bias, weight_decay: 0}]}",
    ),
    "group-of-the-step": (
        "optimizer: {name: AdamW, groups: [{match: bias, fused: true}]}",
        "optimizer: {name: AdamW, fused: true, groups: [{match: bias, eps: 1e-4}]}",
    ),
    "group-rates": (
        "optimizer: {name: AdamW, groups: [{match: bias, lr: 1}]}\n"
        "scheduler: {name: OneCycleLR, max_lr: [1, 2]}",
        "optimizer: {name: AdamW, groups: [{match: bias, eps: 1}]}\n"
        "scheduler: {name: OneCycleLR, max_lr: [1, 2]}",
    ),
    "layer-decay-rates": (
        "optimizer: {name: AdamW, layer_decay: {factor: 0.8, layers: [a, b]}}\n"
        "scheduler: {name: OneCycleLR, max_lr: 1}",
        "optimizer: {name: AdamW, layer_decay: {factor: 0.8, layers: [a, b]}}\n"
        "scheduler: {name: LinearLR}",
    ),
    "layer-decay-lr": (
        "optimizer: {name: a.Lion, layer_decay: {factor: 0.8, layers: [a, b]}}",
        "optimizer: {name: a.Lion, lr: 1, layer_decay: {factor: 0.8, layers: [a, b]}}",
    ),
    "layer-decay-layers": (
        "optimizer: {name: AdamW, layer_decay: {factor: 0.8, layers: [[a, b]]}}",
        "optimizer: {name: AdamW, layer_decay: {factor: 0.8, layers: ['a*']}}",
    ),
    "group-momentum": (
        "optimizer: {name: AdamW, groups: [{match: bias, betas: [0.8, 0.9]}]}\n"
        "scheduler: {name: OneCycleLR, max_lr: 1}",
        "optimizer: {name: AdamW, groups: [{match: bias, betas: [0.8, 0.9]}]}\n"
        "scheduler: {name: OneCycleLR, max_lr: 1, cycle_momentum: false}",
    ),
    "one-cycle-length": (
        f"{SGD}scheduler: {{name: OneCycleLR, max_lr: 1, interval: step, total_steps: 3}}\n"
        "max_steps: 4",
        f"{SGD}scheduler: {{name: OneCycleLR, max_lr: 1, interval: step, total_steps: 3}}\n"
        "max_steps: 3",
    ),
    "intervals-last": (
        "checkpoint: {every_n_train_steps: 5, monitor: val_loss, save_last: false}",
        "checkpoint: {every_n_train_steps: 5, monitor: val_loss}",
    ),
    "loggers-repeated": ("loggers: [csv, csv]", "loggers: [csv, tensorboard]"),
    "blocks-alone": (f"{GENERATOR}optimizer: {{name: Adam}}", GENERATOR),
    "blocks-own-window": (
        f"{GENERATOR}accumulate_grad_batches: 2",
        f"{GENERATOR}    accumulate_grad_batches: 2\n    gradient_clip_val: 1.0",
    ),
    "blocks-swa": (f"{GENERATOR}swa: true", f"{GENERATOR}ema: true"),
    "blocks-gradients": (f"{GENERATOR}print_nan_grads: true", "track_grad_norm: true"),
    "blocks-weight": (f"{GENERATOR}batch_weight: tokens", "batch_weight: tokens"),
    "blocks-skip": (f"{GENERATOR}on_nonfinite: skip", f"{GENERATOR}on_nonfinite: ignore"),
    "blocks-compile": (f"{GENERATOR}compile: step", "compile: step"),
    "blocks-groups": (
        "optimizers: {generator: {optimizer: {name: SGD, groups: [{match: bias, lr: 0.1}]}}}",
        "optimizers: {generator: {optimizer: {name: SGD}}}",
    ),
    "blocks-packages": (
        "optimizers: {generator: {optimizer: {name: my_optim.Lion}}}",
        "optimizers: {generator: {optimizer: {name: Adam}}}",
    ),
    "blocks-name": (
        "optimizers: {lr: {optimizer: {name: Adam}}}",
        "optimizers: {generator: {optimizer: {name: Adam}}}",
    ),
    "blocks-closure": (
        "optimizers: {generator: {optimizer: {name: LBFGS}}}",
        "optimizers: {generator: {optimizer: {name: Adam}}}",
    ),
    "blocks-schedule": (
        f"{GENERATOR}    scheduler: {{name: StepLR, step_size: 2, frequency: 2}}",
        f"{GENERATOR}    scheduler: {{name: StepLR, step_size: 2, interval: step}}",
    ),
    "blocks-schedule-name": (
        f"{GENERATOR}    scheduler: {{interval: step}}",
        f"{GENERATOR}    scheduler: {{name: CosineAnnealingLR}}",
    ),
    "blocks-share": (
        f"{BOTH}    parameters: [head, generator.norm]\n    accumulate_grad_batches: 2",
        f"{BOTH}    parameters: [head, generator.norm]",
    ),
    "blocks-step": (
        f"{GENERATOR}    step: validation_step",
        f"{GENERATOR}    step: training_step",
    ),
}


@pytest.mark.parametrize(
    ("refused", "allowed"),
    [
        (
            "precision: 16-true\noptimizer: {name: AdamW, eps: 1e-4, groups: "
            "[{match: bias, eps: 1e-8}]}",
            "precision: 16-true\noptimizer: {name: AdamW, eps: 1e-4, groups: "
            "[{match: bias, eps: 1e-5}]}",
        ),
        (
            "optimizer: {name: AdamW, groups: [{match: bias, betas: [0.9, 1.0]}]}",
            "optimizer: {name: AdamW, groups: [{match: bias, betas: [0.9, 0.9]}]}",
        ),
        (
            "optimizer: {name: SGD, nesterov: true, momentum: 0.9, groups: "
            "[{match: bias, momentum: 0.0}]}",
            "optimizer: {name: SGD, nesterov: true, momentum: 0.9, groups: "
            "[{match: bias, momentum: 0.5}]}",
        ),
        (
            "optimizer: {name: AdamW, groups: [{match: bias, eps: 1}]}\n"
            "scheduler: {name: OneCycleLR, max_lr: [1]}",
            "optimizer: {name: AdamW, groups: [{match: bias, eps: 1}]}\n"
            "scheduler: {name: OneCycleLR, max_lr: [1, 3]}",
        ),
        (
            "optimizer: {name: SGD, layer_decay: {factor: 0.8, layers: [a, b]}}\n"
            "scheduler: {name: ReduceLROnPlateau, monitor: val_loss, min_lr: [0.1]}",
            "optimizer: {name: SGD, layer_decay: {factor: 0.8, layers: [a, b]}}\n"
            "scheduler: {name: ReduceLROnPlateau, monitor: val_loss, min_lr: 0.1}",
        ),
        (
            "optimizer: {name: SGD, groups: [{match: a, dampening: 0}, {match: b, lr: 1}]}",
            "optimizer: {name: SGD, groups: [{match: a, dampening: 0}, {match: b, dampening: 1}]}",
        ),
    ],
)
def test_rules_look_at_groups_of_parameters(refused: str, allowed: str) -> None:
    """What holds for the optimizer's arguments holds for those of a group."""
    assert isinstance(loads(BASE + refused), list)
    assert not isinstance(loads(BASE + allowed), list)


@pytest.mark.parametrize(
    ("refused", "allowed"),
    [
        (
            f"{SGD}{PLATEAU}, monitor: val_acc}}\ncheckpoint: {{monitor: val_acc, mode: max}}",
            f"{SGD}{PLATEAU}, monitor: val_acc, mode: max}}\n"
            "checkpoint: {monitor: val_acc, mode: max}",
        ),
        (
            f"{SGD}{PLATEAU}, monitor: val_acc, mode: max}}\n"
            "early_stopping: {monitor: val_acc, mode: min}",
            f"{SGD}{PLATEAU}, monitor: val_acc, mode: max}}\n"
            "early_stopping: {monitor: val_loss, mode: min}",
        ),
    ],
    ids=["checkpoint", "early stopping"],
)
def test_a_plateau_has_the_mode_of_its_metric(refused: str, allowed: str) -> None:
    """ReduceLROnPlateau watches a metric as checkpoints and early stopping do."""
    faults = loads(BASE + refused)
    assert isinstance(faults, list) and len(faults) == 1
    assert "set the same mode" in faults[0].message
    assert not isinstance(loads(BASE + allowed), list)


@pytest.mark.parametrize(
    ("block", "key", "rule"),
    [
        ("optimizer: {name: AdamW, fused: true, foreach: true}", "optimizer", "fused-foreach"),
        ("optimizer: {name: SGD, nesterov: true}", "optimizer", "nesterov-momentum"),
        ("optimizer: {name: SparseAdam}\n    gradient_clip_val: 1.0", "gr", "sparse-clipping"),
        (
            "optimizer: {name: Adagrad}\n    scheduler: {name: OneCycleLR, max_lr: 0.1}",
            "scheduler",
            "cycle-momentum",
        ),
        (
            "optimizer: {name: SGD}\n    gradient_clip_algorithm: value",
            "gradient_clip_algorithm",
            "clip-algorithm-value",
        ),
    ],
)
def test_rules_look_at_each_of_several_optimizers(block: str, key: str, rule: str) -> None:
    """What holds for the only optimizer holds for that of a block, and the fault has its line."""
    given = f"{BASE}optimizers:\n  first:\n    optimizer: {{name: SGD}}\n  second:\n    {block}\n"
    faults = loads(given)
    assert isinstance(faults, list)
    (sentence,) = (found.sentence for found in RULES if found.id == rule)
    assert [fault.message for fault in faults] == [sentence]
    assert given.splitlines()[(faults[0].line or 0) - 1].strip().startswith(key)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("optimizer: {name: Adma}", "there is no optimizer 'Adma'; did you mean Adamax?"),
        (
            "optimizer: {name: Adam, lr: -1}",
            "Adam's lr is -1; allowed: float >= 0",
        ),
        (
            "optimizer: {name: Adam}\n    scheduler: {name: StepLR}",
            "StepLR needs step_size: int; add it to scheduler",
        ),
        ("parameters: [generator]", "optimizers.my_block.optimizer is missing: "),
        ("optimizer: {name: Adam}\n    every_n_steps: 0", "optimizers.my_block.every_n_steps is 0"),
        (
            "optimizer: {name: Adam}\n    every_n_step: 2",
            "optimizers.my_block.every_n_step is an unknown key; did you mean "
            "optimizers.my_block.every_n_steps?",
        ),
        ("optimizer: {name: Adam}\n    parameters: [a-b]", "'a-b' names no part of the module"),
        ("optimizer: {name: Adam}\n    parameters: []", "parameters is []; allowed: "),
        ("optimizer: {name: Adam}\n    step: a b", "'a b' is no Python name"),
    ],
)
def test_faults_of_a_block(block: str, message: str) -> None:
    """Each says what is wrong with which block."""
    faults = loads(f"{BASE}optimizers:\n  my_block:\n    {block}\n")
    assert isinstance(faults, list) and len(faults) == 1
    assert message in faults[0].message


def test_name_of_a_block_is_a_name() -> None:
    faults = loads(f"{BASE}optimizers: {{a-b: {{optimizer: {{name: Adam}}}}}}\n")
    assert isinstance(faults, list) and "'a-b' is no Python name" in faults[0].message


def test_every_rule_has_a_case() -> None:
    assert {rule.id for rule in RULES} == set(CASES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_refuses_its_combination_and_only_that(rule) -> None:  # type: ignore[no-untyped-def]
    refused, allowed = CASES[rule.id]
    faults = loads(BASE + refused)
    assert isinstance(faults, list)
    assert [f.message for f in faults] == [rule.sentence]
    assert faults[0].line is not None and faults[0].line > 2
    assert not isinstance(loads(BASE + allowed), list)
