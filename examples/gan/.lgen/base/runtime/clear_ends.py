"""One clear line where a file is missing, a disk is full, or the user stops the run."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


@contextmanager
def clear_ends() -> Iterator[None]:
    """End the program without a traceback where its code is not to blame.

    Of an error that the file system reports, this is its place and its message: the place is the
    last line of the project's own code that led to it. Ctrl-C ends with the exit status 130.
    """
    try:
        yield
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        sys.exit(130)
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
