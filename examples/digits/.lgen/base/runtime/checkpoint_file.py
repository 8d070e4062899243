"""Checkpoint files that are whole or absent, and that tell when they are damaged."""

import os
import shutil
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch

DOS_FOLDER = 0x10  # the zip attribute of a folder


class DamagedCheckpoint(Exception):
    """The file is torn or its content is not what was written."""


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write the state beside the path, flush it to the disk, and move it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".tmp")
    try:
        with aside.open("wb") as file:
            write_state(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def write_state(state: dict[str, Any], file: BinaryIO) -> None:
    """Write by torch.save; raises the file system's OSError where torch raises what came of it."""
    try:
        torch.save(state, file)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Return the state, its tensors on the CPU; only tensors and plain types are read.

    Raises DamagedCheckpoint where the file is not as it was written: torch.save stores a CRC-32
    for each part of the file, which torch.load alone does not compare.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # torch leaves the memory of an entry that is marked as a folder as it finds it
            folders = [e.filename for e in archive.infolist() if e.external_attr & DOS_FOLDER]
            damaged = archive.testzip() or next(iter(folders), None)
        if damaged is None:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, PermissionError, MemoryError):
        raise
    except Exception as error:  # a damaged file can fail in many ways
        reason = str(error).split("\n")[0] or type(error).__name__
        raise DamagedCheckpoint(f"{path} cannot be read: {reason}") from None
    if damaged is not None:
        raise DamagedCheckpoint(f"{path} is damaged in {damaged}")
    return checked(state, path)


def load_settings(path: Path) -> dict[str, Any]:
    """Return the state with its tensors left on the disk, where nothing verifies them."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("/data.pkl"):
                    archive.read(name)  # compares its CRC-32
        state = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except (FileNotFoundError, PermissionError):
        raise
    except Exception:
        raise DamagedCheckpoint(f"{path} cannot be read") from None
    return checked(state, path)


def checked(state: Any, path: Path) -> dict[str, Any]:
    """Return the state; ends the program where it is not of a checkpoint."""
    if not isinstance(state, dict) or not {"step", "epoch", "config"} <= state.keys():
        raise SystemExit(f"{path} is no checkpoint of this script")
    return state


def link_checkpoint(path: Path, name: Path) -> None:
    """Let the name stand for the same content as path, in the place of what it stood for."""
    aside = name.with_name(name.name + ".tmp")
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside)
    except OSError:  # a file system without hard links
        copy_file(path, aside)
    os.replace(aside, name)
    # renaming does nothing where both names already stand for the same file
    aside.unlink(missing_ok=True)
    flush_folder(name.parent)


def copy_file(path: str | Path, copy: str | Path) -> None:
    """Copy the file and flush the copy to the disk."""
    shutil.copyfile(path, copy)
    flush_file(copy)


def remove_checkpoint(path: Path) -> None:
    """Remove the file if it is there."""
    path.unlink(missing_ok=True)


def flush_file(path: str | Path) -> None:
    """Have what the file holds written to the disk."""
    with open(path, "r+b") as file:  # Windows flushes only what may be written
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Have the names in the folder written to the disk."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
