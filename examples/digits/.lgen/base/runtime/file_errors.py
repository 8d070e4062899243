"""One clear line where a file is missing or a disk is full."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def file_errors_in_one_line() -> Iterator[None]:
    """End the program with the message of an error that the file system has reported."""
    try:
        yield
    except OSError as error:
        # an error in a worker of the data loader comes with a traceback before its message
        raise SystemExit(str(error).strip().splitlines()[-1]) from None
