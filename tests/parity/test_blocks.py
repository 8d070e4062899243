"""Several optimizers: the script beside Lightning's manual optimization, which is by hand.

Exact: both do the same float operations in the same order; the sum of two gradients does not
depend on its order.
"""

from functools import partial

import pytest
import torch
from lightning.pytorch.callbacks import Callback
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tests.parity.beside import Wrapped, assert_equal_weights, beside, last_result, make_script
from tests.parity.ranks import on_two_ranks, run_lightning, run_script

ADAM = {"name": "Adam", "lr": 0.01, "betas": [0.5, 0.999]}
SGD = {"name": "SGD", "lr": 0.1, "momentum": 0.9}
STEPS = 44  # 4 epochs of 11 batches


def options(discriminator, generator, **more):
    """The spec of two blocks."""
    blocks = {
        "discriminator": {"optimizer": ADAM, **discriminator},
        "generator": {"optimizer": SGD, **generator},
    }
    return {"module": "model.py:Pair", "optimizer": None, "optimizers": blocks, **more}


class Manual(Wrapped):
    """The two blocks by manual optimization, as Lightning documents it for GANs."""

    def __init__(self, blocks, model, configured):
        super().__init__(model, configured)
        self.automatic_optimization = False
        self.blocks = blocks
        self.batches = 0

    def configure_optimizers(self):
        optimizers, schedulers = [], []
        for name, block in self.blocks.items():
            args = {key: value for key, value in block["optimizer"].items() if key != "name"}
            kind = getattr(torch.optim, block["optimizer"]["name"])
            optimizers.append(kind(getattr(self.model, name).parameters(), **args))
            if "scheduler" in block:
                args = {
                    k: v for k, v in block["scheduler"].items() if k not in ("name", "interval")
                }
                kind = getattr(lr_scheduler, block["scheduler"]["name"])
                schedulers.append(kind(optimizers[-1], **args))
        return optimizers, schedulers

    def schedulers(self, interval):
        """The schedulers of an interval, by block."""
        found = self.lr_schedulers() or []
        found = found if isinstance(found, list) else [found]
        names = [name for name, block in self.blocks.items() if "scheduler" in block]
        of_blocks = dict(zip(names, found, strict=True))
        return {
            name: scheduler
            for name, scheduler in of_blocks.items()
            if self.blocks[name]["scheduler"].get("interval", "epoch") == interval
        }

    def training_step(self, batch, batch_idx):
        self.batches += 1
        # Lightning turns it off: a weight that is used twice then has two roundings
        torch.set_autocast_cache_enabled(True)
        for (name, block), optimizer in zip(self.blocks.items(), self.optimizers(), strict=True):
            every, window = block.get("every_n_steps", 1), block.get("accumulate_grad_batches", 1)
            if self.batches % every:
                continue
            self.toggle_optimizer(optimizer)
            outputs = getattr(self.model, f"{name}_step")(batch)
            loss = outputs["loss"] if isinstance(outputs, dict) else outputs
            self.manual_backward(loss / window)
            if self.batches % (every * window) == 0:
                self.clip_gradients(
                    optimizer, block.get("gradient_clip_val"), block.get("gradient_clip_algorithm")
                )
                optimizer.step()
                optimizer.zero_grad()
                if name in self.schedulers("step"):
                    self.schedulers("step")[name].step()
            self.untoggle_optimizer(optimizer)

    def on_validation_model_zero_grad(self):
        pass  # a window may go on in the next epoch

    def on_train_epoch_end(self):
        for scheduler in self.schedulers("epoch").values():
            scheduler.step()


def manual(blocks):
    """What makes the LightningModule of these blocks."""
    return partial(Manual, blocks)


@pytest.mark.parametrize(
    ("discriminator", "generator", "more"),
    [
        ({}, {}, {}),
        (
            {"gradient_clip_val": 0.05},
            {"gradient_clip_val": 0.001, "gradient_clip_algorithm": "value"},
            {},
        ),
        ({}, {"every_n_steps": 3}, {}),
        ({}, {"accumulate_grad_batches": 4}, {}),
        (
            {"accumulate_grad_batches": 3},
            {"accumulate_grad_batches": 2, "every_n_steps": 2, "gradient_clip_val": 0.01},
            {},
        ),
        ({}, {}, {"precision": "64-true"}),
        ({}, {"gradient_clip_val": 0.1}, {"precision": "bf16-mixed"}),
        ({"every_n_steps": 2}, {}, {"max_steps": 17, "val_check_interval": 0.3}),
    ],
    ids=str,
)
def test_two_blocks(tmp_path, discriminator, generator, more):
    """Each trains its own part. A training step is one step here and two of Lightning's."""
    given = options(discriminator, generator, **more)
    script = make_script(tmp_path, given)
    # Lightning would count a step of each optimizer
    flags = {**more, "limit_train_batches": 1.0}
    if "max_steps" in more:
        flags |= {"max_steps": -1, "max_epochs": 2, "callbacks": [StopAfter(more["max_steps"])]}
    trainer = beside(script, None, wrapped=manual(given["optimizers"]), **flags)
    result = script.run()
    assert_equal_weights(result, trainer)
    for name, optimizer in zip(given["optimizers"], trainer.optimizers, strict=True):
        theirs = optimizer.state_dict()["state"]
        mine = result.state[f"{name}_optimizer"]["state"]
        assert mine.keys() == theirs.keys() and mine
        for index, state in mine.items():
            assert all(torch.equal(value, theirs[index][key]) for key, value in state.items())


class StopAfter(Callback):
    """Ends training after so many batches."""

    def __init__(self, batches):
        self.batches = batches

    def on_train_batch_end(self, trainer, *_):
        self.batches -= 1
        trainer.should_stop = self.batches == 0


def test_a_training_step_is_one_step(tmp_path):
    """Lightning counts the steps of both optimizers, 88 of 44 batches (PL #17958)."""
    given = options({}, {}, log_every_n_steps=4, max_steps=30)
    script = make_script(tmp_path, given)
    trainer = beside(script, None, wrapped=manual(given["optimizers"]))
    assert trainer.global_step == 2 * STEPS
    result = script.run()
    assert result.state["step"] == 30
    rows = result.steps("train_generator_loss")
    assert rows == [4, 8, 12, 16, 20, 24, 28] == result.steps("train_discriminator_real")


def test_schedules_of_their_own(tmp_path):
    """One steps by epoch, the other with every second batch, when its optimizer steps."""
    given = options(
        {"scheduler": {"name": "StepLR", "step_size": 2}},
        {"every_n_steps": 2, "scheduler": {"name": "CosineAnnealingLR", "interval": "step"}},
        log_every_n_steps=1,
    )
    script = make_script(tmp_path, given)
    blocks = {**given["optimizers"]}
    blocks["generator"] = {
        **blocks["generator"],
        # the length that the script takes from its own
        "scheduler": {"name": "CosineAnnealingLR", "T_max": STEPS // 2, "interval": "step"},
    }
    trainer = beside(script, None, wrapped=manual(blocks))
    result = script.run()
    assert_equal_weights(result, trainer)
    rates = result.values("discriminator_lr")
    assert rates == [0.01] * 22 + [pytest.approx(0.001)] * 22
    rates = result.values("generator_lr")
    # the first of its steps is the second of the run
    assert rates[:3] == [0.1, 0.1, rates[3]] and rates[3] < 0.1 and rates[-1] < 0.001


def test_part_of_two_blocks(tmp_path):
    """A part may be trained by several blocks in turn, each with an optimizer of its own."""
    given = options({"parameters": ["discriminator", "encoder"]}, {})
    given["optimizers"]["generator"]["parameters"] = ["generator", "encoder"]
    given["module"] = "model.py:Encoded"

    class Both(Manual):
        def configure_optimizers(self):
            model = self.model
            return [
                torch.optim.Adam(
                    [*model.discriminator.parameters(), *model.encoder.parameters()],
                    lr=0.01,
                    betas=(0.5, 0.999),
                ),
                torch.optim.SGD(
                    [*model.generator.parameters(), *model.encoder.parameters()],
                    lr=0.1,
                    momentum=0.9,
                ),
            ]

    script = make_script(tmp_path, given)
    trainer = beside(script, None, wrapped=partial(Both, given["optimizers"]))
    result = script.run()
    # the order of the parameters is the module's here
    weights = trainer.lightning_module.model.state_dict()
    for name, weight in result.weights.items():
        assert torch.equal(weight, weights[name]), name


@pytest.mark.parametrize("waiting", ["discriminator", "generator"])
def test_tied_weights_of_two_blocks(tmp_path, waiting):
    """They are trained by both in turn, but where one accumulates, the other would clear it."""
    given = options({}, {}, module="model.py:Tied")
    weights = make_script(tmp_path / "steps", given).run(max_steps=2).weights
    assert torch.equal(weights["generator.0.bias"], weights["discriminator.0.bias"])
    given["optimizers"][waiting]["accumulate_grad_batches"] = 2
    with pytest.raises(SystemExit) as error:
        make_script(tmp_path / "waits", given).run_rank()
    assert str(error.value) == (
        "the blocks discriminator and generator have a parameter in common (generator.0.bias = "
        "discriminator.0.bias): gradients that one of them accumulates would be cleared by the "
        "other; untie it, or remove accumulate_grad_batches"
    )


def test_average_of_the_whole_module(tmp_path):
    """ema averages all parts after each training step: torch's class, fed by Lightning's run."""
    given = options({}, {"every_n_steps": 2}, ema={"decay": 0.9})
    script = make_script(tmp_path, given)

    class Average(Callback):
        def on_train_batch_end(self, trainer, pl_module, *_):
            self.averaged.update_parameters(pl_module.model)

        def on_fit_start(self, trainer, pl_module):
            average = get_ema_multi_avg_fn(0.9)
            self.averaged = AveragedModel(pl_module.model, multi_avg_fn=average, use_buffers=True)

    average = Average()
    beside(script, None, wrapped=manual(given["optimizers"]), callbacks=[average])
    result = script.run()
    for name, weight in average.averaged.module.state_dict().items():
        assert torch.equal(weight, result.weights[name]), name


@pytest.mark.parametrize(
    ("discriminator", "generator"),
    [
        ({}, {}),
        ({"gradient_clip_val": 0.05}, {"every_n_steps": 2, "accumulate_grad_batches": 2}),
    ],
    ids=str,
)
def test_two_ranks(tmp_path, discriminator, generator):
    """Under ddp, each block with a wrapper of its own; Lightning looks for unused parameters."""
    given = options(discriminator, generator, strategy="ddp", devices=2, max_epochs=2)
    folder = make_script(tmp_path, given).folder
    on_two_ranks(run_script, folder, given)
    flags = {"wrapped": manual(given["optimizers"]), "find_unused_parameters": True}
    theirs = on_two_ranks(run_lightning, folder, given, None, flags)
    result = last_result(folder)
    for weights, _, _ in theirs:
        for name, weight in weights.items():
            assert torch.equal(torch.from_numpy(weight), result.weights[name]), name


def test_two_ranks_follow_one_process(tmp_path):
    """50 steps of the same global batches: the losses differ by rounding alone, 5e-6 at most."""
    given = options(
        {"gradient_clip_val": 1.0},
        {"every_n_steps": 2},
        module="model.py:Quiet",
        max_steps=50,
        max_epochs=10,
        log_every_n_steps=1,
        drop_last=True,
    )
    single = make_script(tmp_path / "single", {**given, "batch_size": 16}).run()
    ranks = {**given, "strategy": "ddp", "devices": 2}
    folder = make_script(tmp_path / "ddp", ranks).folder
    on_two_ranks(run_script, folder, ranks)
    result = last_result(folder)
    for column in ("train_discriminator_loss", "train_generator_loss"):
        assert len(single.values(column)) in (25, 50)
        assert result.values(column) == pytest.approx(single.values(column), rel=0, abs=5e-6)
