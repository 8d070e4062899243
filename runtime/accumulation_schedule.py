"""Batches in one optimizer step, by epoch."""

from collections.abc import Sequence

Schedule = Sequence[tuple[int, int]]


def batches_in_step(schedule: Schedule, epoch: int) -> int:
    """Return the batches that make a step in the epoch: those of the last entry up to it, or 1.

    An entry is the epoch from which on it holds, counted from 0, and a number of batches.
    """
    return max((entry for entry in schedule if entry[0] <= epoch), default=(0, 1))[1]


def check_schedule(schedule: Schedule) -> None:
    """End the program if an entry cannot be, or if two are of the same epoch."""
    epochs = [epoch for epoch, _ in schedule]
    if any(epoch < 0 or batches < 1 for epoch, batches in schedule):
        fault = "an epoch is >= 0 and its number of batches >= 1"
    elif any(number.bit_length() >= 64 for entry in schedule for number in entry):
        fault = "a number has more than 64 bits"
    elif len(set(epochs)) < len(epochs):
        fault = "an epoch stands there twice"
    else:
        return
    given = " ".join(f"{epoch} {batches}" for epoch, batches in schedule)
    raise SystemExit(f"accumulation_schedule is {given}: {fault}")
