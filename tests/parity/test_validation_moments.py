"""Grids of intervals and minima: validations and ends fall where Lightning's fall."""

from contextlib import contextmanager
from itertools import product

import pytest
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from tests.parity.beside import beside, make_script
from tests.parity.test_loop import TOY, numbers, sgd

GRID = {
    **TOY,
    "data": numbers(10),
    "max_epochs": 3,
    "limit_train_batches": 9,
    "check_val_every_n_epoch": 2,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}
LENGTHS = [1, 3, 4, 7, 10]


@contextmanager
def noted(script):
    """The numbers of batches that are trained when each validation begins."""
    toy, found = script.model.Toy, []
    step = toy.validation_step

    def noting(self, batch):
        found.append(len(self.weights))
        return step(self, batch)

    toy.weights.clear()
    toy.validation_step = noting
    yield found
    toy.validation_step = step


def lightnings(script, **flags):
    """The moments of Lightning's validations, None where it refuses the flags."""
    with noted(script) as found:
        try:
            beside(script, sgd, limited=True, num_sanity_val_steps=0, max_epochs=3, **flags)
        except (MisconfigurationException, ValueError):
            return None
    return found


def ours(script, **settings):
    """The moments of the script's validations, None where it refuses the settings."""
    with noted(script) as found:
        try:
            script.run_rank(**settings)
        except SystemExit as refused:
            assert "val_check_interval" in str(refused)
            return None
    return found


def assert_same_moments(script, intervals, epochs):
    """Fail unless both validate at the same moments; the number of grid points that do so."""
    refused = 0
    for length, interval, every in product(LENGTHS, intervals, epochs):
        flags = {"limit_train_batches": length, "val_check_interval": interval}
        theirs = lightnings(script, **flags, check_val_every_n_epoch=every)
        if every is not None:
            flags["check_val_every_n_epoch"] = every
        assert ours(script, **flags) == theirs, flags
        refused += theirs is None
    return refused


def test_shares_of_an_epoch(tmp_path):
    """Every max(1, int(n * f)) batches, in every or every second epoch."""
    script = make_script(tmp_path, {**GRID, "val_check_interval": 0.5})
    shares = [0.05, 0.25, 0.3, 0.34, 0.5, 0.67, 0.9, 1.0]
    assert assert_same_moments(script, shares, [1, 2]) == 0


def test_counts_within_an_epoch(tmp_path):
    """Every k batches; a k that is more than the epoch has is an error."""
    script = make_script(tmp_path, {**GRID, "val_check_interval": 2})
    # 2 to 5 and 8 batches of an epoch of 1, and so on
    assert assert_same_moments(script, [2, 3, 4, 5, 8], [1, 2]) == 2 * (5 + 3 + 2 + 1)


def test_counts_across_epochs(tmp_path):
    """Every k batches of the whole run."""
    options = {**GRID, "val_check_interval": 2, "check_val_every_n_epoch": None}
    assert assert_same_moments(make_script(tmp_path, options), [1, 2, 4, 5, 11], [None]) == 0


def test_the_end_waits_for_both_minima(tmp_path):
    """The validation after the third epoch of three steps asks for it."""
    scores = " ".join(map(str, range(1, 40)))
    options = {
        **TOY,
        "module": {"path": "model.py:Scripted", "args": {"scores": scores}},
        "data": numbers(3),
        "max_epochs": 7,
        "early_stopping": {"monitor": "val_loss", "patience": 2},
        "min_epochs": 2,
        "min_steps": 2,
    }
    script = make_script(tmp_path, options)
    ends = set()
    for epochs, steps in product([1, 2, 4, 6], [1, 8, 9, 10, 13, 18, 20]):
        minima = {"min_epochs": epochs, "min_steps": steps}
        stopping = EarlyStopping("val_loss", patience=2)
        trainer = beside(script, sgd, callbacks=[stopping], num_sanity_val_steps=0, **minima)
        assert last_step(script, minima) == trainer.global_step, minima
        ends.add(trainer.global_step)
    assert ends == {9, 10, 12, 13, 18, 20}


def last_step(script, settings):
    """The number of steps that the script makes."""
    made = []
    step = script.model.Scripted.training_step
    script.model.Scripted.training_step = lambda self, batch: made.append(1) or step(self, batch)
    script.run_rank(**settings)
    script.model.Scripted.training_step = step
    return len(made)


@pytest.mark.parametrize("window", [2, 3])
def test_intervals_that_are_windows(tmp_path, window):
    """Where an interval is a multiple of the window, windows change no moment."""
    flags = {"accumulate_grad_batches": window, "val_check_interval": window * 2}
    given = {**GRID, "limit_train_batches": 1.0, "data": numbers(13), "check_val_every_n_epoch": 1}
    script = make_script(tmp_path, {**given, **flags})
    theirs = lightnings(script, **flags)
    assert ours(script) == theirs
    assert theirs[0] == 2 * window
