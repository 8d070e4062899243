"""The value of a metric that is watched."""

from collections.abc import Mapping


def monitor_value(metrics: Mapping[str, float], monitor: str) -> float:
    """Return the metric of that name; ends the program, naming those there are, if it is none."""
    if monitor not in metrics:
        known = ", ".join(metrics) or "none at all"
        raise SystemExit(f"the metric {monitor} was not measured; there are: {known}")
    return metrics[monitor]
