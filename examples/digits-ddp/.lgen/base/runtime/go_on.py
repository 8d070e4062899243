"""Lets a folder of checkpoints go on from one of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.checkpoints import Checkpoints


def go_on(checkpoints: Checkpoints, checkpoint: Mapping[str, Any]) -> None:
    """Make a checkpoint of the folder its last one, with the ranking that it holds.

    A later one of steps that are done again, or a damaged one, is never the one before another.
    """
    path = Path(checkpoint["path"])
    checkpoints.files = dict(checkpoint["checkpoints"]["files"])
    checkpoints.newest = (checkpoint["step"], checkpoint["checkpoints"].get("name"))
    if checkpoints.save_last and path.name != "last.ckpt":
        checkpoints.link(path, checkpoints.folder / "last.ckpt")
    remove_left_over(checkpoints, checkpoint)


def end_save(checkpoints: Checkpoints, checkpoint: Mapping[str, Any]) -> None:
    """Remove what an interrupted save of the last checkpoint had still to remove."""
    if Path(checkpoint["path"]).name == "last.ckpt":
        remove_left_over(checkpoints, checkpoint)


def remove_left_over(checkpoints: Checkpoints, checkpoint: Mapping[str, Any]) -> None:
    """Remove what the save of a checkpoint takes away after it is written."""
    checkpoints.dropped = list(checkpoint["checkpoints"]["dropped"])
    checkpoints.remove_dropped()
    for left_over in checkpoints.folder.glob("*.ckpt.*"):
        checkpoints.remove(left_over)
