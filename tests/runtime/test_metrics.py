import math
import random
import weakref

import pytest
import torch

from runtime.evaluation_metrics import EvaluationMetrics
from runtime.leave_out import leave_out
from runtime.nonfinite import stop_on_nonfinite_loss
from runtime.training_metrics import TrainingMetrics
from runtime.weighted_sums import MAX_PENDING, means
from tests.support.calls import count_calls


def test_epoch_mean_weighs_batches_by_their_samples():
    metrics = EvaluationMetrics()
    metrics.append({"loss": torch.tensor([1.0, 2.0]).mean()}, 2)
    metrics.append({"loss": torch.tensor(3.0)}, 1)
    assert means(metrics.sums(), "val_") == {"val_loss": 2.0}


def test_evaluation_longer_than_the_pending_list_is_summed_whole():
    metrics = EvaluationMetrics()
    for i in range(2500):
        metrics.append({"loss": torch.tensor(float(i))}, 1)
    assert metrics.sums() == {"loss": (2499 * 1250.0, 2500)}


def test_metrics_may_differ_in_type_and_come_and_go():
    metrics = EvaluationMetrics()
    metrics.append({"loss": torch.tensor(1.5, dtype=torch.bfloat16), "hit": torch.tensor(True)}, 2)
    metrics.append({"loss": torch.tensor(0.1, dtype=torch.float64), "n": 3}, 1)
    metrics.append({"loss": torch.tensor([2.0])}, 1)
    sums = metrics.sums()
    assert sums == {"loss": (3.0 + 0.1 + 2.0, 4), "hit": (2.0, 2), "n": (3.0, 1)}


def test_interval_and_epoch_sums_start_anew_each_on_their_own():
    metrics = TrainingMetrics()
    metrics.append({"loss": torch.tensor(1.0)}, 1, 1)
    assert metrics.interval_sums() == {"loss": (1.0, 1)}
    metrics.append({"loss": torch.tensor(2.0)}, 1, 2)
    assert metrics.epoch_sums() == {"loss": (3.0, 2)}
    assert metrics.epoch_sums() == {}
    assert metrics.interval_sums() == {"loss": (2.0, 1)}


def test_when_values_are_read_or_saved_changes_no_bit_of_any_sum():
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    batches = [
        (
            {"loss": torch.tensor(draw.lognormvariate(0, 5)), "acc": draw.random()},
            draw.randint(1, 9),
        )
        for _ in range(300)
    ]

    def run(save_probability):
        metrics, seen = TrainingMetrics(), []
        for step, (outputs, weight) in enumerate(batches, 1):
            metrics.append(outputs, weight, step)
            if draw.random() < save_probability:
                state = metrics.state_dict()
                metrics = TrainingMetrics()
                metrics.load_state_dict(state)
            if step % 70 == 0:
                seen.append(metrics.interval_sums())
        return seen, metrics.epoch_sums()

    assert run(0.0) == run(0.3) == run(1.0)


def test_saved_sums_are_not_changed_by_later_batches():
    metrics = TrainingMetrics()
    metrics.append({"loss": torch.tensor(1.0)}, 1, 1)
    state = metrics.state_dict()
    metrics.append({"loss": torch.tensor(2.0)}, 1, 2)
    metrics.interval_sums()
    assert state["epoch"] == {"loss": (1.0, 1)}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_first_step_with_a_nonfinite_loss_is_named(bad):
    metrics = TrainingMetrics()
    for step, loss in enumerate([1.0, bad, 1.0, bad], 4):
        metrics.append({"loss": torch.tensor(loss), "other": torch.tensor(bad)}, 1, step)
    metrics.interval_sums()
    with pytest.raises(SystemExit, match="step 5"):
        stop_on_nonfinite_loss(metrics)


def test_nonfinite_metrics_beside_a_finite_loss_stop_nothing():
    metrics = TrainingMetrics()
    metrics.append({"loss": torch.tensor(1.0), "auc": torch.tensor(float("nan"))}, 1, 1)
    stop_on_nonfinite_loss(metrics)
    assert metrics.nonfinite_step is None


@pytest.mark.parametrize("shape", [(), (1,)])
def test_outputs_keep_no_graph_alive(shape):
    loss = torch.ones(shape, requires_grad=True) * 2
    graph = weakref.ref(loss)
    metrics = TrainingMetrics()
    metrics.append({"loss": loss}, 1, 1)
    del loss
    assert graph() is None
    assert not getattr(metrics.batches[0][0]["loss"], "requires_grad", False)
    assert means(metrics.interval_sums(), "") == {"loss": 2.0}


def test_an_output_that_is_no_number_is_a_clear_error():
    metrics = TrainingMetrics()
    metrics.append({"loss": torch.tensor(1.0), "logits": torch.ones(3, 2)}, 1, 1)
    with pytest.raises(SystemExit, match=r"logits has the shape \(3, 2\)"):
        metrics.interval_sums()


def test_steps_that_changed_nothing_count_in_no_mean():
    """No batch of such a step counts, however many were appended before."""
    metrics = TrainingMetrics()
    for step, loss in [(1, 1.0), (1, 3.0), (2, 5.0), (2, math.nan), (3, 8.0)]:
        for _ in range(MAX_PENDING // 2 - 1):
            metrics.append({"loss": torch.tensor(loss), "acc": 0.5 * loss}, 1, step)
        if math.isnan(loss):
            leave_out(metrics, step)
    assert means(metrics.interval_sums(), "") == {"loss": 4.0, "acc": 2.0}
    assert means(metrics.epoch_sums(), "") == {"loss": 4.0, "acc": 2.0}


@pytest.mark.parametrize("value", ["high", None, torch.tensor(1j), [1.0, 2.0]])
def test_an_output_that_no_number_can_be_made_of_is_a_clear_error(value):
    metrics = TrainingMetrics()
    metrics.append({"loss": torch.tensor(1.0), "quality": value}, 1, 1)
    with pytest.raises(SystemExit, match="the step's output quality is .*, but must be one number"):
        metrics.interval_sums()


def test_mean_of_no_samples_is_no_number():
    assert means({"loss": (0.0, 0)}, "")["loss"] != means({"loss": (0.0, 0)}, "")["loss"]


def test_a_step_costs_few_calls_with_its_share_of_the_reading():
    metrics, loss = TrainingMetrics(), torch.tensor(1.0)
    assert count_calls(lambda: metrics.append({"loss": loss}, 8, 0)) <= 9
    costs = []
    for steps in (50, 150):
        for step in range(steps):
            metrics.append({"loss": loss}, 8, step)
        costs.append(count_calls(metrics.interval_sums))
    assert costs[1] - costs[0] <= 2 * 100  # a comparison of types
