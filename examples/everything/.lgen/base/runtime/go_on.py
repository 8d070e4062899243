"""Lets a folder of checkpoints go on from one of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.checkpoints import Checkpoints


def go_on(checkpoints: Checkpoints, checkpoint: Mapping[str, Any]) -> None:
    """Make a checkpoint of the folder its last one, with the ranking that it holds.

    A later one of steps that are done again, or a damaged one, is never the one before another.
    What better ones have replaced since is in the ranking no more, but the checkpoint itself is.
    """
    path, folder = Path(checkpoint["path"]), checkpoints.folder
    files, name = checkpoint["checkpoints"]["files"], checkpoint["checkpoints"]["name"]
    checkpoints.newest = (checkpoint["step"], name)
    if name is not None and not (folder / name).exists():
        checkpoints.link(path, folder / name)
    checkpoints.files = {name: score for name, score in files.items() if (folder / name).exists()}
    if checkpoints.save_last and path.name != "last.ckpt":
        checkpoints.link(path, folder / "last.ckpt")
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
