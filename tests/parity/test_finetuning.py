"""A backbone that is frozen at first: the weights of Lightning's BackboneFinetuning, bit for bit.

An epoch has 11 batches.
"""

import pytest
import torch
from lightning.pytorch.callbacks import BackboneFinetuning
from torch.optim import lr_scheduler

from tests.parity.beside import assert_equal_weights, beside, make_script
from tests.parity.ranks import on_two_ranks, run_script
from tests.support.same_runs import load_whole

OPTIONS = {
    "module": "model.py:Tuned",
    "optimizer": {"name": "Adam", "lr": 0.01},
    "max_epochs": 6,
}
EARLY = {"unfreeze_backbone_at_epoch": 2}


def trained(model):
    return torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)


def head_alone(model):
    return torch.optim.Adam([*model.hidden.parameters(), *model.out.parameters()], lr=0.01)


class Finetuning(BackboneFinetuning):
    """Lightning's callback, for the module that the LightningModule wraps."""

    def __init__(self, multiplier=2.0, **arguments):
        super().__init__(lambda_func=lambda epoch: multiplier, **arguments)

    def setup(self, trainer, pl_module, stage):
        object.__setattr__(pl_module, "backbone", pl_module.model.backbone)
        super().setup(trainer, pl_module, stage)


@pytest.mark.parametrize(
    "arguments",
    [
        EARLY,
        {"unfreeze_backbone_at_epoch": 0},
        {**EARLY, "backbone_initial_ratio_lr": 0.5, "multiplier": 1.5},
        {**EARLY, "backbone_initial_lr": 0.003, "multiplier": 3.0},
        {**EARLY, "should_align": False, "multiplier": 7.0},
        {**EARLY, "multiplier": 0.5},
    ],
    ids=str,
)
def test_weights(tmp_path, arguments):
    """Exact, statistics of batch norm too, which is trained from the start."""
    script = make_script(tmp_path, {**OPTIONS, "finetuning": arguments})
    trainer = beside(script, trained, callbacks=[Finetuning(**arguments)])
    result = script.run()
    assert_equal_weights(result, trainer)
    rates = [group["lr"] for group in result.state["optimizer"]["param_groups"]]
    assert rates == [group["lr"] for group in trainer.optimizers[0].param_groups]


def test_batch_norm_that_is_never_trained(tmp_path):
    """Exact: its weights stay, and its statistics follow. Lightning's optimizer has the head."""
    arguments = {**EARLY, "train_bn": False}
    script = make_script(tmp_path, {**OPTIONS, "finetuning": arguments})
    trainer = beside(script, head_alone, callbacks=[Finetuning(**arguments)])
    result = script.run()
    assert_equal_weights(result, trainer)
    assert result.weights["backbone.1.weight"].tolist() == [1.0] * 12
    assert result.weights["backbone.1.running_mean"].any()


@pytest.mark.parametrize(
    "flags",
    [
        {"accumulate_grad_batches": 4, "gradient_clip_val": 0.1},
        {"precision": "bf16-mixed"},
        {"precision": "64-true"},
    ],
    ids=str,
)
def test_with_other_options(tmp_path, flags):
    """Exact."""
    script = make_script(tmp_path, {**OPTIONS, "finetuning": EARLY, **flags})
    trainer = beside(script, trained, callbacks=[Finetuning(**EARLY)], **flags)
    assert_equal_weights(script.run(), trainer)


@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("StepLR", {"step_size": 2, "gamma": 0.5}),
        ("CosineAnnealingLR", {"T_max": 70}),
        ("ExponentialLR", {"gamma": 0.9}),
        ("LinearLR", {"start_factor": 0.1, "total_iters": 4}),
        ("PolynomialLR", {"total_iters": 6}),
        ("MultiStepLR", {"milestones": [3, 4]}),
        ("ConstantLR", {"total_iters": 4}),
    ],
)
def test_schedules(tmp_path, name, arguments, interval):
    """Exact: in each epoch the rate of the backbone follows the schedule as the others' does."""
    scheduler = {"name": name, "interval": interval, **arguments}
    script = make_script(tmp_path, {**OPTIONS, "scheduler": scheduler, "finetuning": EARLY})

    def optimizers(model):
        optimizer = trained(model)
        schedule = getattr(lr_scheduler, name)(optimizer, **arguments)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": interval},
        }

    trainer = beside(script, optimizers, callbacks=[Finetuning(**EARLY)])
    assert_equal_weights(script.run(), trainer)


@pytest.mark.parametrize(
    "scheduler",
    [
        {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 30},
        {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 10},
        {"name": "CosineAnnealingWarmRestarts", "T_0": 2},
        {"name": "WSD", "interval": "step", "warmup_steps": 5},
    ],
    ids=str,
)
def test_schedules_of_several_parts(tmp_path, scheduler):
    """In Lightning they end with an error once there is a second group.

    With a ratio of 1, and aligned again in each epoch, the backbone has the others' rate.
    """
    arguments = {**EARLY, "backbone_initial_ratio_lr": 1.0, "multiplier": 1e6}
    script = make_script(
        tmp_path,
        {
            **OPTIONS,
            "scheduler": scheduler,
            "finetuning": arguments,
            "checkpoint": {"save_top_k": -1, "every_n_train_steps": 1, "filename": "{step}"},
            "val_check_interval": 1,
        },
    )
    script.run()
    kept = list((script.folder / "runs" / "version_0" / "checkpoints").glob("step=*.ckpt"))
    assert len(kept) >= 66
    for path in kept:
        groups = torch.load(path, weights_only=True)["optimizer"]["param_groups"]
        assert len(groups) == 1 or groups[0]["lr"] == pytest.approx(groups[1]["lr"], rel=1e-6)


def test_what_the_model_has_frozen_stays_frozen(tmp_path):
    """Lightning's unfreezing takes no notice of it."""
    script = make_script(
        tmp_path, {**OPTIONS, "module": "model.py:PartlyFrozen", "finetuning": EARLY}
    )
    torch.manual_seed(0)
    before = script.new_model().state_dict()
    weights = script.run().weights
    assert torch.equal(weights["backbone.0.weight"], before["backbone.0.weight"])
    assert not torch.equal(weights["backbone.3.weight"], before["backbone.3.weight"])


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_the_same_on_two_ranks(tmp_path, strategy):
    """The gradients of the backbone are averaged over the ranks; in Lightning they are not.

    Its DDP knows only what was trained when it was built, and its ranks drift apart.
    """
    options = {**OPTIONS, "module": "model.py:Plain", "finetuning": EARLY, "shuffle": False}
    single = make_script(tmp_path / "single", {**options, "drop_last": True}).run()
    shared = {**options, "strategy": strategy, "devices": 2, "batch_size": 4, "drop_last": True}
    folder = make_script(tmp_path / "shared", shared).folder
    on_two_ranks(run_script, folder, shared)
    state = load_whole(folder / "runs" / "version_0" / "checkpoints" / "last.ckpt")
    assert state["step"] == single.state["step"]
    for name, weight in single.weights.items():
        assert torch.allclose(state["model"][name], weight, atol=1e-5), name


@pytest.mark.parametrize(
    ("module", "backbone", "fault"),
    [
        ("Tuned", "backbone.9", "no part 'backbone.9' .it has: hidden, dropout, out, backbone"),
        ("Tuned", "backbone.7", "no part 'backbone.7'"),
        ("Tuned", "dropout", "'dropout' has no parameters"),
        ("Plain", "all", "nothing to train beside 'all'"),
    ],
)
def test_parts_that_cannot_be(tmp_path, module, backbone, fault):
    options = {"module": f"model.py:{module}", "finetuning": {**EARLY, "backbone": backbone}}
    script = make_script(tmp_path, {**OPTIONS, **options})
    with pytest.raises(SystemExit, match=fault):
        script.run_rank()


@pytest.mark.parametrize("done", [15, 22, 30])
@pytest.mark.parametrize("scheduler", [None, {"name": "StepLR", "step_size": 2}], ids=str)
def test_a_resumed_run_with_another_rate(tmp_path, scheduler, done):
    """Before, at and after the unfreezing: the backbone's rate changes as the others' does."""
    arguments = {**EARLY, "should_align": False}
    script = make_script(tmp_path, {**OPTIONS, "scheduler": scheduler, "finetuning": arguments})
    script.run(max_steps=done)
    state = script.run(resume="last", max_steps=-1, lr=0.02).state
    expected = script_rates(tmp_path / "straight", scheduler, arguments)
    rates = [group["lr"] for group in state["optimizer"]["param_groups"]]
    assert rates == pytest.approx([2 * rate for rate in expected], rel=1e-9)


def script_rates(folder, scheduler, arguments):
    """The last rates of a straight run."""
    options = {**OPTIONS, "scheduler": scheduler, "finetuning": arguments}
    groups = make_script(folder, options).run().state["optimizer"]["param_groups"]
    return [group["lr"] for group in groups]
