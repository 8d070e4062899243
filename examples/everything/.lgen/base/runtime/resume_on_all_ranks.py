"""Resumes all ranks from the same checkpoint."""

from pathlib import Path
from typing import Any

import torch.distributed as dist

from runtime.all_ranks import all_ranks
from runtime.checkpoint_file import DamagedCheckpoint, load_checkpoint
from runtime.from_main import from_main
from runtime.resume_path import Load, resume_checkpoint


def resume_on_all_ranks(
    root: str | Path, which: str, verify: Load = load_checkpoint, load: Load = load_checkpoint
) -> tuple[Path, dict[str, Any]]:
    """Return the run's folder and the checkpoint: "last", "best" or the path of one.

    Rank 0 decides which one it is, and verifies it; the others load that one. All ranks end where
    one of them finds another state there, as a shared file system may show it for a while.
    """
    checkpoint: dict[str, Any] = {}

    def decide() -> tuple[Path, Path, int]:
        run, found = resume_checkpoint(root, which, verify)
        checkpoint.update(found)
        return run, Path(found["path"]), found["step"]

    run, path, step = from_main(decide)
    problem = ""
    if dist.get_rank() > 0:
        try:
            checkpoint = {**load(path), "path": str(path)}
            if checkpoint["step"] != step:
                problem = f"{path} is of step {checkpoint['step']}"
        except (DamagedCheckpoint, FileNotFoundError) as error:
            problem = str(error)
    if problem:
        problem = f"rank {dist.get_rank()} does not find the checkpoint of rank 0: {problem}"
    if not all_ranks(not problem):
        raise SystemExit(problem or 1)
    return run, checkpoint
