"""Where the script does better than Lightning: each test shows the answer of both."""

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from tests.parity.beside import beside, make_script
from tests.parity.test_loop import TOY, numbers, sgd
from tests.parity.test_weights import ADAM, adam
from tests.support.launch import launch


def test_validation_changes_no_dropout_and_no_order(tmp_path):
    """The weights are those of a run without validation.

    Lightning's are not where the loader of the validation is given no generator, as loaders
    mostly are: it draws its seed from the stream of the dropout.
    """
    options = {"optimizer": {"name": "Adam", **ADAM}}
    with_validation = make_script(tmp_path / "with", options)
    without = make_script(tmp_path / "without", {**options, "limit_val_batches": 0})
    ours, others = with_validation.run().weights, without.run().weights
    assert all(torch.equal(ours[name], others[name]) for name in ours)

    theirs = [
        beside(
            with_validation, adam, val_generator=False, limit_val_batches=limit
        ).lightning_module.model.hidden.weight
        for limit in (0, 1.0)
    ]
    assert not torch.equal(*theirs)


def test_random_samples_do_not_depend_on_the_number_of_workers(tmp_path):
    """The weights of two workers are those of one. Each of Lightning's has its own noise."""
    options = {"optimizer": {"name": "SGD", "lr": 0.1}, "module": "model.py:Masked"}
    options |= {"data": "data.py:JitteredRows", "max_epochs": 2, "limit_val_batches": 0}
    script = make_script(tmp_path, {**options, "num_workers": 1})
    theirs = [
        beside(
            script, sgd, own_order=True, own_workers=workers, limit_val_batches=0
        ).lightning_module.model.out.weight
        for workers in (1, 1, 2)
    ]
    assert torch.equal(*theirs[:2]) and not torch.equal(*theirs[1:])
    for workers in ("1", "2"):  # in a process of its own: a fork of this one can wait for ever
        assert launch(script.folder, "--num-workers", workers).done
    one, two = (
        torch.load(script.folder / f"runs/version_{n}/checkpoints/last.ckpt", weights_only=True)
        for n in (0, 1)
    )
    assert all(torch.equal(two["model"][name], one["model"][name]) for name in one["model"])


def test_a_net_in_evaluation_mode_is_trained_in_training_mode(tmp_path):
    """Dropout is at work. Lightning leaves the net in evaluation mode, so nothing is dropped."""
    options = {"optimizer": {"name": "Adam", **ADAM}, "module": "model.py:Unready"}
    script = make_script(tmp_path / "unready", options)
    ready = make_script(tmp_path / "ready", {**options, "module": "model.py:Net"})
    ours, wanted = script.run().weights, ready.run().weights
    assert all(torch.equal(ours[name], wanted[name]) for name in ours)
    theirs = beside(script, adam).lightning_module.model
    assert not theirs.dropout.training
    assert not torch.equal(theirs.hidden.weight, wanted["hidden.weight"])


def test_16_mixed_on_the_cpu_is_float16(tmp_path):
    """The forward pass has float16's resolution, 2**-10; Lightning's has bfloat16's, 2**-7."""
    script = make_script(
        tmp_path, {"precision": "16-mixed", "max_epochs": 1, "optimizer": {"name": "Adam", **ADAM}}
    )
    trainer = beside(script, adam, precision="16-mixed")
    assert float(trainer.callback_metrics["train_resolution_epoch"]) == 2**-7
    result = script.run()
    assert result.values("train_resolution_epoch") == [2**-10]
    assert result.state["scaler"]["scale"] > 1


def test_last_is_always_the_last(tmp_path):
    """last.ckpt is of step 9. Lightning's is of step 3, the last that was among the best."""
    options = {
        **TOY,
        "module": {"path": "model.py:Scripted", "args": {"scores": "1 2 3"}},
        "data": numbers(3),
        "max_epochs": 3,
        "checkpoint": {"monitor": "val_loss"},
    }
    script = make_script(tmp_path, options)
    theirs = ModelCheckpoint(tmp_path / "theirs", monitor="val_loss", save_last=True)
    beside(script, sgd, callbacks=[theirs], enable_checkpointing=True, num_sanity_val_steps=0)
    last = torch.load(tmp_path / "theirs" / "last.ckpt", weights_only=False)
    assert last["global_step"] == 3
    assert script.run().state["step"] == 9


def test_a_checkpoint_is_ranked_by_the_value_of_its_own_step(tmp_path):
    """Only the steps of a validation compete.

    Lightning, saving every 2 steps while it validates every 4, ranks step 6 by the value of
    step 4, and keeps it in the name.
    """
    options = {
        **TOY,
        "module": {"path": "model.py:Scripted", "args": {"scores": "2 1"}},
        "data": numbers(8),
        "max_epochs": 1,
        "val_check_interval": 4,
    }
    name = "{step}-{val_loss:.0f}"
    saving = {"monitor": "val_loss", "save_top_k": -1, "filename": name, "every_n_train_steps": 2}
    script = make_script(tmp_path, {**options, "checkpoint": saving})
    theirs = ModelCheckpoint(tmp_path / "theirs", **saving)
    flags = {"enable_checkpointing": True, "num_sanity_val_steps": 0, "val_check_interval": 4}
    beside(script, sgd, callbacks=[theirs], **flags)
    assert "step=6-val_loss=2.ckpt" in {path.name for path in tmp_path.glob("theirs/*")}
    assert script.run().files == ["step=4-val_loss=2.ckpt", "step=8-val_loss=1.ckpt"]


def test_scheduler_frequency_counts_over_the_run(tmp_path):
    """Of 8 steps, frequency 5 steps once. Lightning's count restarts in every epoch of 4: never."""
    scheduler = {"name": "StepLR", "step_size": 1, "gamma": 0.5, "interval": "step", "frequency": 5}
    script = make_script(
        tmp_path, {**TOY, "data": numbers(4), "max_epochs": 2, "scheduler": scheduler}
    )

    def optimizers(model):
        optimizer = sgd(model)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        config = {"scheduler": schedule, "interval": "step", "frequency": 5}
        return {"optimizer": optimizer, "lr_scheduler": config}

    trainer = beside(script, optimizers)
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.1
    assert script.run().state["optimizer"]["param_groups"][0]["lr"] == 0.05


def test_the_plateau_scheduler_judges_no_value_twice(tmp_path):
    """Validations 1, 1 in epochs 2 and 4, patience 1: the rate stays.

    Lightning judges the value of epoch 2 again in epoch 3, so it has waited twice after epoch 4
    and lowers the rate.
    """
    scheduler = {"name": "ReduceLROnPlateau", "monitor": "val_loss", "patience": 1, "factor": 0.5}
    options = {
        **TOY,
        "module": {"path": "model.py:Scripted", "args": {"scores": "1 1"}},
        "data": numbers(3),
        "max_epochs": 4,
        "check_val_every_n_epoch": 2,
        "scheduler": scheduler,
    }
    script = make_script(tmp_path, options)

    def optimizers(model):
        optimizer = sgd(model)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.5)
        config = {"scheduler": schedule, "monitor": "val_loss", "strict": False}
        return {"optimizer": optimizer, "lr_scheduler": config}

    flags = {"check_val_every_n_epoch": 2, "num_sanity_val_steps": 0}
    trainer = beside(script, optimizers, **flags)
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.05
    assert script.run().state["optimizer"]["param_groups"][0]["lr"] == 0.1


def test_a_partial_window_may_be_divided_by_what_it_holds(tmp_path):
    """x = 1..5 in windows of 2: the last step is that of 5 alone. Lightning halves it."""
    windows = {"accumulate_grad_batches": 2, "max_epochs": 1}
    options = {**TOY, "data": numbers(5), **windows}
    actual = make_script(tmp_path / "actual", {**options, "partial_window": "actual"})
    theirs = beside(actual, sgd, accumulate_grad_batches=2).lightning_module.model.w
    assert float(theirs) == pytest.approx(0.25)
    assert float(actual.run().weights["w"]) == pytest.approx(0.0, abs=1e-7)
    full = make_script(tmp_path / "full", options).run()
    assert torch.equal(full.weights["w"], theirs)
