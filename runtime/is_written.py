"""Tells whether what a run writes at its end is there."""

from pathlib import Path

from runtime.checkpoint_file import DamagedCheckpoint, load_settings


def is_written(path: Path, step: int) -> bool:
    """Return whether the file holds weights of this step."""
    try:
        return bool(load_settings(path)["step"] == step)
    except (DamagedCheckpoint, FileNotFoundError):
        return False
