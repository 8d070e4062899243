"""The checkpoints of a sharded model, written while training goes on."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_saver import async_save

from runtime.from_main import from_main
from runtime.sharded_checkpoints import ShardedCheckpoints, joined


class AsyncShardedCheckpoints(ShardedCheckpoints):
    """As ShardedCheckpoints, but a save returns once each rank has a copy of its part in memory.

    Threads write the copies. One checkpoint is written at a time: the next save waits for it, and
    so must the end of training. Until it is whole, last.ckpt is the one before it.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        # the threads talk beside the steps, which have the other groups
        self.group = dist.new_group(backend="gloo")
        self.thread = ThreadPoolExecutor(max_workers=1)
        self.writing: Future[None] | None = None

    def save_shards(
        self,
        shards: Mapping[str, Any],
        state: dict[str, Any],
        *,
        epoch: int,
        step: int,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Copy the shards of all ranks, and the state of rank 0, and let the threads write them."""
        self.wait()
        from_main(self.clear_shards)
        written = async_save(dict(shards), checkpoint_id=self.shards, process_group=self.group)
        self.writing = self.thread.submit(
            self.finish,
            cast("Future[Any]", written),
            deepcopy(state),
            epoch=epoch,
            step=step,
            metrics=metrics,
        )
        self.step, self.saved_at = step, time.monotonic()

    def finish(self, shards_written: Future[Any], state: dict[str, Any], **of_state: Any) -> None:
        """Put the checkpoint in place where all ranks have written their shards; of the thread."""
        digests: dict[str, str] = {}
        failures: list[str] = []
        try:
            shards_written.result()
            digests = self.own_digests()
        except CheckpointException as error:
            failures = [str(failure) for failure, _ in error.failures.values()]
        except OSError as error:
            failures = [str(error)]
        parts = [(digests, failures)] * dist.get_world_size()
        dist.all_gather_object(parts, (digests, failures), group=self.group)
        if dist.get_rank() == 0:
            if failures := [failure for _, of_rank in parts for failure in of_rank]:
                self.remove(self.shards)
                raise SystemExit(f"the checkpoint is not written: {failures[0]}")
            self.digests = joined(part for part, _ in parts)
            self.save(state, **of_state)

    def wait(self) -> None:
        """Wait for the last save; where it has failed the program ends, on every rank."""
        if self.writing is not None:
            self.writing.exception()  # of this rank's thread
            from_main(self.writing.result)
            self.writing = None
