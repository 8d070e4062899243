"""All hooks of Lightning that lgen calls: at the same moments, with the same batches."""

import inspect

import pytest
import torch
from lightning.pytorch.core.hooks import CheckpointHooks, DataHooks, ModelHooks
from torch.utils.data import DataLoader

from lgen.user_code.hooks import HOOKS, UNSUPPORTED
from tests.parity.beside import beside, make_script
from tests.parity.test_loop import TOY, sgd

HOOKED = {**TOY, "module": "model.py:HookedEverywhere", "max_epochs": 2}


def data_of(train, val=2):
    return {"path": "data.py:Stages", "args": {"train": train, "val": val}}


def taken(script):
    """What the hooks have noted since the last call."""
    calls = script.model.HookedEverywhere.calls.copy()
    script.model.HookedEverywhere.calls.clear()
    return calls


def test_every_hook_is_called_or_refused():
    """A method by Lightning's name is never left out in silence."""
    theirs = {
        name
        for hooks in (ModelHooks, DataHooks, CheckpointHooks)
        for name, method in inspect.getmembers(hooks, inspect.isfunction)
        if not name.startswith("_")
    }
    assert len(theirs) > 45
    assert not theirs - HOOKS.keys() - UNSUPPORTED.keys()
    assert not HOOKS.keys() & UNSUPPORTED.keys()


@pytest.mark.parametrize(
    ("train", "flags"),
    [
        (3, {"num_sanity_val_steps": 0}),
        (3, {"num_sanity_val_steps": 1}),
        (3, {"num_sanity_val_steps": 2}),
        (3, {"num_sanity_val_steps": -1}),
        (4, {"num_sanity_val_steps": 0, "accumulate_grad_batches": 2}),
        (5, {"num_sanity_val_steps": 0, "accumulate_grad_batches": 3}),
        (6, {"num_sanity_val_steps": 1, "val_check_interval": 2}),
        (6, {"num_sanity_val_steps": 0, "val_check_interval": 4, "accumulate_grad_batches": 2}),
        (3, {"num_sanity_val_steps": 0, "check_val_every_n_epoch": 2, "max_epochs": 5}),
        (3, {"num_sanity_val_steps": 0, "max_steps": 4}),
        (3, {"num_sanity_val_steps": 0, "precision": "64-true"}),
        (3, {"num_sanity_val_steps": 0, "precision": "bf16-true"}),
    ],
    ids=str,
)
def test_a_fit(tmp_path, train, flags):
    """With the weight, its gradient and the batches as the hooks find them.

    True precision casts a batch before the hooks of its transfer.
    """
    script = make_script(tmp_path, {**HOOKED, "data": data_of(train), **flags})
    beside(script, sgd, **flags)
    theirs = taken(script)
    script.run()
    assert len({call.partition(" ")[0] for call in theirs}) > 23
    assert taken(script) == theirs


def test_a_resumed_fit(tmp_path):
    flags = {"num_sanity_val_steps": 0}
    script = make_script(tmp_path, {**HOOKED, "data": data_of(3), **flags})
    trainer = beside(script, sgd, **{**flags, "max_epochs": 1})
    trainer.save_checkpoint(tmp_path / "theirs.ckpt")
    taken(script)
    beside(script, sgd, fit={"ckpt_path": tmp_path / "theirs.ckpt"}, **flags)
    theirs = taken(script)
    script.run_rank(max_epochs=1)
    taken(script)
    script.run_rank(resume="last")
    assert "load_checkpoint" in theirs and "setup fit" in theirs
    assert taken(script) == theirs


@pytest.mark.parametrize("task", ["validate", "test", "predict"])
def test_another_task(tmp_path, task):
    script = make_script(tmp_path, {**HOOKED, "data": data_of(3)})
    trainer = beside(script, sgd, num_sanity_val_steps=0)
    taken(script)
    data = script.new_data()
    dataset = {
        "validate": data.val_dataset,
        "test": data.test_dataset,
        "predict": data.predict_dataset,
    }[task]()
    model = trainer.lightning_module
    getattr(trainer, task)(model, DataLoader(dataset, 1, generator=torch.Generator()))
    theirs = taken(script)
    script.run_rank(task=task)
    assert len(theirs) > 15 and f"setup {task}" in theirs
    assert taken(script) == theirs
