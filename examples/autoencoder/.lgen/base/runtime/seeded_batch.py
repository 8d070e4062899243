"""The indices of a batch, with what the random numbers of its samples depend on."""


class SeededBatch(list[int]):
    """The indices of a batch; its seed is (seed of the run, epoch, position of the batch)."""

    seed: tuple[int, int, int]
