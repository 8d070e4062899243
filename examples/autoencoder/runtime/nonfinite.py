"""Ends a run whose loss is no number any more."""

from runtime.training_metrics import TrainingMetrics


def stop_on_nonfinite_loss(train_metrics: TrainingMetrics) -> None:
    """End the program if a loss since the last call was NaN or infinite, naming the first step."""
    train_metrics.read()
    if train_metrics.nonfinite_step is not None:
        step = train_metrics.nonfinite_step
        raise SystemExit(f"the loss of step {step} is not finite; earlier checkpoints are kept")
