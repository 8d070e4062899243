"""Checkpoint folders: shards by torch.distributed.checkpoint, and all else in one plain file."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from runtime.checkpoint_file import (
    DamagedCheckpoint,
    copy_file,
    flush_file,
    flush_folder,
    write_state,
)

MANIFEST = "manifest.json"
STATE = "state.pt"


def finish_folder(folder: Path, state: dict[str, Any], of_shards: Mapping[str, str]) -> None:
    """Add the state, then a manifest with the SHA-256 of every file, written last."""
    with (folder / STATE).open("wb") as file:
        write_state(state, file)
    digests = {
        path.name: of_shards.get(path.name) or digest(path) for path in sorted(folder.iterdir())
    }
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps(digests, indent=1), encoding="utf-8")
    for path in folder.iterdir():
        flush_file(path)
    flush_folder(folder)


def load_state(folder: Path) -> dict[str, Any]:
    """Return the plain part of a checkpoint.

    Raises DamagedCheckpoint where the file is not the one that the manifest names.
    """
    check_digests(folder, [STATE])
    state: dict[str, Any] = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    return state


def load_verified_state(folder: Path) -> dict[str, Any]:
    """Return the plain part, after the digest of every file has been compared."""
    check_digests(folder, None)
    return load_state(folder)


def check_digests(folder: Path, names: list[str] | None) -> None:
    """Compare the files of that name, None for all, with the manifest, before any is opened."""
    if not folder.exists():
        raise FileNotFoundError(f"there is no checkpoint {folder}")
    try:
        digests = dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise DamagedCheckpoint(f"{folder} has no manifest that can be read") from None
    for name in names or digests:
        path = folder / name
        if not path.is_file() or digests.get(name) != digest(path):
            raise DamagedCheckpoint(f"{path} is missing or damaged")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        if hasattr(hashlib, "file_digest"):  # Python 3.11 on
            return hashlib.file_digest(file, "sha256").hexdigest()
        return hashlib.sha256(file.read()).hexdigest()


def replace_folder(folder: Path, path: Path) -> None:
    """Move the folder to the path, in the place of what is there."""
    old = path.with_name(path.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        os.rename(path, old)
    os.rename(folder, path)
    flush_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def link_folder(path: Path, name: Path) -> None:
    """Let the name stand for the same files, without a copy where the file system can link."""
    aside = name.with_name(name.name + ".tmp")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        shutil.copytree(path, aside, copy_function=os.link)
    except (OSError, shutil.Error):
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(path, aside, copy_function=copy_file)
    flush_folder(aside)
    replace_folder(aside, name)
