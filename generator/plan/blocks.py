"""Decides on several optimizers: the block of each, its calls and its schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lgen.plan.block_settings import block_bounds, setting_rows
from lgen.plan.decisions import Code, Decisions, arguments, literal
from lgen.plan.fields import Call
from lgen.plan.hook_calls import HookCall, hook_call
from lgen.plan.meanings import ConfigRow
from lgen.plan.saving import restored_parts
from lgen.plan.schedule import run_length
from lgen.spec.block_rules import HOOKS_OF_EACH
from lgen.spec.options import Spec
from lgen.spec.predicates import missing_length
from lgen.user_code.classes import UserClass


@dataclass(frozen=True)
class Block:
    """What the template asks of one optimizer: its settings, its arguments, its calls."""

    name: str
    prefix: str
    loss_name: str
    lr_key: str
    optimizer_key: str
    scheduler_key: str
    scaler_key: str
    gradients_key: str
    part_names: Code
    restored: Code
    settings: list[ConfigRow]
    bounds: list[tuple[str, str]]
    optimizer_arguments: Code
    overrides: Code
    has_overrides: bool
    scheduler_arguments: Code
    schedule_settings: Code
    step_arguments: Code
    loss_term: Code
    window_settings: Code
    returns_dict: bool
    accumulate: bool
    every_n: bool
    clip_norm: bool
    clip_value: bool
    unscales: bool
    scheduler: bool
    scheduler_step: bool
    scheduler_epoch: bool
    waits: bool
    hooks: dict[str, HookCall]


def blocks(spec: Spec, module: UserClass, settings: dict[str, dict[str, Call]]) -> Decisions:
    """The blocks in their order, each with the names that its objects have in the script."""
    decided = {n: _block(spec, module, n, settings[n]) for n in spec.optimizers}
    accumulating = [name for name, block in decided.items() if block.accumulate]
    return Decisions(
        flags={"blocks": bool(spec.optimizers), "blocks_accumulate": bool(accumulating)},
        names={"TRAIN_ONLY": "train_shards_only" if spec.strategy == "fsdp" else "train_only"},
        values={
            "accumulating_blocks": accumulating,
            "block_losses": [block.loss_name for block in decided.values()],
            "block_settings": list(decided.values()),
            "block_bounds": [row for block in decided.values() for row in block.bounds],
            "optimizer_blocks": [
                (
                    f"{name}_optimizer",
                    f"{name}_parameters",
                    f"{name}_scheduler",
                    f"{name}_scaler",
                    f"{name}_ddp",
                    *_texts(spec, name, settings[name]),
                    block,
                )
                for name, block in decided.items()
            ],
        },
    )


def _texts(spec: Spec, name: str, calls: dict[str, Call]) -> Iterator[Code]:
    """What stands for names of the template: classes, calls, conditions and settings."""
    block = spec.optimizers[name]
    fields = {field.argument: f"cfg.{field.name}" for field in calls["own"].fields}
    step = block.step_name(name)
    yield Code(f"torch.optim.{block.optimizer.name}")
    yield Code(f"lr_scheduler.{block.scheduler.name}" if block.scheduler else "")
    yield Code(f"model.{step}")
    yield Code(f"{name}_ddp" if spec.strategy == "ddp" else f"model.{step}")
    every, window = fields.get("every_n_steps"), fields.get("accumulate_grad_batches")
    both = f"({every} * {window})" if every and window else every or window
    yield Code(f"(step + 1) % {every} == 0")
    yield Code(f"(step + 1) % {both} == 0")
    yield Code(f"step % {both} == 0")
    yield Code(fields.get("gradient_clip_val", ""))


def _block(spec: Spec, module: UserClass, name: str, calls: dict[str, Call]) -> Block:
    """The decisions about one block."""
    block = spec.optimizers[name]
    step = module.steps[block.step_name(name)]
    interval = block.scheduler.interval if block.scheduler else None
    accumulate, every_n = block.accumulate_grad_batches > 1, block.every_n_steps > 1
    window = next(
        (f.name for f in calls["own"].fields if f.argument == "accumulate_grad_batches"), ""
    )
    clips = block.gradient_clip_val is not None
    own = {"optimizer": f"{name}_optimizer"}
    optimizer = calls["optimizer"]
    overrides = ", ".join(f'"{f.argument}": cfg.{f.name}' for f in optimizer.fields)
    schedule = ", ".join(f'"{f.name}": cfg.{f.name}' for f in calls["scheduler"].fields)
    return Block(
        name=name,
        prefix=f"{name}_",
        loss_name=f"{name}_loss",
        lr_key=f"{name}_lr",
        optimizer_key=f"{name}_optimizer",
        scheduler_key=f"{name}_scheduler",
        scaler_key=f"{name}_scaler",
        gradients_key=f"{name}_gradients",
        part_names=arguments(*map(literal, block.part_names(name))),
        restored=arguments(**{part: part for part in restored_parts(spec, f"{name}_")}),
        settings=list(setting_rows(spec, name, calls)),
        bounds=list(block_bounds(spec, name, calls)),
        optimizer_arguments=optimizer.arguments,
        overrides=Code("{" + overrides + "}"),
        has_overrides=bool(overrides),
        scheduler_arguments=_scheduler_arguments(spec, name, calls),
        schedule_settings=Code("{" + schedule + "}"),
        step_arguments=Code(step.call_with(own)),
        window_settings=arguments(
            *(
                literal(f.name)
                for f in calls["own"].fields
                if f.argument in ("accumulate_grad_batches", "every_n_steps")
            )
        ),
        loss_term=Code(f"loss / cfg.{window}" if accumulate else "loss"),
        returns_dict=step.returns == "dict",
        accumulate=accumulate,
        every_n=every_n,
        clip_norm=clips and block.gradient_clip_algorithm == "norm",
        clip_value=clips and block.gradient_clip_algorithm == "value",
        unscales=spec.precision == "16-mixed"
        and (clips or "on_before_optimizer_step" in module.hooks),
        scheduler=interval is not None,
        scheduler_step=interval == "step",
        scheduler_epoch=interval == "epoch",
        waits=accumulate or every_n,
        hooks={hook: hook_call(module, hook, own) for hook in HOOKS_OF_EACH},
    )


def _scheduler_arguments(spec: Spec, name: str, calls: dict[str, Call]) -> Code:
    """The arguments of the scheduler, the run's length among them where it takes one."""
    block = spec.optimizers[name]
    if block.scheduler is None:
        return Code("")
    given = calls["scheduler"].arguments
    texts: dict[str, str] = {}
    if length := missing_length(block.scheduler):
        texts[length] = run_length(spec, block.scheduler.interval, 1)
        own = {f.argument: f"cfg.{f.name}" for f in calls["own"].fields}
        waits = [own[o] for o in ("every_n_steps", "accumulate_grad_batches") if o in own]
        if waits and block.scheduler.interval == "step":
            divisor = waits[0] if len(waits) == 1 else f"({' * '.join(waits)})"
            texts[length] = f"max(1, {texts[length]} // {divisor})"
    return Code(arguments(f"{name}_optimizer", **texts) + (f", {given}" if given else ""))
