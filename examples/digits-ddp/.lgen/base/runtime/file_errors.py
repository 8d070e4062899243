"""One clear line where a file is missing or a disk is full."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


@contextmanager
def file_errors_in_one_line() -> Iterator[None]:
    """End the program with the place and the message of an error that names a file.

    The place is the last line of the project's own code that led to it.
    """
    try:
        yield
    except OSError as error:
        message = str(error).strip().splitlines()[-1:]
        # from a worker of the data loader comes its traceback, with the message at its end
        if not message or error.errno is None and "DataLoader worker" not in str(error):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if is_own(Path(frame.filename))]
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}: " if own else ""
        raise SystemExit(place + message[0]) from None


def is_own(file: Path) -> bool:
    """Return whether a source file is the project's, and none of the runtime package."""
    parts = file.resolve().parts
    below = parts[: len(PROJECT.parts)] == PROJECT.parts
    return below and not {"runtime", "site-packages"} & set(parts[len(PROJECT.parts) :])
