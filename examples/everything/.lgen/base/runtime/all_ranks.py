"""Agreement of all processes."""

from runtime.from_all_ranks import from_all_ranks


def all_ranks(flag: bool) -> bool:
    """Return whether the flag is true on every rank; all ranks get the same answer."""
    return all(from_all_ranks(flag))
