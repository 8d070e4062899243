"""The time of a run, by a clock that goes on by a second with each training step."""

import csv
import time
from datetime import timedelta

import pytest

from tests.parity.beside import assert_equal_weights, beside, last_result, make_script
from tests.parity.test_loop import sgd
from tests.support.launch import launch
from tests.support.projects import make_project

TOY = {
    "module": "model.py:Toy",
    "optimizer": {"name": "SGD", "lr": 0.1},
    "data": {"path": "data.py:Numbers", "args": {"train": 3, "val": 1}},
    "batch_size": 1,
    "max_epochs": None,
    "num_sanity_val_steps": 0,
}


@pytest.fixture
def seconds(monkeypatch):
    """What the clock shows."""
    shown = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: shown[0])
    return shown


def slow(script, seconds):
    """Let each training step take a second."""
    toy = script.model.Toy
    step = toy.training_step

    def training_step(self, batch):
        seconds[0] += 1
        return step(self, batch)

    toy.training_step = training_step


@pytest.mark.parametrize(
    ("minima", "steps"),
    [({}, 8), ({"min_steps": 11}, 11), ({"min_epochs": 3}, 9), ({"min_steps": 2}, 8)],
)
def test_it_ends_the_run_and_waits_for_both_minima(tmp_path, seconds, minima, steps):
    script = make_script(tmp_path, {**TOY, "max_time": 7.5, **minima})
    slow(script, seconds)
    given = {"min_steps": None, "min_epochs": None, **minima}
    trainer = beside(script, sgd, max_time=timedelta(seconds=7.5), max_epochs=-1, **given)
    result = script.run()
    assert result.state["step"] == trainer.global_step == steps
    assert_equal_weights(result, trainer)


def test_resumed_parts_count(tmp_path, seconds):
    """Five steps, an hour's pause, and what is left of the time."""
    script = make_script(tmp_path, {**TOY, "max_time": 7.5})
    slow(script, seconds)
    first = script.run(max_steps=5)
    assert (first.state["step"], first.state["timer"]["elapsed"]) == (5, 5.0)
    seconds[0] += 3600
    script.run_rank(resume="last")
    assert last_result(script.folder).state["step"] == 8
    assert script.run_rank(resume="last") is None
    assert last_result(script.folder).state["step"] == 8


def test_a_run_that_had_no_limit_gets_one(tmp_path, seconds):
    """Its time counts from where it goes on."""
    before = make_script(tmp_path, {**TOY, "max_epochs": 2})
    assert before.run().state["step"] == 6
    script = make_script(tmp_path, {**TOY, "max_time": 2.5})
    slow(script, seconds)
    script.run_rank(resume="last")
    assert last_result(script.folder).state["step"] == 9


@pytest.mark.parametrize("log_every_n_steps", [5, 100_000])
def test_one_clock_decides_for_all_ranks(tmp_path, log_every_n_steps):
    """With a row of the log and at an epoch's end; the ranks end together, and say so once."""
    options = {"strategy": "ddp", "devices": 2, "max_time": "00:00:01", "max_epochs": None}
    options |= {"log_every_n_steps": log_every_n_steps}
    project = make_project(tmp_path / "project", options)
    ended = launch(project, ranks=2)
    assert ended.done, ended.output
    assert ended.output.count("stopped: max_time of 1 s is over") == 1
    with (project / "runs/version_0/metrics.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["train_loss_epoch"]]
    assert steps[-1] % log_every_n_steps == 0 or steps[-1] % steps[0] == 0
