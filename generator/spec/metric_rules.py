"""What metric objects of torchmetrics in the module do not go with."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.spec.options import Spec
from lgen.spec.predicates import needs_closure
from lgen.spec.rule import CodeRule, Finding
from lgen.user_code.classes import UserClass

METRIC_RULES = (
    CodeRule("metrics-closure", ("optimizer.name",), "LBFGS runs training_step several times"),
    CodeRule("metrics-compile", ("compile",), "torch compiles no metric object"),
    CodeRule("metrics-sync", ("strategy",), "metric objects add over processes in compute()"),
)


def metric_findings(spec: Spec, module: UserClass) -> Iterator[Finding]:
    """The options that the module's metric objects stand in the way of."""
    if needs_closure(spec) and module.metrics.in_training_step:
        yield Finding(
            "metrics-closure",
            ("optimizer.name", "optimizer"),
            "LBFGS evaluates its batch several times in a step, and the metric objects that "
            "training_step uses would count it as often; return the metric in the step's dict, "
            "or choose another optimizer",
        )
    compiled = spec.compile is not None and spec.compile.target == "step"
    if compiled and module.metrics.in_training_step:
        yield Finding(
            "metrics-compile",
            ("compile",),
            "torch cannot compile the metric objects that training_step uses; set compile: true, "
            "which compiles the model's forward",
        )
    if spec.strategy != "single" and module.metrics.sync_on_step:
        yield Finding(
            "metrics-sync",
            ("strategy",),
            "dist_sync_on_step waits for all processes in every batch, and an evaluation deals "
            "them unequally many; remove it: compute() adds over the processes",
        )
