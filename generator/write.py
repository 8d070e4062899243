"""Writing to disk: all of it or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp


def write_files(
    root: Path, files: Mapping[str, str], replaced: Mapping[str, str] | None = None
) -> None:
    """Writes new files below `root`, and a new text of those `replaced`; #! makes one executable.

    If one of them cannot be written, all is as it was. Raises OSError, also where a file that
    should be new is there.
    """
    aside = {(root / path).resolve(): text for path, text in (replaced or {}).items()}
    made: list[Path] = []
    try:
        for file, text in aside.items():
            _write_new(_beside(file), text, made)
        for path, text in files.items():
            made += _make_folders((root / path).parent)
            _write_new(root / path, text, made)
    except BaseException:
        _remove(made)
        raise
    for file in aside:
        _beside(file).replace(file)


@contextmanager
def moved_into_place(target: Path) -> Iterator[Path]:
    """A new folder that becomes `target` when the block ends without an exception, else goes away.

    It carries the target's name. `target` is absent or an empty folder, which stays the same
    folder: it may be the current one or a mount point. Raises OSError.
    """
    above = next(folder for folder in [target, *target.parents] if os.path.lexists(folder))
    workshop = Path(mkdtemp(prefix=".lgen-", dir=above))
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
            except BaseException:
                _remove(made)
                raise
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def is_free(target: Path) -> bool:
    """Whether nothing stands at `target` but, at most, an empty folder."""
    if target.is_dir():
        return not any(target.iterdir())
    return not os.path.lexists(target)


def _beside(file: Path) -> Path:
    """Where the new text of a file waits until everything else is written."""
    return file.with_name(f"{file.name}.lgen-new")


def _write_new(file: Path, text: str, made: list[Path]) -> None:
    """Writes a file that is not there, and notes in `made` that it was made."""
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            made.append(file)
            stream.write(text)
    except OSError as error:
        error.filename = error.filename or file.name  # a full disk does not say which file
        raise
    if text.startswith("#!"):
        file.chmod(file.stat().st_mode | 0o111)


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
