"""Sharded parameters are gathered once for the forward and backward pass of a step."""

import pytest
import torch.distributed as dist

from tests.parity.beside import Script, make_script
from tests.parity.ranks import on_two_ranks

OPTIONS = {
    "strategy": "fsdp",
    "devices": 2,
    "max_epochs": 1,
    "limit_val_batches": 0,
    "optimizer": {"name": "Adam", "lr": 0.01},
    "checkpoint": False,
}


def count_gathers(rank, folder, options):
    """How often this rank gathers parameters while it trains, and its number of steps."""
    gathers, gather = [], dist.all_gather_single

    def counted(*args, **kwargs):
        gathers.append(args)
        return gather(*args, **kwargs)

    dist.all_gather_single = counted
    script = Script(folder, options)
    steps = []
    step = script.model.Net.training_step
    script.model.Net.training_step = lambda self, batch: steps.append(batch) or step(self, batch)
    script.run_rank()
    return len(gathers), len(steps)


def test_a_step_that_calls_the_model_gathers_once(tmp_path):
    """The root's parameters stay gathered from self(...) to its backward pass."""
    script = make_script(tmp_path, OPTIONS)
    assert "register_fsdp_forward_method(" not in (script.folder / "train.py").read_text()
    for gathers, steps in on_two_ranks(count_gathers, script.folder, OPTIONS):
        assert steps == gathers == 6


def test_a_step_that_uses_a_part_of_the_model_is_registered(tmp_path):
    """Its parameters are gathered for the method."""
    options = {**OPTIONS, "module": "model.py:Parts"}
    text = (make_script(tmp_path, options).folder / "train.py").read_text()
    assert 'register_fsdp_forward_method(model, "training_step")' in text


def ended_batches(rank, folder, options, task):
    """The sizes of the batches that this rank has ended in a task."""
    script = Script(folder, options)
    script.run_rank(task=task)
    return script.model.Ends.ended


@pytest.mark.parametrize("task", ["validate", "test", "predict"])
def test_a_batch_that_is_repeated_ends_once(tmp_path, task):
    """Of three batches the second rank has one, and passes it forward twice."""
    options = {
        **OPTIONS,
        "module": "model.py:Ends",
        "data": "data.py:AllRows",
        "limit_val_batches": 1.0,
        "num_sanity_val_steps": 0,
    }
    folder = make_script(tmp_path, options).folder
    assert on_two_ranks(ended_batches, folder, options, task) == [[8, 5], [8]]
