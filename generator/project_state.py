"""What .lgen says that lgen wrote last: the base texts, their hashes and the spec."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lgen.lgen_folder import BASE, FOLDER, FORMAT, MANIFEST, SPEC_FILE, sha256
from lgen.spec.fault import Fault

_CONFLICT = "git left a conflict in it; keep either side, lgen finds out what is right"


@dataclass(frozen=True)
class State:
    """What lgen wrote last.

    `hashes` are those of the manifest, by path; `base` holds the texts that are stored, whether
    they have these hashes or not.
    """

    version: str
    spec_text: str
    hashes: Mapping[str, str]
    kept: tuple[str, ...]
    base: Mapping[str, str]

    @property
    def damaged(self) -> list[str]:
        """The paths whose stored base is not what the manifest says, or is not there."""
        return sorted(
            path
            for path in self.hashes.keys() | self.base.keys()
            if path not in self.base or sha256(self.base[path]) != self.hashes.get(path)
        )


def read_state(root: Path) -> State | Fault:
    """The state of the project in this folder, or why it cannot be told."""
    if not (root / FOLDER).is_dir():
        return Fault(FOLDER, None, _no_project(root))
    text = _read(root, MANIFEST)
    if isinstance(text, Fault):
        return text
    manifest = _manifest(text)
    if isinstance(manifest, Fault):
        return manifest
    spec_text = _read(root, f"{FOLDER}/{SPEC_FILE}")
    if isinstance(spec_text, Fault):
        return spec_text
    base: dict[str, str] = {}
    for path in [*manifest["files"], *_stored(root)]:
        if path not in base and (root / BASE / path).is_file():
            stored = _read(root, f"{BASE}/{path}")
            if isinstance(stored, str):
                base[path] = stored
    return State(manifest["lgen"], spec_text, manifest["files"], tuple(manifest["kept"]), base)


def _no_project(root: Path) -> str:
    """What to do in a folder without .lgen."""
    for above in root.absolute().parents:
        if (above / MANIFEST).is_file():
            return f"there is none here; the project is in {above}, run lgen there"
    return "there is none here, so this is no project of lgen; `lgen init` makes one of it"


def _read(root: Path, path: str) -> str | Fault:
    """The text of a file of .lgen; git may have given it other line ends."""
    try:
        return (root / path).read_bytes().decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return Fault(path, None, "this file is missing; restore it from your repository")
    except (OSError, UnicodeDecodeError):
        return Fault(path, None, "this file cannot be read; restore it from your repository")


def _stored(root: Path) -> list[str]:
    """The paths that have a base text."""
    base = root / BASE
    files = [path for path in base.rglob("*") if path.is_file()]
    return sorted(path.relative_to(base).as_posix() for path in files)


def has_markers(text: str) -> bool:
    """Whether a line of the text is the marker that begins a conflict, or ends it."""
    return any(mark in f"\n{text}" for mark in ("\n<<<<<<< ", "\n>>>>>>> "))


def _manifest(text: str) -> dict[str, Any] | Fault:
    """The manifest, if it is one of a format that this lgen knows."""
    if has_markers(text):
        return Fault(MANIFEST, None, _CONFLICT)
    broken = Fault(MANIFEST, None, "this is no manifest of lgen; restore it from your repository")
    try:
        manifest: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        return broken
    number = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        return broken
    if number < FORMAT:
        return broken
    if number > FORMAT:
        told = f"it has format {number}, and this lgen knows {FORMAT}; install a newer lgen"
        return Fault(MANIFEST, None, told)
    files, kept = manifest.get("files"), manifest.get("kept")
    if (
        not isinstance(manifest.get("lgen"), str)
        or not isinstance(files, dict)
        or not isinstance(kept, list)
        or not all(isinstance(value, str) for value in files.values())
        or not all(isinstance(path, str) and _is_inside(path) for path in [*files, *kept])
    ):
        return broken
    return manifest


def _is_inside(path: str) -> bool:
    """Whether a path names a file of the project that is not lgen's own."""
    parts = PurePosixPath(path).parts
    return (
        bool(parts)
        and "/".join(parts) == path
        and ".." not in parts
        and parts[0] not in ("/", FOLDER)
        and path != SPEC_FILE
        and "\0" not in path
        and "\\" not in path
    )
