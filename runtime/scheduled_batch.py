"""Checks that a resumed run goes on with steps of the same size in the epoch that it is in."""

from runtime.accumulation_schedule import Schedule, batches_in_step


def check_scheduled_batch(
    saved: int, schedule: Schedule, epoch: int, *, batch_size: int, world_size: int = 1
) -> None:
    """End the program unless a step of the epoch uses as many samples as before.

    The position in the data is a number of whole steps of the epoch; later epochs of the schedule
    may have changed.
    """
    windows = batches_in_step(schedule, epoch)
    if batch_size * world_size * windows == saved:
        return
    same, rest = divmod(saved, world_size * windows)
    way_out = "" if rest else f"; keep it with --batch-size {same}"
    raise SystemExit(
        f"a step of epoch {epoch} had {saved} samples, now it would have "
        f"{batch_size * world_size * windows} ({batch_size} in a batch, "
        f"{world_size} processes, {windows} batches accumulated){way_out}"
    )
