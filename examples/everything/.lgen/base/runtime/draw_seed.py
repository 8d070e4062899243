"""A seed for runs that are given none."""

import secrets


def draw_seed() -> int:
    """Return a random seed of 32 bits and print it; the run can be repeated with it."""
    seed = secrets.randbits(32)
    print(f"seed: {seed}")
    return seed
