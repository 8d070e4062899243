"""Files that are written whole, and stay so when the machine stops."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE

_BESIDE = ".lgen-new"


def beside(file: Path) -> Path:
    """Where the new bytes of a file wait until everything is written."""
    return file.with_name(file.name + _BESIDE)


def write_beside(file: Path, data: bytes, mode: int | None = None) -> None:
    """Writes the new bytes of a file beside it, with its mode and owner."""
    write_file(beside(file), data, mode, like=file.stat() if file.exists() else None)


def write_file(
    file: Path, data: bytes, mode: int | None = None, like: os.stat_result | None = None
) -> None:
    """Writes a file with the mode and owner of another; without a mode, #! makes it executable."""
    with file.open("wb") as stream:
        if like is not None:
            mode = S_IMODE(like.st_mode)
            with suppress(OSError):
                os.fchown(stream.fileno(), like.st_uid, like.st_gid)
        elif mode is None and data.startswith(b"#!"):
            mode = S_IMODE(os.fstat(stream.fileno()).st_mode) | 0o111
        if mode is not None:
            os.fchmod(stream.fileno(), mode)
        put(stream.fileno(), data, file.name)


def put(descriptor: int, data: bytes, name: str) -> None:
    """Writes all bytes."""
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        # a full disk does not say which file
        error.filename = error.filename or name.removesuffix(_BESIDE)
        raise


def sync(paths: Iterable[Path]) -> None:
    """Waits until the disk has these files, or the entries of these folders."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError:
            if not path.is_dir():  # of folders some file systems know nothing to wait for
                raise
        finally:
            os.close(descriptor)


def bytes_of(file: Path) -> bytes | None:
    """What a file holds, None where there is none."""
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def remove_empty(root: Path, folder: Path) -> None:
    """Removes a folder below the root that holds nothing any more, and those around it."""
    with suppress(OSError):
        while folder != root and root in folder.parents:
            folder.rmdir()
            folder = folder.parent


def replace_file(file: Path, data: bytes) -> None:
    """Gives a file, or the one that a link leads to, new bytes in one step; its mode stays."""
    file = file.resolve()
    try:
        write_beside(file, data)
        sync([beside(file)])
        beside(file).replace(file)
    except BaseException:
        beside(file).unlink(missing_ok=True)
        raise
