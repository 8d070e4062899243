"""Groups of parameters: those that one writes in Lightning's configure_optimizers."""

import pytest
import torch
from torch.optim import lr_scheduler

from tests.parity.beside import assert_equal_weights, beside, make_script
from tests.parity.test_two_ranks import both

OPTIMIZER = {
    "name": "AdamW",
    "lr": 0.01,
    "weight_decay": 0.1,
    "groups": [
        {"match": ["bias", "norm"], "weight_decay": 0.0},
        {"match": "hidden.*", "lr": 0.001, "betas": [0.8, 0.99]},
    ],
}
OPTIONS = {"module": "model.py:Normed", "optimizer": OPTIMIZER, "max_epochs": 3}
GROUPS = [["out.weight"], ["hidden.bias", "out.bias", "norm.weight", "norm.bias"]]


def adamw(model):
    of = dict(model.named_parameters())
    rest, plain = ([of[name] for name in names] for names in GROUPS)
    return torch.optim.AdamW(
        [
            {"params": rest},
            {"params": plain, "weight_decay": 0.0},
            {"params": [of["hidden.weight"]], "lr": 0.001, "betas": (0.8, 0.99)},
        ],
        lr=0.01,
        weight_decay=0.1,
    )


def by_step(scheduler, **arguments):
    """adamw with a schedule by steps, in Lightning's form."""

    def configured(model):
        optimizer = adamw(model)
        schedule = {"scheduler": scheduler(optimizer, **arguments), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    return configured


@pytest.mark.parametrize(
    "flags",
    [{}, {"precision": "bf16-mixed", "accumulate_grad_batches": 4, "gradient_clip_val": 0.5}],
    ids=["plain", "mixed"],
)
def test_weights(tmp_path, flags):
    script = make_script(tmp_path, {**OPTIONS, **flags})
    trainer = beside(script, adamw, **flags)
    result = script.run()
    assert_equal_weights(result, trainer)
    without = {k: v for k, v in OPTIMIZER.items() if k != "groups"}
    plain = make_script(tmp_path / "plain", {**OPTIONS, **flags, "optimizer": without}).run()
    assert not torch.equal(plain.weights["hidden.weight"], result.weights["hidden.weight"])
    assert not torch.equal(plain.weights["out.bias"], result.weights["out.bias"])


def test_a_schedule_scales_each_group_and_logs_the_optimizers_own_rate(tmp_path):
    """The rates are those that torch's schedule gives the three groups."""
    schedule = {"name": "ExponentialLR", "gamma": 0.9, "interval": "step"}
    script = make_script(tmp_path, {**OPTIONS, "scheduler": schedule, "log_every_n_steps": 1})
    trainer = beside(script, by_step(lr_scheduler.ExponentialLR, gamma=0.9))
    result = script.run()
    assert_equal_weights(result, trainer)
    rates = [group["lr"] for group in trainer.optimizers[0].param_groups]
    groups = result.state["optimizer"]["param_groups"]
    assert [group["lr"] for group in groups] == rates
    assert result.values("lr")[:2] == pytest.approx([0.01, 0.009])


def test_a_cycle_with_a_rate_for_each_group(tmp_path):
    """OneCycleLR sets the rates: max_lr lists that of the optimizer and of each group."""
    most = [0.1, 0.02, 0.01]
    plain = [{k: v for k, v in g.items() if k not in ("lr", "betas")} for g in OPTIMIZER["groups"]]
    plain[1]["eps"] = 1e-6
    options = {
        **OPTIONS,
        "optimizer": {"name": "AdamW", "weight_decay": 0.1, "groups": plain},
        "scheduler": {"name": "OneCycleLR", "max_lr": most, "interval": "step"},
    }
    script = make_script(tmp_path, options)

    def configured(model):
        own = adamw(model).param_groups
        groups = [{"params": group["params"]} for group in own]
        groups[1]["weight_decay"], groups[2]["eps"] = 0.0, 1e-6
        optimizer = torch.optim.AdamW(groups, weight_decay=0.1)
        scheduler = lr_scheduler.OneCycleLR(optimizer, most, total_steps=33)
        schedule = {"scheduler": scheduler, "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    trainer = beside(script, configured)
    result = script.run()
    assert_equal_weights(result, trainer)


def by_layer(model):
    """Half the rate for each layer before the last, and no decay of biases and norms."""
    of = dict(model.named_parameters())
    groups = []
    for rate, layer in ((0.01, "out"), (0.005, "hidden"), (0.0025, "norm")):
        for decay, kinds in ((0.1, "weight"), (0.0, "bias")):
            if layer == "norm":
                decay = 0.0
            groups.append({"params": [of[f"{layer}.{kinds}"]], "lr": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups)


@pytest.mark.parametrize("strategy", ["single", "ddp"])
def test_a_rate_that_falls_from_layer_to_layer(tmp_path, strategy):
    optimizer = {
        "name": "AdamW",
        "lr": 0.01,
        "weight_decay": 0.1,
        "groups": [{"match": ["bias", "norm"], "weight_decay": 0.0}],
        "layer_decay": {"factor": 0.5, "layers": ["norm", "hidden", "out"]},
    }
    options = {**OPTIONS, "optimizer": optimizer}
    if strategy == "ddp":
        result, _, ((weights, _, _), _) = both(tmp_path, options, by_layer)
        assert weights.keys() == result.weights.keys()
        for name, weight in weights.items():
            assert torch.equal(torch.from_numpy(weight), result.weights[name]), name
        return
    script = make_script(tmp_path, options)
    assert_equal_weights(script.run(), beside(script, by_layer))


def test_a_resumed_run_takes_another_factor(tmp_path):
    """A new factor and a new rate change what the schedule of every layer starts from."""
    decay = {"factor": 0.5, "layers": ["norm", "hidden", "out"]}
    options = {
        **OPTIONS,
        "optimizer": {"name": "SGD", "lr": 0.01, "layer_decay": decay},
        "scheduler": {"name": "StepLR", "step_size": 1, "gamma": 0.1},
    }
    script = make_script(tmp_path, {**options, "max_epochs": 1})
    script.run()
    result = script.run(resume="last", max_epochs=2, lr=0.1, layer_decay=0.2)
    rates = [group["lr"] for group in result.state["optimizer"]["param_groups"]]
    assert rates == pytest.approx([1e-3, 2e-4, 4e-5])


def test_two_ranks(tmp_path):
    result, _, theirs = both(tmp_path, OPTIONS, adamw)
    for weights, _, _ in theirs:
        for name, weight in weights.items():
            # each rank's statistics are its own in Lightning, and rank 0's in the script
            if "norm.running" not in name:
                assert torch.equal(torch.from_numpy(weight), result.weights[name]), name


def test_a_new_rate_on_resume_leaves_groups_with_one_of_their_own(tmp_path):
    """--lr 3e-4 is for the optimizer's own parameters and the group that has no lr."""
    script = make_script(tmp_path, {**OPTIONS, "max_epochs": 1})
    script.run()
    result = script.run(resume="last", max_epochs=2, lr=3e-4)
    groups = result.state["optimizer"]["param_groups"]
    assert [group["lr"] for group in groups] == [3e-4, 3e-4, 0.001]
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0, 0.1]
