"""Limits of the number of batches."""


def limit_batches(limit: float, available: int) -> int:
    """Return how many batches to use: an int is a count (1: one batch), a float a share (1.0: all).

    Ends the program where a share leaves no batch.
    """
    if isinstance(limit, int):
        return min(limit, available)
    batches = int(available * limit)
    if batches == 0:
        raise SystemExit(f"a share of {limit} of {available} batches leaves none")
    return batches
