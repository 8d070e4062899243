from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from runtime.bounds import check_bounds
from runtime.checkpoint_file import save_checkpoint
from runtime.evaluation_batches import EvaluationBatches
from runtime.global_batch import check_global_batch
from runtime.limited_loader import LimitedLoader
from runtime.limits import limit_batches
from runtime.override_settings import override_settings
from runtime.predictions import save_predictions
from runtime.restore import restore
from runtime.seed import seed_everything
from runtime.summary import summarize
from runtime.weights import load_weights


@pytest.mark.parametrize("limit, used", [(1, 1), (1.0, 10), (3, 3), (20, 10), (0.39, 3), (0.1, 1)])
def test_an_int_counts_batches_and_a_float_is_a_share(limit, used):
    assert limit_batches(limit, 10) == used
    loader = LimitedLoader(range(10), limit)
    assert list(loader) == list(range(used))


def test_a_share_that_leaves_no_batch_is_an_error():
    with pytest.raises(SystemExit, match="a share of 0.05 of 10 batches leaves none"):
        limit_batches(0.05, 10)


def test_all_settings_out_of_bounds_are_named():
    @dataclass
    class Settings:
        batch_size: int = 0
        max_steps: int = -1
        lr: float = float("nan")

    check_bounds(Settings(), batch_size=">= 0", max_steps="== -1 or >= 1")
    with pytest.raises(SystemExit) as end:
        check_bounds(Settings(), batch_size="> 0 and <= 1", max_steps="== -1 or >= 1", lr=">= 0")
    message = "batch_size is 0 (allowed: > 0 and <= 1); lr is nan (allowed: >= 0)"
    assert str(end.value) == message
    with pytest.raises(SystemExit, match=r"max_steps is 0 \(allowed: -1 or >= 1\)"):
        check_bounds(Settings(max_steps=0), max_steps="== -1 or >= 1")
    with pytest.raises(SystemExit, match=r"lr is inf \(allowed: finite and >= 0\)"):
        check_bounds(Settings(lr=float("inf")), lr=">= 0")
    with pytest.raises(SystemExit, match=r"max_steps is 10{20} \(allowed: numbers of 64 bits\)"):
        check_bounds(Settings(max_steps=10**20), max_steps="== -1 or >= 1")


def test_the_same_global_batch_goes_on_and_another_names_the_way_out():
    check_global_batch(48, batch_size=4, world_size=3, accumulate_grad_batches=4)
    with pytest.raises(SystemExit) as error:
        check_global_batch(48, batch_size=4, world_size=2, accumulate_grad_batches=4)
    assert "--batch-size 4 --accumulate-grad-batches 6" in str(error.value)
    assert "--batch-size 6 --accumulate-grad-batches 4" in str(error.value)


def test_a_step_of_a_scheduled_epoch_keeps_its_size():
    """The schedule is no setting to keep it by; the size of the batches is, where they fit."""
    check_global_batch(16, batch_size=4, world_size=2, scheduled_batches=2)
    with pytest.raises(SystemExit, match="had 16 samples.* would have 32 .*with --batch-size 2$"):
        check_global_batch(16, batch_size=4, scheduled_batches=8)
    with pytest.raises(SystemExit, match=r"3 batches accumulated\)$"):
        check_global_batch(16, batch_size=4, scheduled_batches=3)


def make(lr):
    parameter = nn.Parameter(torch.ones(()))
    optimizer = torch.optim.SGD([parameter], lr=lr, momentum=0.9)
    warmup = lr_scheduler.LinearLR(optimizer, 0.1, 1.0, 3)
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, 7)
    return optimizer, lr_scheduler.SequentialLR(optimizer, [warmup, cosine], [3])


def test_a_new_learning_rate_scales_the_rest_of_the_schedule():
    (old, old_scheduler), (new, new_scheduler) = make(0.1), make(0.2)
    for _ in range(4):
        old.step()
        old_scheduler.step()
    restore(
        {"optimizer": old.state_dict(), "scheduler": old_scheduler.state_dict()},
        optimizer=new,
        scheduler=new_scheduler,
    )
    override_settings(
        new, {"lr": 0.2, "momentum": 0.5}, {"lr": 0.1, "momentum": 0.9}, new_scheduler
    )
    assert new.param_groups[0]["momentum"] == 0.5
    for _ in range(5):
        rates = [optimizer.param_groups[0]["lr"] for optimizer in (old, new)]
        assert rates[1] == pytest.approx(2 * rates[0], rel=1e-12)
        for optimizer, scheduler in ((old, old_scheduler), (new, new_scheduler)):
            optimizer.step()
            scheduler.step()


def test_a_learning_rate_of_zero_gives_way_to_a_new_one():
    optimizer, scheduler = make(0.0)
    with pytest.raises(SystemExit, match="lr: the checkpoint had 0, .* with 0.2"):
        override_settings(optimizer, {"lr": 0.2}, {"lr": 0.0}, scheduler)
    override_settings(optimizer, {"lr": 0.2}, {"lr": 0.0})
    assert optimizer.param_groups[0]["lr"] == 0.2


def test_unchanged_settings_change_no_bit():
    optimizer, scheduler = make(0.1)
    before = optimizer.state_dict()
    override_settings(optimizer, {"lr": 0.1}, {"lr": 0.1}, scheduler)
    assert optimizer.state_dict() == before


@pytest.mark.parametrize("name", ["capturable", "fused"])
def test_a_step_that_becomes_one_of_the_device_counts_there(name):
    parameter = nn.Parameter(torch.empty(2, device="meta"))
    optimizer = torch.optim.AdamW([parameter], lr=0.1, foreach=False)
    parameter.grad = torch.empty(2, device="meta")
    optimizer.step()
    assert optimizer.state[parameter]["step"].device.type == "cpu"
    override_settings(optimizer, {"lr": 0.1, name: True}, {"lr": 0.1, name: False})
    assert optimizer.param_groups[0][name] is True
    assert optimizer.state[parameter]["step"].device.type == "meta"


def test_a_state_that_is_missing_or_does_not_fit_is_a_clear_error():
    model = nn.Linear(2, 3)
    with pytest.raises(SystemExit, match="the checkpoint holds no model"):
        restore({"optimizer": {}}, model=model)
    with pytest.raises(SystemExit, match="does not fit the model: .*size mismatch"):
        restore({"model": nn.Linear(3, 3).state_dict()}, model=model)


def test_of_several_faults_the_first_is_said_in_one_line():
    with pytest.raises(SystemExit) as end:
        restore({"model": nn.Linear(3, 2).state_dict()}, model=nn.Linear(5, 4))
    assert str(end.value) == (
        "the checkpoint does not fit the model: size mismatch for weight: copying a param with "
        "shape torch.Size([2, 3]) from checkpoint, the shape in current model is "
        "torch.Size([4, 5]). (and 1 more)"
    )


def test_predictions_are_numbered_files_on_the_cpu(tmp_path):
    whole = torch.arange(1_000_000.0, requires_grad=True)
    save_predictions(tmp_path / "predictions", 7, {"y": whole[:2], "names": ["a", "b"]})
    (path,) = (tmp_path / "predictions").iterdir()
    assert path.name == "batch_00007.pt" and path.stat().st_size < 10_000
    loaded = torch.load(path, weights_only=True)
    assert loaded["y"].tolist() == [0.0, 1.0] and loaded["names"] == ["a", "b"]


def test_summary_counts_shared_and_frozen_parameters_once():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    lines = summarize(model).splitlines()
    assert lines[1].split() == ["0", "Linear", "16"]
    assert lines[-1] == "26 parameters, 10 trainable, 0.0 MB"
    tied = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    tied[1].weight = tied[0].weight
    assert summarize(tied).splitlines()[-1].startswith("9 parameters")


def test_weights_come_from_a_checkpoint_or_a_file_of_weights(tmp_path):
    weights = nn.Linear(2, 2).state_dict()
    torch.save(weights, tmp_path / "weights.pt")
    state = {"model": weights, "step": 1, "epoch": 0, "config": {}}
    save_checkpoint(state, tmp_path / "a.ckpt")
    for name in ("weights.pt", "a.ckpt"):
        loaded = load_weights(str(tmp_path / name))
        assert torch.equal(loaded["weight"], weights["weight"])


def test_files_without_weights_are_clear_errors(tmp_path):
    (tmp_path / "text").write_text("hello")
    torch.save([1, 2], tmp_path / "list.pt")
    for name, message in [("none", "no file"), ("text", "no weights"), ("list.pt", "holds list")]:
        with pytest.raises(SystemExit, match=message):
            load_weights(str(tmp_path / name))


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_torch_cannot_take(seed):
    with pytest.raises(SystemExit, match="seed is"):
        seed_everything(seed)


def test_empty_data_is_said():
    with pytest.raises(SystemExit, match="evaluation is empty"):
        EvaluationBatches(0, 4, seed=0)


def test_the_state_of_another_optimizer_is_refused():
    weights = [torch.zeros(2)]
    state = torch.optim.AdamW(weights).state_dict()
    with pytest.raises(SystemExit, match="SGD needs dampening, momentum"):
        restore({"optimizer": state}, optimizer=torch.optim.SGD(weights, lr=0.1))
    restore({"optimizer": state}, optimizer=torch.optim.AdamW(weights))
