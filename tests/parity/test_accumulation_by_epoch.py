"""Windows whose size changes from epoch to epoch: those of Lightning's scheduler, bit for bit.

An epoch has 11 batches, on two ranks 6, so that its last window is short.
"""

import pytest
import torch
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from torch.optim import lr_scheduler

from tests.parity.beside import assert_equal_weights, beside, make_script
from tests.parity.test_loop import Validations
from tests.parity.test_two_ranks import both
from tests.parity.test_weights import ADAM, adam

OPTIONS = {"optimizer": {"name": "Adam", **ADAM}, "num_sanity_val_steps": 0}


@pytest.mark.parametrize(
    "schedule", [{0: 1, 2: 4}, {1: 3, 3: 20}, {0: 4, 1: 1, 2: 2}, {0: 3}], ids=str
)
@pytest.mark.parametrize(
    "flags", [{}, {"gradient_clip_val": 0.5}, {"precision": "bf16-mixed"}], ids=str
)
def test_weights(tmp_path, schedule, flags):
    """Exact; a number that is no epoch's stands for those before it, and 1 before the first."""
    script = make_script(tmp_path, {**OPTIONS, "accumulate_grad_batches": schedule, **flags})
    accumulation = GradientAccumulationScheduler(dict(schedule))
    trainer = beside(script, adam, callbacks=[accumulation], **flags)
    result = script.run()
    assert_equal_weights(result, trainer)
    assert result.state["step"] == trainer.global_step


def test_rates_over_the_steps_of_the_whole_run(tmp_path):
    """Exact: 11, 4 and 2 times 1 steps are 17, which a cosine of the step is as long as."""
    schedule = {1: 3, 2: 20}
    script = make_script(
        tmp_path,
        {
            **OPTIONS,
            "accumulate_grad_batches": schedule,
            "scheduler": {"name": "CosineAnnealingLR", "interval": "step"},
        },
    )

    def optimizers(model):
        optimizer = adam(model)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=17)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}

    trainer = beside(script, optimizers, callbacks=[GradientAccumulationScheduler(dict(schedule))])
    result = script.run()
    assert result.state["step"] == trainer.global_step == 17
    assert_equal_weights(result, trainer)


def test_validations_within_epochs(tmp_path):
    """Where the interval is a multiple of each window, both validate at the same steps."""
    schedule, interval = {0: 1, 1: 4, 2: 2}, 4
    script = make_script(
        tmp_path,
        {**OPTIONS, "accumulate_grad_batches": schedule, "val_check_interval": interval},
    )
    validations = Validations()
    trainer = beside(
        script,
        adam,
        callbacks=[GradientAccumulationScheduler(dict(schedule)), validations],
        val_check_interval=interval,
        num_sanity_val_steps=0,
    )
    result = script.run()
    assert result.steps("val_loss") == validations.steps
    assert_equal_weights(result, trainer)


def test_two_ranks(tmp_path):
    """Exact: in a short window the gradients are summed once too."""
    schedule = {0: 1, 1: 4}
    options = {**OPTIONS, "max_epochs": 3, "accumulate_grad_batches": schedule}
    accumulation = GradientAccumulationScheduler(dict(schedule))
    result, _, theirs = both(tmp_path, options, adam, callbacks=[accumulation])
    for weights, _, _ in theirs:
        for name, weight in weights.items():
            assert torch.equal(torch.from_numpy(weight), result.weights[name]), name


@pytest.mark.parametrize("done", [5, 11, 13])
def test_a_later_part_changed_for_a_resumed_run(tmp_path, done):
    """The epoch that is gone on with keeps its windows, and a later one has those of now."""
    script = make_script(tmp_path, {**OPTIONS, "accumulate_grad_batches": {1: 3}})
    script.run(max_steps=done)
    schedule = ((0, 1), (1, 3), (2, 6))
    resumed = script.run(resume="last", max_steps=-1, accumulation_schedule=schedule)
    straight = make_script(
        tmp_path / "straight", {**OPTIONS, "accumulate_grad_batches": dict(schedule)}
    ).run()
    assert resumed.state["step"] == straight.state["step"]
    for name, weight in straight.weights.items():
        assert torch.equal(resumed.weights[name], weight), name
    with pytest.raises(SystemExit, match="run had 48 samples, this one would have 16 "):
        script.run_rank(resume="last", max_epochs=5, accumulation_schedule=((0, 2),))


def test_the_command_line_sets_it(tmp_path):
    """Epochs and numbers in turn; the default is what the spec says."""
    import tyro

    script = make_script(tmp_path, {**OPTIONS, "accumulate_grad_batches": {4: 8}})
    assert tyro.cli(script.train.Config, args=[]).accumulation_schedule == ((0, 1), (4, 8))
    given = tyro.cli(script.train.Config, args="--accumulation-schedule 0 2 3 4".split())
    assert given.accumulation_schedule == ((0, 2), (3, 4))
