"""Options that would do nothing beside the user's code: each is refused, with what it waits for."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.spec.options import Spec
from lgen.spec.predicates import keeps_files
from lgen.spec.rule import CodeRule, Finding
from lgen.user_code.classes import STAGES, STEP_OF_STAGE, DataSource, UserClass, UserData, has_loop

_NAMES = {"val": "validation", "test": "test", "predict": "prediction"}

UNUSED_BY_CODE = (
    CodeRule(
        "limit-of-a-loop",
        ("limit_val_batches", "limit_test_batches", "limit_predict_batches"),
        "a limit needs the step and the data that it limits",
    ),
    CodeRule(
        "interval-of-a-validation",
        ("val_check_interval", "check_val_every_n_epoch", "num_sanity_val_steps"),
        "an interval of validations needs a validation, and so does a trial of it",
    ),
    CodeRule("inference-of-a-loop", ("inference_mode",), "evaluations run in inference_mode"),
    CodeRule(
        "loader-options",
        ("batch_size", "num_workers", "pin_memory"),
        "loaders of the data class are not the script's to set up",
    ),
    CodeRule("drop-last-loader", ("drop_last",), "train_dataloader says itself what it drops"),
    CodeRule("shuffle-order", ("shuffle",), "shuffle needs a train_dataset without train_order"),
    CodeRule("compile-forward", ("compile",), "what is compiled is the model's forward, self(...)"),
    CodeRule("average-unused", ("ema", "checkpoint"), "an average is validated or saved"),
    CodeRule("root-of-nothing", ("default_root_dir",), "the folder needs something to hold"),
)


def unused_findings(spec: Spec, module: UserClass, data: UserData) -> Iterator[Finding]:
    """Every option that no line of the script would read."""
    loops = {
        stage
        for stage in STAGES
        if has_loop(module, data, stage) and getattr(spec, f"limit_{stage}_batches") != 0
    }
    yield from _validation(spec, module, data)
    evaluated = loops - {"train"}
    if not spec.inference_mode and not evaluated:
        yield Finding(
            "inference-of-a-loop",
            ("inference_mode",),
            "nothing is evaluated, in inference_mode or without; remove inference_mode, or write a "
            "validation_step and val_dataset",
        )
    yield from _loaders(spec, data, [data.sources[stage] for stage in STAGES if stage in loops])
    calls_forward = any(step.calls_forward for step in module.training_steps)
    if spec.compile and spec.compile.target == "model" and not calls_forward:
        yield Finding(
            "compile-forward",
            ("compile",),
            "torch compiles the model's forward, and training_step does not call self(...); "
            "set compile: step, or target: step in compile",
        )
    if spec.ema is not None and spec.checkpoint is None and "val" not in loops:
        yield Finding(
            "average-unused",
            ("ema", "checkpoint"),
            "the averaged weights would be neither validated nor saved; remove ema, or "
            "checkpoint: false",
        )
    writes = keeps_files(spec) or "predict" in loops
    if spec.default_root_dir != _default("default_root_dir") and not writes:
        yield Finding(
            "root-of-nothing",
            ("default_root_dir",),
            "no checkpoint, row or prediction is written; remove default_root_dir, or add a logger",
        )


def _validation(spec: Spec, module: UserClass, data: UserData) -> Iterator[Finding]:
    """Limits and intervals of loops for which there is neither a step nor data."""
    for stage, name in _NAMES.items():
        limit = getattr(spec, f"limit_{stage}_batches")
        if STEP_OF_STAGE[stage] in module.steps or stage in data.sources:
            continue
        missing = f"there is no {name}; write {STEP_OF_STAGE[stage]} and {stage}_dataset, or"
        if limit != 0 and (isinstance(limit, int) or limit != 1.0):
            key = f"limit_{stage}_batches"
            yield Finding("limit-of-a-loop", (key,), f"{missing} remove {key}")
        if stage != "val" or limit == 0:
            continue
        if isinstance(spec.val_check_interval, int) or spec.val_check_interval != 1.0:
            text = f"{missing} remove val_check_interval"
            yield Finding("interval-of-a-validation", ("val_check_interval",), text)
        if spec.check_val_every_n_epoch != 1:
            text = f"{missing} remove check_val_every_n_epoch"
            yield Finding("interval-of-a-validation", ("check_val_every_n_epoch",), text)
        if spec.num_sanity_val_steps not in (0, _default("num_sanity_val_steps")):
            text = f"{missing} remove num_sanity_val_steps"
            yield Finding("interval-of-a-validation", ("num_sanity_val_steps",), text)


def _loaders(spec: Spec, data: UserData, sources: list[DataSource]) -> Iterator[Finding]:
    """Options of loaders that the script does not build."""
    train = data.sources["train"]
    built = [source for source in sources if source.kind == "dataset"]
    for key in ("batch_size", "num_workers", "pin_memory"):
        if not built and getattr(spec, key) != _default(key):
            yield Finding(
                "loader-options",
                (key,),
                f"{data.name} brings its own loaders; set {key} there and remove it here",
            )
    if built == [train] and train.iterable and train.has_state_dict and spec.num_workers > 0:
        yield Finding(
            "loader-options",
            ("num_workers",),
            f"{train.method} saves its position, and workers would read on in copies of it; "
            "remove num_workers",
        )
    if train.kind == "loader" and spec.drop_last:
        text = f"{train.method} is your own loader; set drop_last there and remove it here"
        yield Finding("drop-last-loader", ("drop_last",), text)
    if not spec.shuffle and (data.train_order or train.kind == "loader" or train.iterable):
        order = "train_order" if data.train_order else train.method
        text = f"{order} gives the order of the training samples; remove shuffle"
        yield Finding("shuffle-order", ("shuffle",), text)


def _default(key: str) -> object:
    """An option's default."""
    return Spec.model_fields[key].default
