"""Checks that a resumed run makes steps of the same size."""


def check_global_batch(
    saved: int,
    *,
    batch_size: int,
    world_size: int = 1,
    accumulate_grad_batches: int | None = None,
    scheduled_batches: int = 1,
) -> None:
    """End the program unless a step uses as many samples as in the run that is resumed.

    The position in the data is a number of whole steps, and learning rates belong to a size of
    the batch. accumulate_grad_batches None is a script without that setting; scheduled_batches are
    those of a step in the epoch that goes on, where a schedule says how many.
    """
    windows = accumulate_grad_batches or scheduled_batches
    if batch_size * world_size * windows == saved:
        return
    same_window = saved // world_size // windows
    if accumulate_grad_batches is None:
        fits = (
            [f"--batch-size {same_window}"] if same_window * world_size * windows == saved else []
        )
    else:
        fits = [
            f"--batch-size {size} --accumulate-grad-batches {saved // (size * world_size)}"
            for size in (batch_size, same_window)
            if size > 0 and saved % (size * world_size) == 0
        ]
    way_out = f"; keep it with {' or '.join(dict.fromkeys(fits))}" if fits else ""
    raise SystemExit(
        f"a step of the resumed run had {saved} samples, this one would have "
        f"{batch_size * world_size * windows} ({batch_size} in a batch, "
        f"{world_size} processes, {windows} batches accumulated){way_out}"
    )
