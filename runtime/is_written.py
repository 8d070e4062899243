"""Tells whether what a run writes at its end is there."""

from pathlib import Path

from runtime.checkpoint_file import DamagedCheckpoint, load_settings
from runtime.resume_path import Load


def is_written(path: Path, step: int, load: Load = load_settings) -> bool:
    """Return whether what lies at the path holds weights of this step."""
    try:
        return bool(load(path)["step"] == step)
    except (DamagedCheckpoint, FileNotFoundError):
        return False
