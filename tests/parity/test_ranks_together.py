"""What two ranks do as one: clipping of shards, and the end of a run."""

import subprocess
import sys

import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping

from tests.parity.beside import Script, Wrapped, beside, last_result, make_script
from tests.parity.ranks import on_two_ranks, run_script
from tests.parity.test_loop import TOY, numbers, sgd

RANKS = {"devices": 2}


@pytest.mark.parametrize("algorithm, limit", [("norm", 0.2), ("value", 0.01)])
def test_shards_are_clipped_as_whole_gradients_are(tmp_path, algorithm, limit):
    """By the norm of all shards: the weights of ddp, but for the order of sums."""
    clip = {"gradient_clip_val": limit, "gradient_clip_algorithm": algorithm}
    options = {"module": "model.py:Masked", "optimizer": {"name": "SGD", "lr": 0.5}, **clip}
    options |= {"max_epochs": 2, "batch_size": 4}
    free = {name: value for name, value in options.items() if name not in clip}
    found = []
    for strategy in ("ddp", "fsdp"):
        given = {**options, **RANKS, "strategy": strategy}
        folder = make_script(tmp_path / strategy, given).folder
        on_two_ranks(run_script, folder, given)
        found.append(last_result(folder).weights if strategy == "ddp" else gathered(folder))
    for name, weight in found[0].items():
        torch.testing.assert_close(found[1][name], weight, rtol=1e-4, atol=1e-6)
    unclipped = make_script(tmp_path / "free", {**free, "batch_size": 8}).run().weights
    assert (unclipped["out.weight"] - found[0]["out.weight"]).abs().max() > 1e-2


def gathered(folder):
    """The weights of a sharded checkpoint."""
    path = folder / "runs" / "version_0" / "checkpoints" / "last.ckpt"
    command = [sys.executable, "-m", "runtime.consolidate", str(path), "model.pt"]
    subprocess.run(command, cwd=folder, check=True, timeout=60)
    return torch.load(folder / "model.pt", weights_only=True)


SCORES = ([5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 3.0, 5.0, 7.0, 9.0])  # by rank; the mean rises
DIVIDED = ([9.0, 7.0, 5.0, 3.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0])  # the mean falls
STOPPING = {"early_stopping": {"monitor": "val_x", "patience": 2}}


def scored(script, rank, batches, scores):
    """Let each validation of this rank, of so many batches, give its next score."""
    left = [score for score in scores[rank] for _ in range(batches)]
    script.model.Toy.validation_step = lambda self, batch: {"x": torch.tensor(left.pop(0))}


def ours(rank, folder, options, scores):
    script = Script(folder, options)
    scored(script, rank, 1, scores)
    script.run_rank()
    return len(script.model.Toy.samples)


class Unsynced(Wrapped):
    """Logs what a rank has validated as self.log does it by default: for this rank alone."""

    def validation_step(self, batch, batch_idx):
        self.log("val_x", self.model.validation_step(batch)["x"])


def lightnings(rank, folder, options, scores, wrapped=None):
    script = Script(folder, options)
    scored(script, rank, 2, scores)  # its sampler deals none out
    trainer = beside(
        script,
        sgd,
        rank={"rank": rank, "world_size": 2},
        callbacks=[EarlyStopping("val_x", patience=2)],
        devices=2,
        strategy="ddp",
        num_sanity_val_steps=0,
        wrapped=wrapped,
    )
    return trainer.global_step


def test_the_ranks_end_together(tmp_path):
    """By the mean, which is worse twice, though one rank's own values get better and better."""
    options = {**TOY, "data": numbers(6, 2), "max_epochs": 5, **STOPPING}
    folder = make_script(tmp_path, {**options, **RANKS, "strategy": "ddp"}).folder
    assert on_two_ranks(ours, folder, options, SCORES) == [9, 9]
    assert on_two_ranks(lightnings, folder, options, SCORES) == [9, 9]


def test_one_rank_alone_ends_nothing(tmp_path):
    """The mean gets better and better, though the second rank's own values get worse.

    Lightning, by default, lets each rank judge its own values, and the first that asks ends all.
    """
    options = {**TOY, "data": numbers(6, 2), "max_epochs": 5, **STOPPING}
    folder = make_script(tmp_path, {**options, **RANKS, "strategy": "ddp"}).folder
    assert on_two_ranks(ours, folder, options, DIVIDED) == [15, 15]
    assert on_two_ranks(lightnings, folder, options, DIVIDED, Unsynced) == [9, 9]
