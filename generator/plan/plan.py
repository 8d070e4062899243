"""The Plan: every decision about a project, made once from the spec and the user's classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lgen.plan.accumulation import accumulation
from lgen.plan.averaging import averaging
from lgen.plan.block_settings import block_settings, setting_names
from lgen.plan.blocks import blocks
from lgen.plan.class_names import class_names
from lgen.plan.commands import commands
from lgen.plan.decisions import Code, Decisions, merge
from lgen.plan.devices import devices, precision
from lgen.plan.evaluation import evaluation
from lgen.plan.fields import fields
from lgen.plan.finetuning import finetuning
from lgen.plan.groups import groups
from lgen.plan.loaders import loaders
from lgen.plan.loop import loop
from lgen.plan.measures import measures
from lgen.plan.metric_objects import metric_objects
from lgen.plan.project_files import project_files
from lgen.plan.saving import saving
from lgen.plan.schedule import optimizer_args, schedule, scheduler_args
from lgen.plan.short_runs import shortened
from lgen.plan.stopping import stopping
from lgen.plan.training_step import training_step
from lgen.spec.options import Spec
from lgen.user_code.classes import UserClass, UserData


@dataclass(frozen=True)
class Plan:
    """Every decision, and the spec that they were made from.

    `own_modules` are the top-level names of the project's own modules.
    """

    spec: Spec
    decisions: Decisions
    user_packages: frozenset[str] = frozenset()
    own_modules: frozenset[str] = frozenset()

    @property
    def context(self) -> Mapping[str, Any]:
        """What the templates are rendered with."""
        return {
            **self.decisions.flags,
            **self.decisions.values,
            "placeholders": {name: Code(text) for name, text in self.decisions.names.items()},
        }


def make_plan(
    spec: Spec,
    module: UserClass,
    data: UserData,
    user_packages: frozenset[str] = frozenset(),
    own_optimizer: bool = False,
) -> Plan:
    """The plan of a project; its inputs have been checked to fit each other.

    `user_packages` are the top-level modules that the user's files import; `own_optimizer` says
    whether the optimizer's class lies in the project.
    """
    files = [spec.module.import_name, spec.data.import_name]
    if own_optimizer and spec.optimizer:
        files.append(spec.optimizer.module)
    own_modules = frozenset(name.partition(".")[0] for name in files)
    spec, data = shortened(spec, data)
    of_blocks = block_settings(spec)
    config = fields(
        spec,
        module,
        data,
        optimizer_args(spec),
        scheduler_args(spec),
        setting_names(of_blocks),
    )
    return Plan(
        spec,
        merge(
            [
                accumulation(spec),
                averaging(spec, module, data),
                blocks(spec, module, of_blocks),
                class_names(spec, own_modules),
                commands(spec, module, data),
                config,
                devices(spec, data),
                evaluation(spec, module, data),
                finetuning(spec),
                groups(spec),
                loaders(spec, module, data),
                loop(spec, module, data),
                measures(spec),
                metric_objects(spec, module),
                precision(spec),
                project_files(spec, module, data),
                saving(spec, module, data),
                schedule(spec, module, data, config.values["scheduler_arguments"]),
                stopping(spec, module, data),
                training_step(spec, module),
            ]
        ),
        user_packages,
        own_modules,
    )
