"""The length of a run whose epochs have different numbers of optimizer steps."""

import math

from runtime.accumulation_schedule import Schedule, batches_in_step


def steps_of_epochs(schedule: Schedule, num_batches: int, epochs: int) -> int:
    """Return the optimizer steps in so many epochs of num_batches batches each."""
    return sum(math.ceil(num_batches / batches_in_step(schedule, epoch)) for epoch in range(epochs))
