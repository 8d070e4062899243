"""The checkpoints of a sharded model: each rank writes and reads its own part."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_saver import save

from runtime.checkpoint_folder import digest, finish_folder, link_folder, replace_folder
from runtime.checkpoints import Checkpoints
from runtime.from_main import from_main
from runtime.gather_to_main import gather_to_main


class ShardedCheckpoints(Checkpoints):
    """As Checkpoints, but each checkpoint is a folder that all ranks write together."""

    digests: Mapping[str, str] = {}  # SHA-256 of the shards by name

    def save_shards(
        self,
        shards: Mapping[str, Any],
        state: dict[str, Any],
        *,
        epoch: int,
        step: int,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Write the shards of all ranks; rank 0 adds the state and ranks the checkpoint.

        `shards` holds states by name, such as that of the model, each with this rank's part of it.
        """
        self.write_shards(shards)
        from_main(self.save, state, epoch=epoch, step=step, metrics=metrics)
        self.step = step

    def write_shards(self, shards: Mapping[str, Any]) -> None:
        """Write the shards of all ranks, for the folder that rank 0 then puts in place."""
        from_main(self.clear_shards)
        try:
            save(dict(shards), checkpoint_id=self.shards)
        except CheckpointException as error:
            from_main(self.remove, self.shards)
            raise SystemExit(f"the checkpoint is not written: {reason(error)}") from None
        self.digests = joined(gather_to_main(self.own_digests()))

    def own_digests(self) -> dict[str, str]:
        """Read what this rank has written, whose names begin with its number."""
        return {path.name: digest(path) for path in self.shards.glob(f"__{dist.get_rank()}_*")}

    def clear_shards(self) -> None:
        """Make the folder of the shards anew."""
        shutil.rmtree(self.shards, ignore_errors=True)
        self.shards.mkdir(parents=True)

    @property
    def shards(self) -> Path:
        """The folder that the shards are written to before they are in place."""
        return self.folder / "shards.ckpt.tmp"

    def write(self, state: dict[str, Any], path: Path) -> None:
        """Put the shards, with the state beside them, at the path."""
        try:
            finish_folder(self.shards, state, self.digests)
            replace_folder(self.shards, path)
        except OSError:
            self.remove(self.shards)
            raise

    def link(self, path: Path, name: Path) -> None:
        """Let the name stand for what lies at the path."""
        link_folder(path, name)

    def remove(self, path: Path) -> None:
        """Remove what lies at the path."""
        shutil.rmtree(path, ignore_errors=True)


def joined(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return what all of them hold."""
    return {name: value for part in parts for name, value in part.items()}


def reason(error: BaseException) -> str:
    """Return what a save has failed of: of an error of several ranks, that of the first."""
    if isinstance(error, CheckpointException):
        error, _ = next(iter(error.failures.values()))
    return str(error) if isinstance(error, (OSError, SystemExit)) else repr(error)
