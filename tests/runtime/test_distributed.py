import os
import subprocess
import sys

import pytest
import torch
import torch.distributed as dist
from torch import nn

from runtime.all_ranks import all_ranks
from runtime.broadcast_buffers import broadcast_buffers
from runtime.distributed import start_distributed
from runtime.from_main import from_main
from runtime.gather_to_main import gather_to_main
from runtime.sum_over_ranks import sum_over_ranks
from tests.runtime.ranks import run_ranks

COMMAND = "torchrun --nproc-per-node 2 train.py"


def test_sums_of_all_ranks_are_equal_everywhere_and_a_rank_may_lack_a_name():
    def work(rank, world_size):
        sums = {"loss": (0.1 * (rank + 1), rank + 1)}
        if rank == 1:
            sums["acc"] = (1.0, 2)
        return sum_over_ranks(sums if rank < 2 else {})

    expected = {"loss": (0.1 + 0.2, 3), "acc": (1.0, 2)}
    assert run_ranks(work, 3) == [expected] * 3


def test_mean_over_unequal_ranks_is_exact():
    def work(rank, world_size):
        samples = [1, 2, 3, 4, 5][rank::2]
        total, weight = sum_over_ranks({"x": (float(sum(samples)), len(samples))})["x"]
        return total / weight

    assert run_ranks(work, 2) == [3.0, 3.0]


def test_gather_flags_and_values_of_main():
    def work(rank, world_size):
        return (
            gather_to_main({"rank": rank, "tensor": torch.tensor(rank)}),
            all_ranks(True),
            all_ranks(rank != 1),
            from_main(lambda x, y: (os.getpid(), x + y), 1, y=2),
            os.getpid(),
        )

    ranks = run_ranks(work, 3)
    gathered = [answer[0] for answer in ranks]
    assert [value["rank"] for value in gathered[0]] == [0, 1, 2] and gathered[1:] == [[], []]
    assert [answer[1:3] for answer in ranks] == [(True, False)] * 3
    assert [answer[3] for answer in ranks] == [(ranks[0][4], 3)] * 3


def test_an_end_on_main_ends_all_ranks_and_is_said_once():
    def work(rank, world_size):
        def refuse(error):
            raise error

        ends = []
        for error in (SystemExit("no checkpoint"), OSError(28, "No space left on device")):
            try:
                from_main(refuse, error)
            except (SystemExit, OSError) as end:
                ends.append(str(end))
        return ends

    said = ["no checkpoint", "[Errno 28] No space left on device"]
    assert run_ranks(work, 2) == [said, ["1", "1"]]


def test_buffers_are_those_of_the_first_rank():
    def work(rank, world_size):
        model = nn.Sequential(nn.BatchNorm1d(2))
        model[0].running_mean += rank + 1
        model[0].num_batches_tracked += rank + 5
        broadcast_buffers(model)
        return model[0].running_mean.tolist(), int(model[0].num_batches_tracked)

    assert run_ranks(work, 2) == [([1.0, 1.0], 5)] * 2


def test_without_torchrun_the_right_command_is_said(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(SystemExit, match="start it with: torchrun --nproc-per-node 2 train.py"):
        start_distributed("gloo", COMMAND)
    assert not dist.is_initialized()


SCRIPT = """
import sys
from pathlib import Path
from runtime.distributed import end_distributed, start_distributed
ranks = start_distributed("gloo", "")
(Path(sys.argv[1]) / str(ranks[0])).write_text(str(ranks))
end_distributed()
"""


def test_torchrun_starts_the_ranks(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    answers = tmp_path / "answers"
    answers.mkdir()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    run = subprocess.run(
        [*torchrun, script, answers],
        env={**os.environ, "PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    answers_by_rank = [(answers / str(rank)).read_text() for rank in range(2)]
    assert answers_by_rank == ["(0, 0, 2)", "(1, 1, 2)"]
