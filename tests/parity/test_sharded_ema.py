"""Averaged weights of a sharded model: those of copies of the model, up to rounding."""

import torch

from tests.parity.beside import make_script
from tests.parity.ranks import on_two_ranks, run_script
from tests.support.same_runs import load_whole

OPTIONS = {
    "module": "model.py:NormedInside",
    "optimizer": {"name": "Adam", "lr": 0.01},
    "max_epochs": 3,
    "val_check_interval": 2,
    "devices": 2,
    "log_every_n_steps": 1,
}


def trained(folder, **options):
    """What a run of two ranks leaves: its last state and its validations."""
    script = make_script(folder, {**OPTIONS, **options})
    on_two_ranks(run_script, script.folder, {**OPTIONS, **options})
    run = script.folder / "runs" / "version_0"
    rows = (run / "metrics.csv").read_text().splitlines()
    column = rows[0].split(",").index("val_loss")
    losses = [float(row.split(",")[column]) for row in rows[1:] if row.split(",")[column]]
    return load_whole(run / "checkpoints" / "last.ckpt"), losses


def assert_close(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.allclose(value, other[name], rtol=1e-4, atol=1e-6), name


def test_average_and_raw_weights_are_those_of_ddp(tmp_path):
    ema = {"decay": 0.9, "update_every_n_steps": 2}
    sharded, losses = trained(tmp_path / "fsdp", strategy="fsdp", ema=ema)
    copied, expected = trained(tmp_path / "ddp", strategy="ddp", ema=ema)
    assert sharded["n_averaged"] == copied["n_averaged"] == 9
    assert_close(sharded["model"], copied["model"])
    assert_close(sharded["raw_model"], copied["raw_model"])
    assert torch.allclose(torch.tensor(losses), torch.tensor(expected), rtol=1e-4)
    difference = sharded["model"]["out.weight"] - sharded["raw_model"]["out.weight"]
    assert difference.abs().max() > 1e-3


def test_training_goes_on_with_the_raw_weights(tmp_path):
    """Bit for bit, although the root keeps what a validation has gathered of it."""
    with_average, _ = trained(tmp_path / "with", strategy="fsdp", ema={"decay": 0.9})
    without, _ = trained(tmp_path / "without", strategy="fsdp")
    for name, weight in without["model"].items():
        assert torch.equal(with_average["raw_model"][name], weight), name
