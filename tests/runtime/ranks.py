"""Functions run as the ranks of a gloo group, in forked processes."""

import pickle
import tempfile
import traceback
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from runtime.distributed import end_distributed


def run_ranks(function, world_size, *arguments):
    """Return what function(rank, world_size, *arguments) returns on each rank, in rank order."""
    context = mp.get_context("fork")
    queue = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        processes = [
            context.Process(
                target=_rank, args=(function, rank, world_size, Path(folder), queue, arguments)
            )
            for rank in range(world_size)
        ]
        for process in processes:
            process.start()
        answers = dict(queue.get() for _ in processes)
        for process in processes:
            process.join()
    failures = [text for ok, text in answers.values() if not ok]
    assert not failures, "\n".join(failures)
    return [pickle.loads(answers[rank][1]) for rank in range(world_size)]


def _rank(function, rank, world_size, folder, queue, arguments):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/rendezvous",
        rank=rank,
        world_size=world_size,
        timeout=timedelta(seconds=30),
    )
    try:
        # as bytes: torch would share the memory of tensors, which ends with this process
        queue.put((rank, (True, pickle.dumps(function(rank, world_size, *arguments)))))
    except BaseException:
        queue.put((rank, (False, traceback.format_exc())))
    end_distributed()
