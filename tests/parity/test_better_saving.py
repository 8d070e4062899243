"""When and how a state is saved: each test shows the answer of both."""

import os
import signal

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.environments import SLURMEnvironment
from lightning.pytorch.trainer.connectors import signal_connector

from tests.parity.beside import beside, make_script
from tests.parity.test_loop import TOY, numbers, sgd
from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.same_runs import assert_same_runs

LAST = "runs/version_0/checkpoints/last.ckpt"

STRUCK = '''\
"""SGD that is told to end in the middle of a step."""

import os
import signal
from collections.abc import Iterable
from typing import Any, ClassVar

import torch


class Struck(torch.optim.SGD):
    """A signal comes when the weights of step STRIKE are new, and nothing else is."""

    steps: ClassVar[list[int]] = []

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        super().__init__(params, lr)

    def step(self, closure: Any = None) -> Any:
        loss = super().step(closure)
        self.steps.append(1)
        if len(self.steps) == int(os.environ.get("STRIKE", "0")):
            os.kill(os.getpid(), signal.SIGUSR1)
        return loss
'''
OPTIONS = {
    **TOY,
    "data": numbers(6),
    "optimizer": {"name": "my_optim.Struck", "lr": 0.1},
    "max_epochs": 2,
    "log_every_n_steps": 1,
    "checkpoint": {"every_n_train_steps": 1},
}
SLURM = {f"SLURM_{name}": "0" for name in ("PROCID", "LOCALID", "NODEID")}
SLURM |= {f"SLURM_{name}": "1" for name in ("JOB_ID", "NTASKS", "JOB_NAME")}


def new_script(folder):
    """A project whose optimizer has a file of its own."""
    (folder / "project").mkdir(parents=True)
    (folder / "project" / "my_optim.py").write_text(STRUCK)
    return make_script(folder, OPTIONS)


def weight_after(steps):
    """The toy's weight: each step takes away a tenth of its number."""
    return 1 - 0.1 * sum((1 + step % 6) for step in range(steps))


def test_no_state_of_the_middle_of_a_step_is_saved(tmp_path, monkeypatch):
    """The signal of SLURM comes when the weights have made the fifth step and nothing else has.

    The script ends with the state of the fourth, and goes on from it as if it had not ended.
    Lightning saves in the handler of the signal: weights of five steps, said to be of four.
    """
    script = new_script(tmp_path)
    requeued = []

    def struck(model):
        return script.train.Struck(model.parameters(), lr=0.1)

    with monkeypatch.context() as patch:
        for name, value in {**SLURM, "STRIKE": "5"}.items():
            patch.setenv(name, value)
        patch.setattr(signal_connector, "call", lambda command: requeued.append(command) or 0)
        plugins = [SLURMEnvironment(requeue_signal=signal.SIGUSR1)]
        trainer = beside(script, struck, num_sanity_val_steps=0, plugins=plugins)
    assert requeued and trainer.global_step == 12
    theirs = torch.load(tmp_path / "project/lightning/hpc_ckpt_1.ckpt", weights_only=False)
    assert theirs["global_step"] == 4
    assert float(theirs["state_dict"]["model.w"]) == pytest.approx(weight_after(5), abs=1e-6)

    ended = launch(script.folder, environment={"STRIKE": "5"})
    assert ended.codes == [-signal.SIGUSR1]
    run = run_folder(script.folder)
    for name, step in (("last.ckpt", 4), ("previous.ckpt", 3)):
        state = torch.load(run / "checkpoints" / name, weights_only=True)
        assert state["step"] == step
        assert float(state["model"]["w"]) == pytest.approx(weight_after(step), abs=1e-6)
    assert launch(script.folder, "--resume", "last").done
    straight = new_script(tmp_path / "straight").folder
    assert launch(straight).done
    assert_same_runs(run_folder(straight), run)


def test_a_state_is_on_the_disk_before_its_name_is(tmp_path, monkeypatch):
    """Flushed before each move into place, and the folder behind it; Lightning flushes nothing."""
    script = make_script(tmp_path, {**TOY, "data": numbers(3), "max_epochs": 1})
    events = []
    flush, replace = os.fsync, os.replace

    def noted_flush(file):
        events.append(("flush", os.readlink(f"/proc/self/fd/{file}")))
        flush(file)

    def noted_replace(aside, path):
        events.append(("move", str(aside)))
        replace(aside, path)

    monkeypatch.setattr(os, "fsync", noted_flush)
    monkeypatch.setattr(os, "replace", noted_replace)
    saving = ModelCheckpoint(tmp_path / "theirs", save_last=True)
    beside(script, sgd, callbacks=[saving], enable_checkpointing=True)
    assert (tmp_path / "theirs" / "last.ckpt").exists() and events == []
    script.run_rank()
    folder = script.folder / "runs" / "version_0" / "checkpoints"
    of_checkpoints = [event for event in events if event[1].startswith(str(folder))]
    aside = str(folder / "last.ckpt.new.tmp")
    assert of_checkpoints[:3] == [("flush", aside), ("move", aside), ("flush", str(folder))]


def test_a_changed_bit_of_a_weight(tmp_path, capsys):
    """The checkpoint before is used, and that is said. Lightning goes on with the other weight."""
    script = make_script(tmp_path, {**TOY, "data": numbers(3), "max_epochs": 3})
    saving = ModelCheckpoint(tmp_path / "theirs", save_last=True)
    beside(script, sgd, callbacks=[saving], enable_checkpointing=True, max_epochs=2)
    script.run_rank(max_epochs=2)
    whole = torch.load(script.folder / LAST, weights_only=True)["model"]["w"]
    bits = whole.numpy().tobytes()
    for path in (tmp_path / "theirs" / "last.ckpt", script.folder / LAST):
        content = path.read_bytes()
        assert content.count(bits) == 1
        path.write_bytes(content.replace(bits, bytes([bits[0] ^ 1]) + bits[1:]))
    fit = {"ckpt_path": tmp_path / "theirs" / "last.ckpt", "weights_only": False}
    resumed = beside(script, sgd, num_sanity_val_steps=0, fit=fit).lightning_module.model.w.item()
    straight = beside(script, sgd, num_sanity_val_steps=0).lightning_module.model.w.item()
    assert resumed != straight and resumed == pytest.approx(straight)

    script.run_rank(resume="last")
    assert "is damaged" in capsys.readouterr().err
    assert torch.load(script.folder / LAST, weights_only=True)["model"]["w"] == straight
