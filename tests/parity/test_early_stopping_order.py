"""Early stopping: which of its tests decides, and a run without it."""

import pytest
from lightning.pytorch.callbacks import EarlyStopping

from tests.parity.beside import assert_equal_weights, beside, make_script
from tests.parity.test_loop import TOY, numbers, sgd


def both(tmp_path, scores, arguments, **flags):
    """The script's result, Lightning's trainer and its callback, after so many scored epochs."""
    module = {"path": "model.py:Scripted", "args": {"scores": scores}}
    options = {**TOY, "module": module, "data": numbers(4), **flags}
    options.setdefault("max_epochs", len(scores.split()))
    if arguments is not None:
        options |= {"early_stopping": {"monitor": "val_loss", **arguments}}
    script = make_script(tmp_path, options)
    theirs = EarlyStopping("val_loss", **(arguments or {}))
    callbacks = [] if arguments is None else [theirs]
    trainer = beside(script, sgd, callbacks=callbacks, num_sanity_val_steps=0, **flags)
    return script.run(), trainer, theirs


NEAR, FAR = 1.0, 5.0
# what the script says for Lightning's name of a reason
SAID = {
    "not_stopped": "",
    "non_finite_metric": "val_loss is ",
    "stopping_threshold": " is better than ",
    "divergence_threshold": " is worse than ",
    "patience_exhausted": " has not improved in ",
}
BOUNDS = {"stopping_threshold": NEAR, "divergence_threshold": FAR, "patience": 1}


@pytest.mark.parametrize(
    "scores, arguments, epochs, reason",
    [
        ("2 nan 1", {**BOUNDS, "mode": "min"}, 2, "non_finite_metric"),
        ("2 inf 1", {**BOUNDS, "mode": "min"}, 2, "non_finite_metric"),
        ("2 inf 3 4", {**BOUNDS, "mode": "min", "check_finite": False}, 2, "divergence_threshold"),
        ("2 -inf 3", {**BOUNDS, "mode": "min", "check_finite": False}, 2, "stopping_threshold"),
        ("2 0.5 9", {**BOUNDS, "mode": "min"}, 2, "stopping_threshold"),
        ("2 1 1 1", {**BOUNDS, "mode": "min"}, 3, "patience_exhausted"),
        ("2 9 1", {**BOUNDS, "mode": "min", "patience": 0}, 2, "divergence_threshold"),
        ("2 5 1", {**BOUNDS, "mode": "min"}, 2, "patience_exhausted"),
        ("2 6 7", {**BOUNDS, "mode": "max", "divergence_threshold": 0.0}, 1, "stopping_threshold"),
        ("0.5 0.4 9", {"mode": "max", "stopping_threshold": 8.0}, 3, "stopping_threshold"),
        ("3 2.9 2.8 2.7", {"min_delta": 0.1, "patience": 2}, 4, "not_stopped"),
        ("3 2.5 2.6 2.7", {"min_delta": 0.5, "patience": 3}, 4, "patience_exhausted"),
        ("nan nan 2", {"check_finite": False, "patience": 2}, 2, "patience_exhausted"),
    ],
)
def test_the_first_test_that_holds_decides(tmp_path, scores, arguments, epochs, reason):
    """Non-finite, stopping_threshold, divergence_threshold, improvement, and then the waiting."""
    result, trainer, theirs = both(tmp_path, scores, arguments)
    assert result.state["step"] == trainer.global_step == 4 * epochs
    state = result.state["early_stopping"]
    assert theirs.stopping_reason.name.lower() == reason
    assert bool(state["should_stop"]) == (reason != "not_stopped")
    assert SAID[reason] in state["reason"]
    assert (state["wait"], state["best"]) == (theirs.wait_count, float(theirs.best_score))


def test_validations_are_counted_and_not_epochs(tmp_path):
    """With two in each epoch, the fifth is in the middle of the third."""
    result, trainer, _ = both(
        tmp_path, "1 2 2 2 2 2", {"patience": 4}, val_check_interval=2, max_epochs=3
    )
    assert result.state["step"] == trainer.global_step == 10


def test_without_it_a_run_gets_to_its_end(tmp_path):
    """Scores that would have ended it, and those that are no numbers, end nothing."""
    result, trainer, _ = both(tmp_path, "1 2 3 nan 5 6 7 8", None)
    assert result.state["step"] == trainer.global_step == 32
    assert_equal_weights(result, trainer)
