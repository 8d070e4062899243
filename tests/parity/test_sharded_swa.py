"""The average of a sharded model's epochs: that of copies of the model, and of one process."""

import pytest
import torch

from tests.parity.beside import make_script
from tests.parity.ranks import on_two_ranks, run_script
from tests.support.same_runs import load_whole

OPTIONS = {"optimizer": {"name": "Adam", "lr": 0.01}, "max_epochs": 4, "devices": 2}
START = {"swa": {"swa_epoch_start": 3}}


def trained(folder, **options):
    """What a run of two ranks leaves: its last state, its average and the loss of that."""
    options = {**OPTIONS, **options}
    script = make_script(folder, options)
    on_two_ranks(run_script, script.folder, options)
    return left(script)


def left(script):
    """The last state of a run, its average and the average's loss."""
    run = script.folder / "runs" / "version_0"
    rows = [row.split(",") for row in (run / "metrics.csv").read_text().splitlines()]
    loss = float(rows[-1][rows[0].index("swa_val_loss")])
    states = [load_whole(run / "checkpoints" / name) for name in ("last.ckpt", "swa.pt")]
    return states[0]["model"], states[1]["model"], loss


def assert_close(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.allclose(value, other[name], rtol=1e-4, atol=1e-6), name


def test_the_average_of_copies(tmp_path):
    """Batch norm's statistics are made anew of the batches of both ranks."""
    options = {**START, "module": "model.py:NormedInside"}
    _, average, loss = trained(tmp_path / "fsdp", strategy="fsdp", **options)
    _, expected, right = trained(tmp_path / "ddp", strategy="ddp", **options)
    assert_close(average, expected)
    assert loss == pytest.approx(right, rel=1e-4)
    assert average["norm.running_mean"].any()


def test_the_average_of_one_process(tmp_path):
    """For the same global batch, up to rounding."""
    options = {**START, "module": "model.py:Plain", "drop_last": True}
    _, average, loss = trained(tmp_path / "fsdp", strategy="fsdp", batch_size=4, **options)
    single = make_script(tmp_path / "single", {**OPTIONS, "devices": 1, **options})
    single.run_rank()
    last, expected, right = left(single)
    assert_close(average, expected)
    assert loss == pytest.approx(right, rel=1e-4)
    assert not torch.allclose(expected["all.out.weight"], last["all.out.weight"], rtol=1e-2)


def test_training_goes_on_with_the_raw_weights(tmp_path):
    """Bit for bit."""
    raw, average, _ = trained(tmp_path / "with", strategy="fsdp", **START)
    without = {**OPTIONS, "strategy": "fsdp"}
    script = make_script(tmp_path / "without", without)
    on_two_ranks(run_script, script.folder, without)
    expected = load_whole(script.folder / "runs" / "version_0" / "checkpoints" / "last.ckpt")
    for name, weight in expected["model"].items():
        assert torch.equal(raw[name], weight), name
    assert not torch.equal(raw["out.weight"], average["out.weight"])
