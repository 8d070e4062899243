"""A new folder with all its files, or none."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EEXIST
from pathlib import Path
from tempfile import mkdtemp

from lgen.durable import write_file

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows has no such locks: what a killed process leaves there stays
    flock = None  # type: ignore[assignment]


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Writes files into a folder that nobody else uses yet; #! makes one executable."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, text.encode("utf-8"))


@contextmanager
def moved_into_place(target: Path) -> Iterator[Path]:
    """A new folder that becomes `target` when the block ends without an exception, else goes away.

    It carries the target's name. `target` is free (see `is_free`); an empty folder stays the same
    folder: it may be the current one or a mount point. What a killed process left of the same
    work goes away first. Raises OSError.
    """
    above = next(folder for folder in [target, *target.parents] if os.path.lexists(folder))
    for left in _abandoned(above, target.name):
        shutil.rmtree(left, ignore_errors=True)
    workshop = Path(mkdtemp(prefix=_workshop_prefix(target.name), dir=above))
    lock = locked(workshop)
    try:
        folder = workshop / target.name
        folder.mkdir()
        yield folder
        if above == target:
            _move_entries(folder, target)
        else:
            made = _make_folders(target.parent)
            try:
                folder.rename(target)
            except BaseException as error:
                _remove(made)
                if isinstance(error, OSError) and os.path.lexists(target):
                    text = "this was made by someone else at the same time, and is left as it is"
                    raise FileExistsError(EEXIST, text, str(target)) from error
                raise
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def is_free(target: Path) -> bool:
    """Whether nothing stands at `target` but, at most, a folder of what a killed process left."""
    if target.is_dir():
        return set(target.iterdir()) == set(_abandoned(target, target.name))
    return not os.path.lexists(target)


def _workshop_prefix(name: str) -> str:
    """How the folders begin in which a folder `name` is made; eight characters follow."""
    return f".lgen-new-{name[:40]}-"


def _abandoned(above: Path, name: str) -> list[Path]:
    """The folders in which a process that is gone was making a folder `name`."""
    ours = re.compile(re.escape(_workshop_prefix(name)) + "[a-z0-9_]{8}")
    found = []
    for entry in above.iterdir():
        if ours.fullmatch(entry.name) and entry.is_dir() and not entry.is_symlink():
            if (lock := locked(entry)) is not None:
                os.close(lock)
                found.append(entry)
    return found


def locked(folder: Path) -> int | None:
    """A lock on the folder that ends with the process, None where another process has it."""
    if flock is None:
        return None
    with suppress(OSError):
        lock = os.open(folder, os.O_RDONLY)
        try:
            flock(lock, LOCK_EX | LOCK_NB)
            return lock
        except OSError:
            os.close(lock)
    return None


def _make_folders(folder: Path) -> list[Path]:
    """The folders that had to be made so that `folder` exists, outermost first."""
    missing = [part for part in [folder, *folder.parents] if not part.exists()][::-1]
    for made, part in enumerate(missing):
        try:
            part.mkdir()
        except BaseException:
            _remove(missing[:made])
            raise
    return missing


def _move_entries(folder: Path, target: Path) -> None:
    """Moves what `folder` holds into `target`."""
    moved: list[Path] = []
    try:
        for entry in sorted(folder.iterdir()):
            entry.rename(target / entry.name)
            moved.append(target / entry.name)
    except BaseException:
        _remove(moved)
        raise


def _remove(paths: list[Path]) -> None:
    """Removes files and folders, the last first, as far as that is possible."""
    for path in reversed(paths):
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
