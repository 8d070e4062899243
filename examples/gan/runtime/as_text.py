"""Metrics as a line of text."""

from collections.abc import Mapping


def as_text(metrics: Mapping[str, float]) -> str:
    """Return the metrics with four significant digits, in their order."""
    return "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
