"""How many batches make a step, by epoch."""

import pytest
from lightning.pytorch.callbacks import GradientAccumulationScheduler

from runtime.accumulation_schedule import batches_in_step, check_schedule
from runtime.steps_of_epochs import steps_of_epochs


@pytest.mark.parametrize("given", [{0: 1, 4: 8}, {4: 8}, {0: 3}, {7: 2, 2: 5, 3: 1}], ids=str)
def test_the_numbers_of_lightning(given):
    """Before the first epoch that is named, one batch makes a step."""
    theirs = GradientAccumulationScheduler(dict(given))
    expected = [theirs.get_accumulate_grad_batches(epoch) for epoch in range(10)]
    assert [batches_in_step(tuple(given.items()), epoch) for epoch in range(10)] == expected


def test_steps_are_summed_over_the_epochs():
    """Of 10 batches: 10 steps, twice 4 with windows of 3, and 1 with one of 20."""
    assert steps_of_epochs(((0, 1), (1, 3), (3, 20)), 10, 4) == 10 + 4 + 4 + 1


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        (((-1, 2),), "accumulation_schedule is -1 2: an epoch is >= 0"),
        (((0, 2), (4, 0)), "accumulation_schedule is 0 2 4 0: .* number of batches >= 1"),
        (((0, 1), (10**20, 8)), "accumulation_schedule is 0 1 1(0){20} 8: .* more than 64 bits"),
        (((0, 10**20),), "a number has more than 64 bits"),
        (((4, 2), (4, 3)), "an epoch stands there twice"),
    ],
)
def test_what_cannot_be(schedule, fault):
    with pytest.raises(SystemExit, match=fault):
        check_schedule(schedule)
