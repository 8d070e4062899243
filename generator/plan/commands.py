"""Decides on the names of the user's classes and the command lines that the docs give."""

from __future__ import annotations

from lgen.plan.decisions import Decisions
from lgen.plan.devices import launcher
from lgen.plan.loaders import runs_stage
from lgen.spec.options import Spec
from lgen.spec.predicates import saves_state
from lgen.user_code.classes import UserClass, UserData


def commands(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """The user's classes by name, and how the script is run."""
    run = f"{launcher(spec)} train.py"
    lines = [(run, "train")]
    if saves_state(spec):
        lines.append((f"{run} --resume last", "resume"))
    if spec.checkpoint is not None:
        best = "best" if spec.checkpoint.monitor else "last"
        lines += [
            (f"{run} --task {task} --resume {best}", task)
            for stage, task in (("val", "validate"), ("test", "test"), ("predict", "predict"))
            if runs_stage(spec, module, data, stage)
        ]
    lines += [("python train.py --help", "all settings"), ("pytest", "test the project")]
    width = max(len(command) for command, _ in lines)
    return Decisions(
        flags={"several_nodes": spec.num_nodes > 1},
        names={
            "MODEL_MODULE": spec.module.import_name,
            "DATA_MODULE": spec.data.import_name,
        },
        values={
            "module_class": spec.module.class_name,
            "module_file": spec.module.file,
            "data_class": spec.data.class_name,
            "data_file": spec.data.file,
            "project_name": "-".join(
                # a distribution's name begins and ends with a letter or digit
                part.class_name.strip("_").lower() or "project"
                for part in (spec.module, spec.data)
            ),
            "title": f"{spec.module.class_name} on {spec.data.class_name}",
            "devices": spec.devices,
            "num_nodes": spec.num_nodes,
            "in_processes": number_of_processes(spec.devices * spec.num_nodes),
            "commands": "\n".join(f"{command:{width}}  # {what}" for command, what in lines),
        },
    )


def number_of_processes(number: int) -> str:
    """The number in words that fit behind "in"."""
    return "1 process" if number == 1 else f"{number} processes"
