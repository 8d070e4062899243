"""Finds and reads the checkpoint that a run goes on from."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from runtime.checkpoint_file import DamagedCheckpoint, load_checkpoint

Load = Callable[[Path], dict[str, Any]]


def resume_checkpoint(
    root: str | Path, which: str, load: Load = load_checkpoint
) -> tuple[Path, dict[str, Any]]:
    """Return the run's folder and the checkpoint: "last", "best" or the path of one.

    "last" and "best" are those of the newest run below root that has a checkpoint. Where it is
    damaged this is said, and the one before it in the same run is used. Says which one it is. The
    key `path` of the checkpoint tells where it lies.
    """
    if which not in ("last", "best"):
        path = Path(which).absolute()
        if (path / "checkpoints").is_dir():
            last = Path(which) / "checkpoints" / "last.ckpt"
            raise SystemExit(f"{which} is a run, not a checkpoint of it such as {last}")
        try:
            state = {**load(path), "path": str(path)}
        except FileNotFoundError:
            raise SystemExit(f"there is no checkpoint {which}") from None
        except DamagedCheckpoint as error:
            raise SystemExit(str(error)) from None
        if path.parent.name != "checkpoints":
            raise SystemExit(
                f"{which} is not in the folder checkpoints of a run, whose metrics would go on"
            )
        print(f"from {which}, step {state['step']}", file=sys.stderr)
        return path.parent.parent, state
    for run in sorted(Path(root).glob("version_*"), key=run_number, reverse=True):
        folder = run / "checkpoints"
        paths = list(newest_first(folder))
        if not paths:
            print(f"skipped: {run} has no checkpoint", file=sys.stderr)
            continue
        checkpoint = first_usable(paths, load)
        if checkpoint is not None and which == "best":
            names = checkpoint["checkpoints"]["best"]
            if not names:
                raise SystemExit(f"{folder} holds no best checkpoint: nothing is ranked")
            checkpoint = first_usable((folder / name for name in names), load)
        if checkpoint is None:
            raise SystemExit(f"no checkpoint in {folder} can be used; name one of another run")
        print(f"from {checkpoint['path']}, step {checkpoint['step']}", file=sys.stderr)
        return run, checkpoint
    raise SystemExit(f"there is no checkpoint in {Path(root) / 'version_*' / 'checkpoints'}")


def run_number(run: Path) -> int:
    """Return N of version_N, -1 for another name."""
    number = run.name.removeprefix("version_")
    return int(number) if number.isdecimal() else -1


def newest_first(folder: Path) -> Iterator[Path]:
    """Yield the checkpoints of a run: last, previous, then the others by the time of writing."""
    named = [folder / "last.ckpt", folder / "previous.ckpt"]
    others = [path for path in folder.glob("*.ckpt") if path not in named]
    yield from (path for path in named if path.exists())
    yield from sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)


def first_usable(paths: Iterable[Path], load: Load) -> dict[str, Any] | None:
    """Return the first checkpoint that is not damaged; says which are."""
    for path in paths:
        try:
            return {**load(path), "path": str(path)}
        except (DamagedCheckpoint, FileNotFoundError) as error:
            print(f"skipped: {error}", file=sys.stderr)
    return None
