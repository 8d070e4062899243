"""What each command of `lgen` does."""
