"""Checks that a resumed run makes steps of the same size."""


def check_global_batch(
    saved: int, *, batch_size: int, world_size: int = 1, accumulate_grad_batches: int = 1
) -> None:
    """End the program unless a step uses as many samples as in the run that is resumed.

    The position in the data is a number of whole steps, and learning rates belong to a size of
    the batch.
    """
    if batch_size * world_size * accumulate_grad_batches == saved:
        return
    fits = [
        f"--batch-size {size} --accumulate-grad-batches {saved // (size * world_size)}"
        for size in (batch_size, saved // world_size // accumulate_grad_batches)
        if size > 0 and saved % (size * world_size) == 0
    ]
    way_out = f"; keep it with {' or '.join(dict.fromkeys(fits))}" if fits else ""
    raise SystemExit(
        f"a step of the resumed run had {saved} samples, this one would have "
        f"{batch_size * world_size * accumulate_grad_batches} ({batch_size} in a batch, "
        f"{world_size} processes, {accumulate_grad_batches} batches accumulated){way_out}"
    )
