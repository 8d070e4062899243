"""What the spec, the module and the data class need of one another."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.spec.block_metric_rules import BLOCK_METRIC_RULES, block_metric_findings
from lgen.spec.block_rules import BLOCK_CODE_RULES, block_findings
from lgen.spec.fault import nearest
from lgen.spec.finetuning_rules import FINETUNING_CODE_RULES, finetuning_findings
from lgen.spec.hook_rules import HOOK_RULES, hook_findings
from lgen.spec.iterable_rules import ITERABLE_RULES, iterable_findings
from lgen.spec.measured import measured
from lgen.spec.metric_rules import METRIC_RULES, metric_findings
from lgen.spec.names import COUNTERS, filename_metrics
from lgen.spec.options import Spec
from lgen.spec.predicates import monitors
from lgen.spec.rule import CodeRule, Finding
from lgen.spec.unused_by_code import UNUSED_BY_CODE, unused_findings
from lgen.user_code.classes import STEP_OF_STAGE, UserClass, UserData
from lgen.user_code.hooks import HOOKS, STEPS

_NEEDED = (
    CodeRule("one-optimizer", ("optimizer",), "optimizer or configure_optimizers, and just one"),
    CodeRule("one-scheduler", ("scheduler",), "a scheduler by name, or by configure_optimizers"),
    CodeRule("defines-known", ("defines",), "defines names steps and hooks"),
    CodeRule("wrap-known", ("fsdp.wrap",), "wrap names classes that the module's file has"),
    CodeRule("stage-halves", ("data",), "a step needs data, and data a step"),
    CodeRule("several-measured", ("data",), "several sets of data are told apart by metrics"),
    CodeRule("weight-returned", ("batch_weight",), "each step returns what its batch weighs"),
    CodeRule(
        "monitor-measured",
        ("checkpoint.monitor", "early_stopping.monitor", "scheduler.monitor"),
        "a monitor is measured by validation",
    ),
    CodeRule("filename-measured", ("checkpoint.filename",), "a file's name holds what is measured"),
    CodeRule(
        "validation-steps", ("scheduler.interval",), "a schedule of validations needs a validation"
    ),
)
CODE_RULES = (
    *_NEEDED,
    *BLOCK_CODE_RULES,
    *BLOCK_METRIC_RULES,
    *FINETUNING_CODE_RULES,
    *HOOK_RULES,
    *ITERABLE_RULES,
    *METRIC_RULES,
    *UNUSED_BY_CODE,
)


def code_findings(spec: Spec, module: UserClass, data: UserData) -> Iterator[Finding]:
    """Every fault between a spec and the user's classes."""
    yield from _optimizer(spec, module)
    yield from block_findings(spec, module, data)
    yield from block_metric_findings(spec, module)
    yield from finetuning_findings(spec, module)
    yield from _names(spec, module)
    yield from _stages(spec, module, data)
    yield from _weights(spec, module, data)
    yield from _monitors(spec, module, data)
    yield from _filename(spec, module, data)
    yield from iterable_findings(spec, data)
    yield from hook_findings(spec, module)
    yield from metric_findings(spec, module)
    yield from unused_findings(spec, module, data)


def _optimizer(spec: Spec, module: UserClass) -> Iterator[Finding]:
    """Exactly one of the spec and the module gives the optimizer, and one the scheduler."""
    if module.configures is None and spec.optimizer is None and not spec.optimizers:
        yield Finding(
            "one-optimizer",
            ("optimizer",),
            "there is no optimizer; write optimizer: {name: AdamW, lr: 1e-3}, or "
            "configure_optimizers in the module",
        )
    if module.configures is not None and spec.optimizer is not None:
        yield Finding(
            "one-optimizer",
            ("optimizer",),
            "the module has configure_optimizers; remove optimizer, or the method",
        )
    if spec.scheduler is None:
        return
    if module.configures == "optimizer and scheduler":
        if spec.scheduler.name or spec.scheduler.args or spec.scheduler.warmup_steps:
            yield Finding(
                "one-scheduler",
                ("scheduler",),
                "configure_optimizers returns a scheduler; scheduler takes interval and "
                "frequency",
            )
    elif spec.scheduler.name is None:
        yield Finding(
            "one-scheduler", ("scheduler",), "scheduler needs a name, such as CosineAnnealingLR"
        )


def _names(spec: Spec, module: UserClass) -> Iterator[Finding]:
    """What the spec names is there."""
    for name in spec.defines:
        if name not in STEPS and name not in HOOKS:
            yield Finding(
                "defines-known",
                ("defines",),
                f"{name} is no step or hook{nearest(name, [*STEPS, *HOOKS])}",
            )
    for name in spec.fsdp.wrap:
        if name not in module.file_classes:
            near = nearest(name, module.file_classes)
            yield Finding(
                "wrap-known",
                ("fsdp.wrap",),
                f"{module.file} has no class {name}{near}; define it there or import it there",
            )


def _stages(spec: Spec, module: UserClass, data: UserData) -> Iterator[Finding]:
    """Each of validation, test and prediction has both a step and data, or neither."""
    limits = {
        "val": spec.limit_val_batches,
        "test": spec.limit_test_batches,
        "predict": spec.limit_predict_batches,
    }
    for stage, limit in limits.items():
        step = STEP_OF_STAGE[stage]
        if limit == 0:
            continue
        off = f"or set limit_{stage}_batches: 0"
        if step in module.steps and stage not in data.sources:
            yield Finding(
                "stage-halves",
                ("data",),
                f"{step} has no data; write {stage}_dataset in {data.file}, {off}",
            )
        if stage in data.sources and step not in module.steps:
            where = f"{data.sources[stage].method} has no {step} in {module.file}"
            yield Finding("stage-halves", ("module",), f"{where}; write it, {off}")
        if stage in data.sources and data.sources[stage].several and step in module.steps:
            hook = module.hooks.get(f"on_{step.removesuffix('_step')}_epoch_end")
            if module.steps[step].returns is None and (hook is None or hook.returns is None):
                yield Finding(
                    "several-measured",
                    ("data",),
                    f"{data.sources[stage].method} has several sets, and {step} measures nothing "
                    "that tells them apart; return its metrics",
                )


def _weights(spec: Spec, module: UserClass, data: UserData) -> Iterator[Finding]:
    """Each step whose results are averaged returns the key of batch_weight."""
    key = spec.batch_weight
    if key is None:
        return
    steps = [
        step
        for stage in ("train", "val", "test")
        if stage in data.sources and (step := module.steps.get(STEP_OF_STAGE[stage]))
    ]
    without = [
        step
        for step in steps
        if step.returns == "loss" or (step.metrics is not None and key not in step.metrics)
    ]
    if without:
        names = ", ".join(step.name for step in without)
        yield Finding(
            "weight-returned",
            ("batch_weight",),
            f"there is no {key} in what is returned by {names}; return it beside the loss, as in "
            f'{{"loss": loss, "{key}": ...}}{nearest(key, without[0].metrics or ())}',
        )


def _monitors(spec: Spec, module: UserClass, data: UserData) -> Iterator[Finding]:
    """What is monitored is measured."""
    named = monitors(spec)
    validates = "validation_step" in module.steps and "val" in data.sources
    if spec.limit_val_batches != 0 and not validates:
        for key, monitor in named.items():
            yield Finding(
                "monitor-measured",
                (f"{key}.monitor",),
                f"nothing measures {monitor}; write validation_step and val_dataset",
            )
        if spec.scheduler is not None and spec.scheduler.interval == "validation":
            yield Finding(
                "validation-steps",
                ("scheduler.interval",),
                "there is no validation to step at; set interval: epoch",
            )
    names = measured(spec, module, data)
    if not validates or names is None:
        return
    for key, monitor in named.items():
        if monitor.startswith("val_") and monitor not in names:
            listed = f"{nearest(monitor, names)} (measured: {', '.join(names)})"
            yield Finding(
                "monitor-measured", (f"{key}.monitor",), f"validation measures no {monitor}{listed}"
            )


def _filename(spec: Spec, module: UserClass, data: UserData) -> Iterator[Finding]:
    """What a checkpoint's file name holds is measured."""
    if spec.checkpoint is None or spec.checkpoint.monitor is None:
        return
    names = measured(spec, module, data)
    for name in filename_metrics(spec.checkpoint.filename):
        known = name.startswith("val_") if names is None else name in names
        if name not in COUNTERS and not known:
            there = [*COUNTERS, *(names or ["val_loss"])]
            text = (
                f"validation measures no {name}{nearest(name, there)} (known: {', '.join(there)})"
            )
            yield Finding("filename-measured", ("checkpoint.filename",), text)
