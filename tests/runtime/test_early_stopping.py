import math
import random

import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping as Lightnings

from runtime.early_stopping import EarlyStopping


def test_same_decisions_as_lightning():
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    stopped = 0
    for _ in range(500):
        options = {
            "mode": draw.choice(["min", "max"]),
            "patience": draw.choice([0, 1, 2, 5]),
            "min_delta": draw.choice([0.0, 0.25, 1.0]),
            "check_finite": draw.choice([True, False]),
            "stopping_threshold": draw.choice([None, -2.0, 2.0]),
            "divergence_threshold": draw.choice([None, -3.0, 3.0]),
        }
        ours, theirs = EarlyStopping("val_loss", **options), Lightnings("val_loss", **options)
        for _ in range(12):
            value = draw.choice([draw.randint(-16, 16) / 4] * 20 + [math.nan, math.inf, -math.inf])
            ours.update({"val_loss": value})
            stop, _ = theirs._evaluate_stopping_criteria(torch.tensor(value))
            assert ours.should_stop == bool(stop), (options, value)
            assert ours.wait == theirs.wait_count
            assert ours.best == theirs.best_score.item() or math.isnan(ours.best)
            if draw.random() < 0.3:
                state = ours.state_dict()
                ours = EarlyStopping("val_loss", **options)
                ours.load_state_dict(state)
            if stop:
                stopped += 1
                break
    assert stopped > 100


def test_a_stop_request_stands():
    stopping = EarlyStopping("val_loss", patience=1)
    for value in (1.0, 2.0, 0.5):
        stopping.update({"val_loss": value})
    assert stopping.should_stop
    assert stopping.reason == "val_loss has not improved in 1 validations"


@pytest.mark.parametrize("values, more", [((1.0, 2.0, 2.0), True), ((1.0, 2.0, math.nan), False)])
def test_more_patience_revives_a_run_that_ran_out_of_it(values, more):
    stopped = EarlyStopping("val_loss", patience=2)
    for value in values:
        stopped.update({"val_loss": value})
    assert stopped.should_stop
    for patience in (2, 3):
        again = EarlyStopping("val_loss", patience=patience)
        again.load_state_dict(stopped.state_dict())
        assert again.should_stop is not (more and patience == 3)
        assert bool(again.reason) is again.should_stop
    again.update({"val_loss": 2.0})
    assert again.should_stop


def test_missing_metric_is_a_clear_error():
    with pytest.raises(SystemExit, match="val_los was not measured; there are: val_loss, val_acc"):
        EarlyStopping("val_los").update({"val_loss": 1.0, "val_acc": 0.5})


def test_more_patience_counts_what_came_after_the_request():
    """Patience ran out while min_epochs held the end back, and then the metric improved."""
    stopped = EarlyStopping("val_loss", patience=2)
    for value in (1.0, 2.0, 2.0, 0.5):
        stopped.update({"val_loss": value})
    assert stopped.should_stop
    again = EarlyStopping("val_loss", patience=3)
    again.load_state_dict(stopped.state_dict())
    assert not again.should_stop
    assert again.reason == ""
