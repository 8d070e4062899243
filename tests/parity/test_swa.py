"""The average of epochs: torch's own, and where Lightning's callback has another."""

import pytest
import torch
from lightning.pytorch.callbacks import Callback, StochasticWeightAveraging
from torch.optim.swa_utils import AveragedModel, update_bn

from tests.parity.beside import beside, last_result, make_script
from tests.parity.ranks import on_two_ranks, run_script

OPTIONS = {
    "module": "model.py:NormedInside",
    "optimizer": {"name": "Adam", "lr": 0.01},
    "max_epochs": 5,
    "log_every_n_steps": 1,
}
ALL = {"save_top_k": -1}


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=0.01)


def checkpoints(script):
    """The folder of the run's checkpoints."""
    return script.folder / "runs" / "version_0" / "checkpoints"


def swa_file(script):
    """What the run has written at its end."""
    return torch.load(checkpoints(script) / "swa.pt", weights_only=True)


def ends_of_epochs(script, steps=11):
    """The weights at the end of each epoch, the first one first."""
    paths = [
        checkpoints(script) / f"epoch={epoch}-step={(epoch + 1) * steps}.ckpt" for epoch in range(5)
    ]
    return [torch.load(path, weights_only=True)["model"] for path in paths if path.exists()]


def mean_of(script, weights):
    """torch's average of these weights."""
    model = script.new_model()
    averaged = AveragedModel(model)
    for of_epoch in weights:
        model.load_state_dict(of_epoch)
        averaged.update_parameters(model)
    return averaged.module


def batches(script, **rank):
    """The training batches in the order of the first epoch."""
    return list(script.train.training_loader(script.new_data(), **rank, cfg=script.config())[1])


@pytest.mark.parametrize(("start", "first"), [(0.8, 4), (0.1, 1), (3, 3), (5, 5)])
def test_mean_of_the_ends_of_epochs(tmp_path, start, first):
    """The first epoch is counted from 1; batch norm's statistics are update_bn's, bit for bit."""
    swa = {"swa_epoch_start": start}
    script = make_script(tmp_path, {**OPTIONS, "swa": swa, "checkpoint": ALL})
    result = script.run()
    ends = ends_of_epochs(script)
    assert len(ends) == 5
    expected = mean_of(script, ends[first - 1 :])
    update_bn(batches(script), expected)
    written = swa_file(script)
    for name, value in expected.state_dict().items():
        assert torch.equal(written["model"][name], value), name
    assert all(torch.equal(result.weights[name], value) for name, value in ends[-1].items())
    (loss,) = result.values("swa_val_loss")
    expected.eval()
    x, y = script.new_data().val_dataset().tensors
    with torch.no_grad():
        right = float(torch.nn.functional.cross_entropy(expected(x), y))
    assert loss == pytest.approx(right, rel=1e-6)


def test_training_goes_on_with_the_raw_weights(tmp_path):
    """All that is logged and saved before the end is that of a run without an average."""
    script = make_script(tmp_path / "with", {**OPTIONS, "swa": {"swa_epoch_start": 2}})
    result = script.run()
    without = make_script(tmp_path / "without", OPTIONS).run()
    assert result.values("val_loss") == without.values("val_loss")
    assert result.values("train_loss") == without.values("train_loss")
    for name, weight in without.weights.items():
        assert torch.equal(result.weights[name], weight), name


class Rates(Callback):
    """The learning rate of each epoch, and the weights at its end."""

    def __init__(self):
        self.found, self.ends = [], []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if batch_idx == 0 and trainer.current_epoch < 5:
            self.found.append(trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_epoch_end(self, trainer, pl_module):
        state = pl_module.model.state_dict()
        self.ends.append({name: value.clone() for name, value in state.items()})


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_rates_are_lightnings_and_its_average_lacks_the_last_epoch(tmp_path, strategy):
    """Lightning takes the weights as epochs start: those of the epoch before each."""
    arguments = {"swa_lrs": 0.05, "annealing_epochs": 2, "annealing_strategy": strategy}
    # without batch norm, for which Lightning makes the run one epoch longer
    options = {**OPTIONS, "module": "model.py:Net", "checkpoint": ALL}
    script = make_script(tmp_path, {**options, "swa": {"swa_epoch_start": 3, **arguments}})
    theirs, rates = StochasticWeightAveraging(swa_epoch_start=3, **arguments), Rates()
    trainer = beside(script, adam, callbacks=[rates, theirs], num_sanity_val_steps=0)
    result = script.run()
    assert result.values("lr")[::11] == rates.found
    assert len(set(rates.found)) == 3
    ends = ends_of_epochs(script)
    for end, of_lightning in zip(ends, rates.ends, strict=True):
        assert all(torch.equal(end[name], value) for name, value in of_lightning.items())
    average = trainer.lightning_module.model.state_dict()
    lacking, whole = mean_of(script, ends[1:4]).state_dict(), mean_of(script, ends[2:]).state_dict()
    written = swa_file(script)["model"]
    for name, value in average.items():
        assert torch.allclose(value, lacking[name], rtol=1e-6, atol=1e-7), name
        assert not torch.allclose(value, whole[name], rtol=1e-3), name
        assert torch.equal(written[name], whole[name]), name


def test_two_ranks(tmp_path):
    """Batch norm has the means over the batches of both ranks."""
    options = {**OPTIONS, "swa": {"swa_epoch_start": 3}, "checkpoint": ALL}
    script = make_script(tmp_path, {**options, "strategy": "ddp", "devices": 2})
    on_two_ranks(run_script, script.folder, options)
    assert last_result(script.folder).values("swa_val_loss")
    ends = ends_of_epochs(script, steps=6)
    expected = mean_of(script, ends[2:])
    both = [batches(script, rank=rank, world_size=2) for rank in (0, 1)]
    update_bn([*both[0], *both[1]], expected)
    written = swa_file(script)["model"]
    for name, value in expected.state_dict().items():
        # the means of the ranks are averaged, not those of all batches one after the other
        assert torch.allclose(written[name], value, rtol=1e-5, atol=1e-7), name
    alone = mean_of(script, ends[2:])
    update_bn(both[0], alone)
    assert not torch.allclose(written["norm.running_var"], alone.norm.running_var, rtol=1e-3)


def test_ends_within_an_epoch(tmp_path):
    """Only epochs that are whole count."""
    swa = {"swa_epoch_start": 2}
    script = make_script(tmp_path, {**OPTIONS, "swa": swa, "checkpoint": ALL, "max_steps": 37})
    script.run()
    expected = mean_of(script, ends_of_epochs(script)[1:])
    update_bn(batches(script), expected)
    for name, value in expected.state_dict().items():
        assert torch.equal(swa_file(script)["model"][name], value), name


def test_ends_before_an_epoch_counts(tmp_path, capsys):
    script = make_script(tmp_path, {**OPTIONS, "swa": True, "max_steps": 30})
    script.run()
    assert "no average: training ended before epoch 4 was done" in capsys.readouterr().out
    assert not (checkpoints(script) / "swa.pt").exists()


def test_start_past_the_last_epoch(tmp_path):
    script = make_script(tmp_path, {**OPTIONS, "swa": {"swa_epoch_start": 3}})
    with pytest.raises(SystemExit, match="swa_epoch_start 3 is past the last of 2 epochs"):
        script.run(max_epochs=2)


def test_frozen_batch_norm_keeps_its_statistics(tmp_path):
    """What is in evaluation mode while training stays as it is."""
    options = {**OPTIONS, "module": "model.py:Frozen", "swa": {"swa_epoch_start": 2}}
    script = make_script(tmp_path, options)
    script.run()
    written = swa_file(script)["model"]
    assert written["norm.running_mean"].eq(0).all() and written["norm.num_batches_tracked"] == 0
