"""A run that is killed at random instants and resumed ends as one that was left alone."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.killed_runs import (
    finish,
    kill_times,
    new_seed,
    project,
    resume,
    run_folder,
    straight_run,
)
from tests.support.same_runs import assert_same_runs

WRAP = {"wrap": ["Block"]}
SNAPSHOTS = {"save_hyperparameters": True, "save_code": True, "log_every_n_steps": 2}
SLOW_STEPS: dict[str, Any] = {"module": {"path": "model.py:Net", "args": {"pause": 0.01}}}
GROUPED = {
    "name": "AdamW",
    "lr": 0.01,
    "weight_decay": 0.1,
    "groups": [
        {"match": ["bias", "norm"], "weight_decay": 0.0},
        {"match": "blocks.*", "lr": 0.02, "betas": [0.8, 0.99]},
    ],
}
BY_LAYER = {
    "name": "SGD",
    "lr": 0.05,
    "momentum": 0.9,
    "layer_decay": {"factor": 0.5, "layers": ["enter", "blocks.*", "leave"]},
}
NEWTON = {"name": "LBFGS", "lr": 0.3, "max_iter": 4, "line_search_fn": "strong_wolfe"}
OWN = {"name": "model.Lion", "lr": 0.01, "weight_decay": 0.1}
SINGLE: dict[str, dict[str, Any]] = {
    "accumulation": {"accumulate_grad_batches": 3, "gradient_clip_val": 0.5},
    "accumulation by epoch": {
        "accumulate_grad_batches": {0: 1, 1: 3, 2: 2},
        "scheduler": {"name": "CosineAnnealingLR", "interval": "step"},
        "val_check_interval": 5,
    },
    "finetuning": {
        "finetuning": {"backbone": "blocks", "unfreeze_backbone_at_epoch": 1},
        "scheduler": {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 16},
        "checkpoint": {"every_n_train_steps": 4},
    },
    "workers": {"num_workers": 2, "persistent_workers": True},
    "16-mixed": {"precision": "16-mixed", "gradient_clip_val": 0.5},
    "within epochs": {"val_check_interval": 5, "checkpoint": {"monitor": "val_acc", "mode": "max"}},
    "one cycle": {"scheduler": {"name": "OneCycleLR", "max_lr": 0.05, "interval": "step"}},
    "warmup and cosine": {
        "scheduler": {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 5}
    },
    "warmup, stable, decay": {
        "scheduler": {"name": "WSD", "interval": "step", "warmup_steps": 5, "decay_steps": 0.4}
    },
    "plateau and early stopping": {
        "max_epochs": 12,
        "scheduler": {
            "name": "ReduceLROnPlateau",
            "monitor": "val_acc",
            "mode": "max",
            "patience": 0,
        },
        "early_stopping": {"monitor": "val_acc", "mode": "max", "patience": 2, "min_delta": 0.2},
    },
    "all kept": {"checkpoint": {"save_top_k": -1, "every_n_train_steps": 5}},
    "sgd, in order, by epochs": {
        "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9},
        "shuffle": False,
        "checkpoint": {"every_n_epochs": 1},
        "scheduler": {"name": "StepLR", "step_size": 2},
    },
    "validation across epochs": {"check_val_every_n_epoch": None, "val_check_interval": 7},
    "every third step": {
        "scheduler": {"name": "ExponentialLR", "gamma": 0.9, "interval": "step", "frequency": 3},
        "log_every_n_steps": 1,
    },
    "every second epoch": {
        "scheduler": {"name": "ExponentialLR", "gamma": 0.9, "frequency": 2},
        "log_every_n_steps": 1,
        "max_epochs": 5,
    },
    "averaged weights": {
        "ema": {"decay": 0.9, "update_every_n_steps": 2},
        "val_check_interval": 5,
        "checkpoint": {"monitor": "val_loss"},
    },
    "weighted batches": {"batch_weight": "acc", "accumulate_grad_batches": 3},
    "gradient norms": {
        "track_grad_norm": {"norm_type": "inf", "by_layer": True},
        "gradient_clip_val": 0.5,
        "log_every_n_steps": 2,
    },
    "groups of parameters": {
        "optimizer": GROUPED,
        "scheduler": {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 5},
    },
    "rates by layer": {
        "optimizer": BY_LAYER,
        "scheduler": {
            "name": "ReduceLROnPlateau",
            "monitor": "val_acc",
            "mode": "max",
            "patience": 0,
        },
    },
    "own optimizer": {
        "optimizer": {**GROUPED, "name": "model.Lion"},
        "scheduler": {"name": "ExponentialLR", "gamma": 0.9, "interval": "step"},
    },
    "several evaluations in a step": {
        "optimizer": NEWTON,
        "gradient_clip_val": 0.5,
        "scheduler": {"name": "ExponentialLR", "gamma": 0.9, "interval": "step"},
    },
    "average of epochs": {
        "swa": {"swa_epoch_start": 2, "swa_lrs": 0.02, "annealing_epochs": 2},
        "scheduler": {"name": "StepLR", "step_size": 2},
        "checkpoint": {"monitor": "val_loss"},
        "log_every_n_steps": 1,
    },
    "bf16-mixed, long": {"precision": "bf16-mixed", "max_steps": 29},
}
SEVERAL: dict[str, tuple[int, dict[str, Any]]] = {
    "ddp": (2, {"strategy": "ddp", "accumulate_grad_batches": 2, "gradient_clip_val": 0.5}),
    "ddp accumulation by epoch": (2, {"strategy": "ddp", "accumulate_grad_batches": {1: 4}}),
    "ddp finetuning": (
        2,
        {
            "strategy": "ddp",
            "accumulate_grad_batches": 2,
            "finetuning": {"backbone": "blocks", "unfreeze_backbone_at_epoch": 1},
        },
    ),
    "ddp 3": (3, {"strategy": "ddp", "deterministic": True, "drop_last": True}),
    "ddp averaged weights": (2, {"strategy": "ddp", "ema": True, "precision": "16-mixed"}),
    "ddp groups": (2, {"strategy": "ddp", "optimizer": GROUPED}),
    "ddp own optimizer": (2, {"strategy": "ddp", "optimizer": OWN}),
    "ddp average of epochs": (2, {"strategy": "ddp", "swa": {"swa_epoch_start": 2}}),
    "ddp several evaluations in a step": (2, {"strategy": "ddp", "optimizer": NEWTON}),
    "ddp workers": (2, {"strategy": "ddp", "num_workers": 2}),
    "ddp 16-mixed": (2, {"strategy": "ddp", "precision": "16-mixed"}),
    "ddp gradient norms": (
        2,
        {"strategy": "ddp", "gradient_clip_val": 0.5, "track_grad_norm": 2.0, **SNAPSHOTS},
    ),
    "fsdp gradient norms": (
        2,
        {"strategy": "fsdp", "fsdp": WRAP, "track_grad_norm": {"by_layer": True}, **SNAPSHOTS},
    ),
    "fsdp": (2, {"strategy": "fsdp", "fsdp": WRAP, "gradient_clip_val": 0.5}),
    "fsdp asynchronous": (
        2,
        {
            "strategy": "fsdp",
            "fsdp": WRAP,
            "checkpoint": {"async_save": True, "every_n_train_steps": 2},
        },
    ),
    "fsdp groups": (2, {"strategy": "fsdp", "fsdp": WRAP, "optimizer": GROUPED}),
    "fsdp rates by layer": (2, {"strategy": "fsdp", "fsdp": WRAP, "optimizer": BY_LAYER}),
    "fsdp own optimizer": (2, {"strategy": "fsdp", "fsdp": WRAP, "optimizer": OWN}),
    "fsdp finetuning": (
        2,
        {
            "strategy": "fsdp",
            "fsdp": WRAP,
            "accumulate_grad_batches": 2,
            "scheduler": {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 5},
            "finetuning": {"backbone": "blocks", "unfreeze_backbone_at_epoch": 1},
            "checkpoint": {"every_n_train_steps": 2},
        },
    ),
    "fsdp average of epochs": (
        2,
        {
            "strategy": "fsdp",
            "fsdp": WRAP,
            "swa": {"swa_epoch_start": 1, "swa_lrs": 0.02, "annealing_epochs": 2},
        },
    ),
    "fsdp averaged weights": (
        2,
        {"strategy": "fsdp", "fsdp": WRAP, "ema": {"decay": 0.9}, "val_check_interval": 5},
    ),
    "fsdp 3": (3, {"strategy": "fsdp", "fsdp": WRAP, "accumulate_grad_batches": 2}),
    "fsdp workers": (2, {"strategy": "fsdp", "fsdp": WRAP, "num_workers": 2}),
    "fsdp 16-mixed": (2, {"strategy": "fsdp", "fsdp": WRAP, "precision": "16-mixed"}),
}
FAST = (
    "validation across epochs",
    "every third step",
    "accumulation",
    "workers",
    "16-mixed",
    "plateau and early stopping",
    "averaged weights",
    "groups of parameters",
    "several evaluations in a step",
    "fsdp groups",
    "average of epochs",
    "ddp",
    "fsdp",
)


def marked(names: Any) -> list[Any]:
    """Return the names as parameters, all but a few of them slow."""
    return [
        pytest.param(name, marks=[] if name in FAST else pytest.mark.slow, id=name)
        for name in names
    ]


def check(folder: Path, options: dict[str, Any], ranks: int | None, kills: int) -> None:
    """Kill a run so often, and compare it with one that was not killed."""
    draw = new_seed()
    options = {**SLOW_STEPS, "devices": ranks or 1, **options}
    straight = straight_run(folder / "straight", options, ranks)
    killed = project(folder / "killed", options)
    for moment in kill_times(draw, straight.seconds, kills):
        ended = resume(killed, ranks, kill_after=moment)
        print(f"killed after {moment:.2f} s", ended.codes)
        # a rank may see that another is gone before it is killed itself
        assert ended.done or -signal.SIGKILL in ended.codes, ended.output
    assert_same_runs(run_folder(folder / "straight"), finish(killed, ranks))


@pytest.mark.parametrize("name", marked(SINGLE))
def test_one_process(tmp_path: Path, name: str) -> None:
    check(tmp_path, SINGLE[name], None, kills=4)


@pytest.mark.parametrize("name", marked(SEVERAL))
def test_several_processes(tmp_path: Path, name: str) -> None:
    ranks, options = SEVERAL[name]
    check(tmp_path, options, ranks, kills=3)
