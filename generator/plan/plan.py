"""The Plan: every decision about a project, made once from the spec and the user's classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lgen.plan.averaging import averaging
from lgen.plan.class_names import class_names
from lgen.plan.commands import commands
from lgen.plan.decisions import Code, Decisions, merge
from lgen.plan.devices import devices, precision
from lgen.plan.evaluation import evaluation
from lgen.plan.fields import fields
from lgen.plan.loaders import loaders
from lgen.plan.loop import loop
from lgen.plan.project_files import project_files
from lgen.plan.saving import saving
from lgen.plan.schedule import optimizer_args, schedule, scheduler_args
from lgen.plan.short_runs import shortened
from lgen.plan.stopping import stopping
from lgen.spec.options import Spec
from lgen.user_code.classes import UserClass, UserData


@dataclass(frozen=True)
class Plan:
    """Every decision, and the spec that they were made from."""

    spec: Spec
    decisions: Decisions
    user_packages: frozenset[str] = frozenset()

    @property
    def own_modules(self) -> frozenset[str]:
        """The top-level names of the user's module and data files."""
        return frozenset(
            path.import_name.partition(".")[0] for path in (self.spec.module, self.spec.data)
        )

    @property
    def context(self) -> Mapping[str, Any]:
        """What the templates are rendered with."""
        return {
            **self.decisions.flags,
            **self.decisions.values,
            "placeholders": {name: Code(text) for name, text in self.decisions.names.items()},
        }


def make_plan(
    spec: Spec, module: UserClass, data: UserData, user_packages: frozenset[str] = frozenset()
) -> Plan:
    """The plan of a project; its inputs have been checked to fit each other.

    `user_packages` are the top-level modules that the user's files import.
    """
    spec, data = shortened(spec, data)
    config = fields(spec, module, data, optimizer_args(spec), scheduler_args(spec))
    return Plan(
        spec,
        merge(
            [
                averaging(spec, module, data),
                class_names(spec),
                commands(spec, module, data),
                config,
                devices(spec, data),
                evaluation(spec, module, data),
                loaders(spec, module, data),
                loop(spec, module, data),
                precision(spec),
                project_files(spec, module, data),
                saving(spec, module, data),
                schedule(spec, module, data, config.values["scheduler_arguments"]),
                stopping(spec, module, data),
            ]
        ),
        user_packages,
    )
