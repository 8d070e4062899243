import subprocess
import sys

import torch
from torch import nn

from runtime.weights import load_weights
from tests.runtime.ranks import run_ranks
from tests.runtime.test_sharded_checkpoints import Block, train


def consolidate(*arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "runtime.consolidate", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_sharded_checkpoint_becomes_one_file_of_whole_tensors(tmp_path):
    values = run_ranks(train, 2, tmp_path, 0, 2)[0]
    last = tmp_path / "version_0" / "checkpoints" / "last.ckpt"
    run = consolidate(last, tmp_path / "model.pt")
    assert run.returncode == 0, run.stderr
    model = nn.Sequential(nn.Linear(3, 5), Block(), Block(), nn.Linear(5, 1))
    model.load_state_dict(load_weights(str(tmp_path / "model.pt")))
    parameters = [parameter.tolist() for parameter in model.parameters()]
    assert parameters == values[: len(parameters)]
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


def test_what_is_no_checkpoint_is_a_clear_error(tmp_path):
    for arguments, message in [
        ([], "usage: python -m runtime.consolidate CHECKPOINT FILE"),
        ([tmp_path / "none", tmp_path / "m.pt"], "there is no checkpoint"),
        ([tmp_path, tmp_path / "m.pt"], "has no manifest that can be read"),
    ]:
        run = consolidate(*arguments)
        assert run.returncode == 1 and message in run.stderr and run.stderr.count("\n") == 1
    assert not (tmp_path / "m.pt").exists()
