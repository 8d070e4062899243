"""Leaves a step that is skipped out of the means."""

from runtime.training_metrics import TrainingMetrics


def leave_out(train_metrics: TrainingMetrics, step: int) -> None:
    """Forget what the newest step appended."""
    batches = train_metrics.batches
    while batches and batches[-1][2] == step:
        batches.pop()
