"""Runs that are cut short to try a script: fast_dev_run and overfit_batches."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.parity.beside import assert_equal_weights, beside, make_script
from tests.parity.test_loop import sgd
from tests.support.projects import DATA, make_project

TOY = {"module": "model.py:Hooked", "optimizer": {"name": "SGD", "lr": 0.1}, "batch_size": 1}
NUMBERS = {"path": "data.py:Numbers", "args": {"train": 5, "val": 4}}


@pytest.mark.parametrize("batches", [True, 2, 9])
def test_fast_dev_run(tmp_path, batches):
    """One epoch of so many batches of each loop, whatever else is set: every hook, every weight."""
    lengths = {"max_epochs": 3, "max_steps": 4, "limit_train_batches": 0.5, "min_epochs": 2}
    lengths |= {"val_check_interval": 2, "check_val_every_n_epoch": 2}
    options = {**TOY, "data": NUMBERS, "fast_dev_run": batches, "shuffle": False, **lengths}
    script = make_script(tmp_path, {**options, "early_stopping": {"monitor": "val_x"}})
    beside(script, sgd, fast_dev_run=batches, **lengths)
    calls = script.model.Hooked.calls
    theirs = calls.copy()
    calls.clear()
    script.run()
    assert len(set(theirs)) >= 18
    assert calls == theirs


@pytest.mark.parametrize("start", ["python", "torchrun --standalone --nproc-per-node 2"])
def test_a_fast_dev_run_keeps_no_file(tmp_path, start):
    """Neither beside the script nor where it writes on the way, with all that can be written."""
    options = {"fast_dev_run": 2, "loggers": ["csv", "tensorboard"], "enable_progress_bar": False}
    if start != "python":
        options |= {"strategy": "ddp", "devices": 2}
    project = make_project(tmp_path / "project", options)
    before = files(project)
    aside = tmp_path / "aside"
    aside.mkdir()
    bin = Path(sys.executable).parent
    ended = subprocess.run(
        [bin / start.split()[0], *start.split()[1:], "train.py"],
        cwd=project,
        env={**os.environ, "TMPDIR": str(aside), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "step 2  val_loss" in ended.stdout
    assert files(project) == before
    assert [path for path in files(aside) if "torchelastic" not in str(path)] == []


def files(folder):
    """All files, but for compiled modules."""
    return [path for path in folder.rglob("*") if "__pycache__" not in path.parts]


@pytest.mark.parametrize("batches", [1, 3, 0.4, 1.0])
def test_overfit_batches(tmp_path, batches):
    """The first batches of each set in their order; Lightning gets a loader that shuffles."""
    data = {"path": "data.py:Numbers", "args": {"train": 10, "val": 9}}
    script = make_script(tmp_path, {**TOY, "data": data, "overfit_batches": batches})
    seen = []
    toy = script.model.Hooked
    toy.validation_step = noted(toy.validation_step, seen)
    trainer = beside(script, sgd, own_order=True, overfit_batches=batches)
    theirs = seen.copy()
    seen.clear()
    result = script.run()
    assert_equal_weights(result, trainer)
    assert len(seen) == len(theirs)
    assert all(torch.equal(mine, other) for mine, other in zip(seen, theirs, strict=True))


def noted(step, seen):
    """The step, which also notes its batches."""

    def noting(self, batch, *others):
        seen.append(batch[0])
        return step(self, batch, *others)

    return noting


def test_overfit_batches_takes_the_place_of_an_order_of_the_datas_own(tmp_path):
    """The first batches come in their order, and no order of the data class's."""
    order = """\
    def train_order(self, epoch: int) -> list[int]:
        raise NotImplementedError

    def val_dataset("""
    data = DATA.replace("    def val_dataset(", order, 1)
    for options in ({"overfit_batches": 2}, {"overfit_batches": 2, "shuffle": False}):
        folder = tmp_path / str(len(options))
        train = make_project(folder, options, data=data if len(options) == 1 else DATA) / "train.py"
        assert "data.train_order" not in train.read_text()
