"""Two gloo ranks on the CPU: the script under ddp beside Lightning's DDP strategy.

Exact: the sum of two gradients does not depend on its order.
"""

import pytest
import torch

from tests.parity.beside import Script, last_result, make_script
from tests.parity.ranks import on_two_ranks, run_lightning, run_script
from tests.parity.test_loop import TOY, numbers, sgd
from tests.parity.test_weights import ADAM, adam

TWO_RANKS = {"strategy": "ddp", "devices": 2}


def both(tmp_path, options, optimizers, **flags):
    """The script's result, its samples by rank, and what Lightning gives on each rank."""
    folder = make_script(tmp_path, {**options, **TWO_RANKS}).folder
    samples = on_two_ranks(run_script, folder, options)
    theirs = on_two_ranks(run_lightning, folder, options, optimizers, flags)
    return last_result(folder), samples, theirs


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"accumulate_grad_batches": 4, "gradient_clip_val": 0.5},
        {"precision": "bf16-mixed", "accumulate_grad_batches": 2},
    ],
    ids=str,
)
def test_adam_dropout_shuffling_and_validation(tmp_path, flags):
    """42 samples for each rank are 6 batches. Each rank has a dropout of its own, on both sides."""
    options = {"optimizer": {"name": "Adam", **ADAM}, "max_epochs": 2, **flags}
    result, _, theirs = both(tmp_path, options, adam, **flags)
    for weights, _, _ in theirs:
        for name, weight in weights.items():
            assert torch.equal(torch.from_numpy(weight), result.weights[name]), name


def test_order_of_samples_and_exact_evaluation(tmp_path):
    """The order is DistributedSampler's, and the mean over 1..5 is 3.0.

    Lightning shuffles by itself here. Its evaluation pads the 5 samples to 6 and gives 2.667.
    """
    options = {**TOY, "data": numbers(7, 5), "batch_size": 2, "shuffle": True, "max_epochs": 2}
    result, samples, theirs = both(tmp_path, options, sgd, own_order=True)
    ours, others = samples
    assert ours == theirs[0][2] == [5, 6, 3, 2, 1, 2, 6, 5]
    assert others == theirs[1][2] == [1, 4, 7, 5, 7, 4, 3, 1]
    assert float(theirs[0][0]["w"]) == result.weights["w"].item() == pytest.approx(-0.55)
    assert result.values("val_x") == [3.0, 3.0]
    assert theirs[0][1]["val_x"] == pytest.approx(2.667, abs=1e-3)


def test_data_that_are_not_shuffled_stay_so(tmp_path):
    """Every second sample, in their order. Lightning shuffles what its loader does not."""
    options = {**TOY, "data": numbers(8), "batch_size": 2, "max_epochs": 2}
    _, samples, theirs = both(tmp_path, options, sgd, own_order=True)
    assert samples == [[1, 3, 5, 7] * 2, [2, 4, 6, 8] * 2]
    assert [seen for _, _, seen in theirs] != samples
    assert all(seen[:4] != seen[4:] for _, _, seen in theirs)


def test_both_ranks_evaluate_with_the_statistics_that_are_saved(tmp_path):
    """Those of rank 0, as in Lightning, whose weights they equal to the last bit.

    The loss is that of the saved model, of all rows in one process, within float32's rounding.
    """
    options = {"module": "model.py:Normed", "optimizer": {"name": "Adam", **ADAM}, "max_epochs": 1}
    result, _, ((weights, metrics, _), _) = both(tmp_path, options, adam)
    for name, weight in weights.items():
        assert torch.equal(torch.as_tensor(weight), result.weights[name]), name
    (loss,) = result.values("val_loss")
    assert loss == pytest.approx(metrics["val_loss"], rel=1e-5)
    assert loss == pytest.approx(loss_of(tmp_path, result.weights), rel=1e-5)


def loss_of(folder, weights):
    """The loss of all rows for validation."""
    script = Script(folder / "project", {})
    model = script.model.Normed()
    model.load_state_dict(weights)
    model.eval()
    with torch.no_grad():
        return float(model.validation_step(script.new_data().val_dataset().tensors)["loss"])
