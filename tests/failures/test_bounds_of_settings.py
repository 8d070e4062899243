"""Settings of a run have the bounds that the spec gives its options."""

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lgen.spec.read import loads
from tests.support.launch import launch
from tests.support.projects import OPTIONS, make_project, spec_text

EVERYTHING: dict[str, Any] = {
    **OPTIONS,
    "optimizer": {
        "name": "SGD",
        "lr": 0.1,
        "momentum": 0.9,
        "layer_decay": {"factor": 0.8, "layers": ["enter", "blocks.*", "leave"]},
    },
    "scheduler": {
        "name": "StepLR",
        "step_size": 2,
        "interval": "step",
        "frequency": 2,
        "warmup_steps": 1,
    },
    "accumulate_grad_batches": 2,
    "gradient_clip_val": 1.0,
    "max_epochs": 5,
    "max_time": 600.0,
    "min_epochs": 1,
    "min_steps": 1,
    "limit_train_batches": 0.5,
    "limit_val_batches": 2,
    "limit_test_batches": 0.5,
    "limit_predict_batches": 2,
    "val_check_interval": 0.5,
    "check_val_every_n_epoch": 2,
    "checkpoint": {"monitor": "val_loss", "every_n_epochs": 2, "every_n_train_steps": 3},
    "early_stopping": {"monitor": "val_loss"},
}
PLAIN_SGD = {"optimizer": {"name": "SGD", "lr": 0.1, "momentum": 0.9}}
# a run has one of them
AVERAGES: tuple[dict[str, Any], ...] = (
    {"ema": {"decay": 0.9, "update_every_n_steps": 2}},
    {**PLAIN_SGD, "swa": {"swa_epoch_start": 1, "swa_lrs": 0.1}},
    {**PLAIN_SGD, "swa": {"swa_epoch_start": 0.5, "swa_lrs": 0.1}},
)
TUNED: dict[str, Any] = {"backbone": "blocks", "unfreeze_backbone_at_epoch": 0}
FINETUNING: tuple[dict[str, Any], ...] = (
    {**PLAIN_SGD, "finetuning": {**TUNED, "backbone_initial_ratio_lr": 0.2}},
    {**PLAIN_SGD, "finetuning": {**TUNED, "backbone_initial_lr": 0.2}},
)
DECAY: dict[str, Any] = {"name": "WSD", "interval": "step", "warmup_steps": 1}
# in place of the schedule
SCHEDULES: tuple[dict[str, Any], ...] = (
    {"scheduler": {**DECAY, "decay_steps": 3}},
    {"scheduler": {**DECAY, "decay_steps": 0.5}},
)
# several optimizers, in place of what there is one of
BLOCKS: dict[str, Any] = {
    "optimizer": None,
    "scheduler": None,
    "accumulate_grad_batches": 1,
    "gradient_clip_val": None,
    "optimizers": {
        "first": {
            "step": "training_step",
            "parameters": ["enter", "leave"],
            "optimizer": {"name": "SGD", "lr": 0.1, "momentum": 0.9},
            "scheduler": {"name": "StepLR", "step_size": 2, "interval": "step"},
            "gradient_clip_val": 1.0,
            "accumulate_grad_batches": 2,
            "every_n_steps": 2,
        },
        "second": {
            "step": "training_step",
            "parameters": "blocks",
            "optimizer": {"name": "Adam", "lr": 0.1},
        },
    },
}
ELSEWHERE = {
    "lr": "optimizer.lr",
    "momentum": "optimizer.momentum",
    "layer_decay": "optimizer.layer_decay.factor",
    "step_size": "scheduler.step_size",
    "warmup_steps": "scheduler.warmup_steps",
    "decay_steps": "scheduler.decay_steps",
    "scheduler_frequency": "scheduler.frequency",
    "save_top_k": "checkpoint.save_top_k",
    "every_n_epochs": "checkpoint.every_n_epochs",
    "every_n_train_steps": "checkpoint.every_n_train_steps",
    "train_time_interval": "checkpoint.train_time_interval",
    "ema_decay": "ema.decay",
    "ema_update_every_n_steps": "ema.update_every_n_steps",
    "swa_epoch_start": "swa.swa_epoch_start",
    "swa_lrs": "swa.swa_lrs",
    "annealing_epochs": "swa.annealing_epochs",
    "unfreeze_backbone_at_epoch": "finetuning.unfreeze_backbone_at_epoch",
    "backbone_multiplier": "finetuning.multiplier",
    "backbone_initial_ratio_lr": "finetuning.backbone_initial_ratio_lr",
    "backbone_initial_lr": "finetuning.backbone_initial_lr",
    "patience": "early_stopping.patience",
    "min_delta": "early_stopping.min_delta",
    "first_lr": "optimizers.first.optimizer.lr",
    "first_momentum": "optimizers.first.optimizer.momentum",
    "first_step_size": "optimizers.first.scheduler.step_size",
    "first_gradient_clip_val": "optimizers.first.gradient_clip_val",
    "first_accumulate_grad_batches": "optimizers.first.accumulate_grad_batches",
    "first_every_n_steps": "optimizers.first.every_n_steps",
    "second_lr": "optimizers.second.optimizer.lr",
}
TRY = """
import dataclasses, json, sys
from train import Config

found = []
for field in dataclasses.fields(Config):
    for value in {int: [-2, -1, 0, 1, 2], float: [-0.1, 0.0, 0.3, 1.0, 1.5, float("nan")]}.get(
        type(field.default), []
    ):
        try:
            Config(**{field.name: value})
            fault = ""
        except SystemExit as end:
            fault = str(end)
        found.append([field.name, value, fault])
print(json.dumps(found))
"""


def spec_allows(everything: dict[str, Any], setting: str, value: float) -> bool:
    """Whether lgen.yaml may give the option of this setting this value."""
    if (
        setting in ("limit_val_batches", "limit_test_batches", "limit_predict_batches")
        and not value
    ):
        return False  # the spec's 0 leaves the whole loop out of the script
    if setting == "num_sanity_val_steps" and value < 1:
        return False  # none and all make other scripts
    if setting == "warmup_steps" and value < 1:
        return False  # without one the spec makes another script
    options = deepcopy(everything)
    *parents, name = ELSEWHERE.get(setting, setting).split(".")
    part: dict[str, Any] = options
    for parent in parents:
        part = part[parent]
    part[name] = value
    return not isinstance(loads(spec_text(options)), list)


def is_given(everything: dict[str, Any], path: str) -> bool:
    """Whether the options have the part that the path is in, and its last key where it may lack."""
    part, *_ = path.split(".")
    optional: tuple[str, ...] = ("optimizer.layer_decay.factor", "scheduler.decay_steps")
    optional += ("scheduler.step_size", "scheduler.frequency")
    optional += ("finetuning.backbone_initial_ratio_lr", "finetuning.backbone_initial_lr")
    return bool(everything.get(part)) and (
        path not in optional or path.split(".")[1] in everything[part]
    )


@pytest.mark.parametrize("more", [*AVERAGES, *SCHEDULES, *FINETUNING, BLOCKS], ids=str)
def test_script_and_spec_allow_the_same(tmp_path: Path, more: dict[str, Any]) -> None:
    """Every number that the one refuses the other refuses, and the script names it."""
    everything = {**EVERYTHING, **more}
    project = make_project(tmp_path, everything)
    done = subprocess.run(
        [sys.executable, "-c", TRY], cwd=project, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    tried = json.loads(done.stdout)
    there = {name for name, path in ELSEWHERE.items() if is_given(everything, path)}
    assert there < {name for name, _, _ in tried}
    for name, value, fault in tried:
        assert (fault == "") == spec_allows(everything, name, value), (name, value, fault)
        assert fault == "" or fault.startswith(f"{name} is {value} (allowed: "), fault


@pytest.mark.parametrize(
    "setting",
    ["--warmup-steps -1", "--val-check-interval 2", "--gradient-clip-val 0", "--lr -1"],
)
def test_setting_out_of_bounds_is_one_line(tmp_path: Path, setting: str) -> None:
    """The script ends before anything is written."""
    ended = launch(make_project(tmp_path, EVERYTHING), *setting.split())
    assert ended.codes == [1]
    (line,) = ended.output.splitlines()
    assert line.startswith(setting.split()[0][2:].replace("-", "_")) and "allowed" in line
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("interval", ["step", "epoch"])
def test_a_schedule_as_long_as_max_steps_needs_it(tmp_path: Path, interval: str) -> None:
    """Without an end no schedule has a length, so none of -1 steps begins."""
    options = {
        "max_epochs": None,
        "max_steps": 5,
        "optimizer": {"name": "SGD", "lr": 0.1},
        "scheduler": {"name": "CosineAnnealingLR", "interval": interval},
    }
    project = make_project(tmp_path, {**OPTIONS, **options})
    ended = launch(project, "--max-steps", "-1")
    assert ended.codes == [1]
    assert ended.output.splitlines() == ["max_steps is -1 (allowed: >= 1)"]
    assert "no limit" not in (project / "train.py").read_text()
