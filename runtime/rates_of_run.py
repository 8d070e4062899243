"""The length of a schedule that steps at validations or at the ends of epochs."""

from collections.abc import Callable
from itertools import count


def rates_of_run(
    num_batches: int,
    *,
    max_epochs: int | None,
    max_steps: int,
    interval: int | None = None,
    window: int | Callable[[int], int] = 1,
    every_n_epochs: int | None = 1,
) -> int:
    """Return how many rates a run trains with that changes them every `interval` batches.

    Where it is None they change at the ends of epochs. It counts the batches of each epoch, and
    those of the run where every_n_epochs is None. `window` is how many batches make an optimizer
    step, in all epochs or by epoch: changes within a window are one, at its end. The run ends
    after max_epochs, or at max_steps optimizer steps where that is not -1.
    """
    every = num_batches if interval is None else interval
    rates, changes, step, before = 1, False, 0, 0
    for epoch in count() if max_epochs is None else range(max_epochs):
        size = window if isinstance(window, int) else window(epoch)
        counts = every_n_epochs is None or (epoch + 1) % every_n_epochs == 0
        for start in range(before, before + num_batches, size):
            if step == max_steps:
                return rates
            rates += changes  # a change that no step follows is none
            end = min(start + size, before + num_batches)
            changes = counts and end // every > start // every
            step += 1
        if every_n_epochs is None:
            before += num_batches
    return rates
