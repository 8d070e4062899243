"""on_nonfinite: skip leaves out the steps that would spoil the weights, and says so."""

import csv
import re
from pathlib import Path

import pytest
import torch

from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.projects import make_project
from tests.support.same_runs import load_whole

MODEL = """\
import os

import torch
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 1)

    def training_step(self, batch: tuple[Tensor], step: int) -> Tensor:
        loss = (self.head(batch[0]) ** 2).mean()
        if step == BAD_STEP and os.environ.get("RANK", "0") == "0":
            # its gradient is 0 * inf
            loss = loss + HARM
        return loss
"""
DATA = """\
import torch
from torch.utils.data import TensorDataset


class Data:
    def train_dataset(self) -> TensorDataset:
        return TensorDataset(torch.randn(96, 4, generator=torch.Generator().manual_seed(0)))
"""
HARMS = {
    "loss": 'float("nan")',
    "gradient": "(0 * self.head.bias).sqrt().sum()",
}


def skipping(folder: Path, harm: str, bad_step: int, **options: object) -> Path:
    """Return a project whose loss or gradient is NaN in one step."""
    model = MODEL.replace("BAD_STEP", str(bad_step)).replace("HARM", HARMS[harm])
    given = {
        "on_nonfinite": "skip",
        "max_epochs": 1,
        "batch_size": 4,
        "optimizer": {"name": "SGD", "lr": 0.1},
        "module": "model.py:Net",
        "data": "data.py:Data",
        **options,
    }
    return make_project(folder, given, model, DATA)


@pytest.mark.parametrize("strategy", ["single", "ddp", "fsdp"])
@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_bad_step_changes_nothing(
    tmp_path: Path, harm: str, strategy: str, accumulate: int
) -> None:
    ranks = None if strategy == "single" else 2
    options = {"strategy": strategy, "devices": ranks or 1, "accumulate_grad_batches": accumulate}
    folder = skipping(tmp_path, harm, 2, **options)
    assert launch(folder, "--max-steps", "2", ranks=ranks).done
    before = load_whole(run_folder(folder) / "checkpoints" / "last.ckpt")["model"]
    ended = launch(folder, "--resume", "last", "--max-steps", "3", ranks=ranks)
    assert ended.done and "step 3 skipped" in ended.output, ended.output
    after = load_whole(run_folder(folder) / "checkpoints" / "last.ckpt")
    assert after["step"] == 3
    assert all(torch.equal(before[name], after["model"][name]) for name in before)
    ended = launch(folder, "--resume", "last", "--max-steps", "4", ranks=ranks)
    assert ended.done and " skipped: " not in ended.output, ended.output
    moved = load_whole(run_folder(folder) / "checkpoints" / "last.ckpt")["model"]
    assert all(weight.isfinite().all() for weight in moved.values())
    assert not torch.equal(moved["head.weight"], before["head.weight"])


def test_an_average_that_a_bad_step_was_due_for_is_taken(tmp_path: Path) -> None:
    """It is that of the good steps before it."""
    ema = {"decay": 0.5, "update_every_n_steps": 3}
    folder = skipping(tmp_path, "loss", 3, ema=ema, checkpoint={"save_top_k": -1})
    saved = []
    for step in (1, 3, 4):
        ended = launch(folder, *(["--resume", "last"] if saved else []), "--max-steps", str(step))
        assert ended.done, ended.output
        saved.append(load_whole(run_folder(folder) / "checkpoints" / "last.ckpt"))
    assert "step 4 skipped" in ended.output
    first, third, last = saved
    for name, weight in last["raw_model"].items():
        assert torch.equal(weight, third["raw_model"][name])
        expected = (first["raw_model"][name] + weight) / 2
        torch.testing.assert_close(last["model"][name], expected)


@pytest.mark.parametrize("strategy", ["single", "ddp", "fsdp"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_statistics_of_a_bad_batch_are_taken_back(
    tmp_path: Path, strategy: str, accumulate: int
) -> None:
    """Batch norm has counted the batch before its loss is known to be none."""
    model = MODEL.replace("nn.Linear(4, 1)", "nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))")
    bad = (
        'float("nan") * batch[0] if step == 2 and os.environ.get("RANK", "0") == "0" else batch[0]'
    )
    model = model.replace("self.head(batch[0])", f"self.head({bad})").replace("BAD_STEP", "-1")
    ranks = None if strategy == "single" else 2
    options = {"strategy": strategy, "devices": ranks or 1, "accumulate_grad_batches": accumulate}
    options |= {"on_nonfinite": "skip", "max_epochs": 1, "batch_size": 4}
    options |= {"module": "model.py:Net", "data": "data.py:Data"}
    folder = make_project(tmp_path, options, model, DATA)
    assert launch(folder, "--max-steps", "2", ranks=ranks).done
    last = run_folder(folder) / "checkpoints" / "last.ckpt"
    before = load_whole(last)["model"]
    ended = launch(folder, "--resume", "last", "--max-steps", "3", ranks=ranks)
    assert ended.done and "step 3 skipped" in ended.output, ended.output
    after = load_whole(last)["model"]
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert before["head.0.num_batches_tracked"] == 2 * accumulate


@pytest.mark.parametrize("ranks", [None, 2])
@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_bad_step_counts_in_no_mean(
    tmp_path: Path, harm: str, ranks: int | None, accumulate: int
) -> None:
    """Not with the losses of other ranks or batches either, which were finite."""
    options = {"strategy": "ddp", "devices": 2} if ranks else {}
    options |= {"log_every_n_steps": 1, "accumulate_grad_batches": accumulate}
    folder = skipping(tmp_path, harm, 2, **options)
    assert launch(folder, ranks=ranks).done
    with (run_folder(folder) / "metrics.csv").open() as file:
        *rows, last = csv.DictReader(file)
    assert [row["step"] for row in rows if not row["train_loss"]] == ["3"]
    losses = [float(row["train_loss"]) for row in rows if row["train_loss"]]
    # each step weighs as much
    assert float(last["train_loss_epoch"]) == pytest.approx(sum(losses) / len(losses))


@pytest.mark.parametrize("tracked", [2.0, {"norm_type": 1.0, "by_layer": True}], ids=str)
def test_a_bad_step_has_no_norm(tmp_path: Path, tracked: object) -> None:
    """The rows of the steps around it have one."""
    options = {"track_grad_norm": tracked, "gradient_clip_val": 1.0, "log_every_n_steps": 1}
    folder = skipping(tmp_path, "gradient", 2, **options)
    assert launch(folder, "--max-steps", "4").done
    with (run_folder(folder) / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))[:4]
    for name in [name for name in rows[0] if name.startswith("grad_norm")]:
        assert [bool(row[name]) for row in rows] == [True, True, False, True]


@pytest.mark.parametrize("strategy", ["single", "ddp", "fsdp"])
@pytest.mark.parametrize("answer", ["raise", "skip", "ignore"])
@pytest.mark.parametrize("precision", ["32-true", "16-mixed"])
def test_bad_gradients_are_named(
    tmp_path: Path, strategy: str, answer: str, precision: str
) -> None:
    """Once for each step that has them, whichever rank has made them, before the run may end."""
    ranks = None if strategy == "single" else 2
    options = {"print_nan_grads": True, "on_nonfinite": answer, "precision": precision}
    options |= {"strategy": strategy, "devices": ranks or 1, "enable_progress_bar": False}
    folder = skipping(tmp_path, "gradient", 2, **options)
    ended = launch(folder, "--max-steps", "3", ranks=ranks)
    scaled = "scaled " if precision == "16-mixed" else ""
    said = [line for line in ended.output.splitlines() if line.startswith("step 3: ")]
    # of the last layer's weight and bias, the harm is the bias's
    assert said == [f"step 3: {scaled}gradients that are not finite: head.bias"]
    # a scaler may begin with a scale that is too large
    assert scaled or not re.search("step [12]: ", ended.output), ended.output
    assert ended.done == (answer != "raise" or precision == "16-mixed"), ended.output
