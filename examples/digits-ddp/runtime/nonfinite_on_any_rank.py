"""Ends a run whose loss is no number any more, on all processes together."""

from runtime.from_all_ranks import from_all_ranks
from runtime.training_metrics import TrainingMetrics


def stop_on_nonfinite_loss_of_any_rank(train_metrics: TrainingMetrics) -> None:
    """End the program if a loss on some rank was NaN or infinite, naming the first step.

    All ranks call it and end together: one that ended alone would leave the others waiting.
    """
    train_metrics.read()
    steps = from_all_ranks(train_metrics.nonfinite_step)
    found = [step for step in steps if step is not None]
    if found:
        raise SystemExit(
            f"the loss of step {min(found)} is not finite; earlier checkpoints are kept"
        )
