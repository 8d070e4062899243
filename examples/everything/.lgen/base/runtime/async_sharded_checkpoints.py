"""The checkpoints of a sharded model, written while training goes on."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.checkpoint.state_dict_saver import save

from runtime.from_main import from_main
from runtime.sharded_checkpoints import ShardedCheckpoints, joined, reason


class AsyncShardedCheckpoints(ShardedCheckpoints):
    """As ShardedCheckpoints, but a save returns once each rank has a copy of its part in memory.

    A thread of each rank writes the copy. One checkpoint is written at a time: the next save waits
    for it, and so must the end of training. Until it is whole, last.ckpt is the one before it.
    The ranking and the files belong to the thread as long as it writes.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        # the threads talk while the steps do, and each order is its own
        self.group = dist.new_group(backend="gloo")
        self.executor = ThreadPoolExecutor(max_workers=1)
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
        writer = FileSystemWriter(self.shards)
        copies, state = writer.stage(dict(shards)), deepcopy(state)
        self.step, self.saved_at = step, time.monotonic()
        values = {"epoch": epoch, "step": step, "metrics": dict(metrics or {})}
        self.writing = self.executor.submit(self.write_copies, writer, copies, state, **values)

    def write_copies(
        self, writer: FileSystemWriter, copies: dict[str, Any], state: dict[str, Any], **values: Any
    ) -> None:
        """Write the shards of all ranks, and let rank 0 put the checkpoint in place.

        This runs in the threads. No rank is done before all are, so that a program that ends with
        an error, and waits for its thread, takes no checkpoint from the others.
        """
        digests: dict[str, str] = {}
        failure: str | None = None
        try:
            save(copies, storage_writer=writer, process_group=self.group)
            digests = self.own_digests()
        except (Exception, CheckpointException) as error:  # the other ranks wait to hear of it
            failure = reason(error)
        parts = [(digests, failure)] * dist.get_world_size()
        dist.all_gather_object(parts, (digests, failure), group=self.group)
        answer = [next((failure for _, failure in parts if failure is not None), None)]
        if dist.get_rank() == 0:
            try:
                if answer[0] is None:
                    self.digests = joined(digests for digests, _ in parts)
                    self.save(state, **values)
                else:
                    self.remove(self.shards)
            except (Exception, SystemExit) as error:
                answer = [reason(error)]
        dist.broadcast_object_list(answer, src=0, group=self.group)
        if answer[0] is not None:
            # one rank says it for all
            message = f"the checkpoint is not written: {answer[0]}"
            raise SystemExit(message if dist.get_rank() == 0 else 1)

    def wait(self) -> None:
        """Wait until the last save is written; where it has failed, all ranks end the program."""
        if self.writing is not None:
            self.writing.result()
            self.writing = None
