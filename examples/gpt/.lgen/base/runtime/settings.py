"""The settings of a run, from the command line and from the checkpoint that it resumes."""

import dataclasses
import io
import os
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, TypeVar, cast

import tyro

from runtime.checkpoint_file import load_settings
from runtime.resume_path import Load, resume_checkpoint

T = TypeVar("T")


def parse_settings(config: type[T], load: Load = load_settings) -> T:
    """Return the settings: of the command line, else of the resumed checkpoint, else the defaults.

    Prints where the settings differ from the checkpoint's, or the checkpoint's from the defaults,
    and how to change them.
    Rank 0 alone looks into the checkpoint, and main takes over its settings on the others.
    """
    given: Any = tyro.cli(config)
    if given.resume is None or os.environ.get("RANK", "0") != "0":
        return cast(T, given)
    try:
        with redirect_stderr(io.StringIO()):
            _, checkpoint = resume_checkpoint(Path(given.default_root_dir), given.resume, load)
    except SystemExit:
        return cast(T, given)  # main, which reads all of it, says what is wrong
    saved: dict[str, Any] = checkpoint["config"]
    # what belongs to this call of the script and not to the run
    own = ("task", "resume", "default_root_dir")
    names = [field.name for field in dataclasses.fields(given)]
    known = {name: saved[name] for name in names if name in saved and name not in own}
    settings: T = tyro.cli(config, default=dataclasses.replace(given, **known))
    defaults = config()
    for name, value in known.items():
        now, default = getattr(settings, name), getattr(defaults, name)
        if now != value:
            print(f"{name}: {now}; the checkpoint had {value}", file=sys.stderr)
        elif now != default:
            option = f"--{'no-' if now is True else ''}{name.replace('_', '-')}"
            print(
                f"{name}: {now}, from the checkpoint; the default is {default}, and {option} "
                "sets another",
                file=sys.stderr,
            )
    for name in sorted(saved.keys() - set(names)):
        print(f"{name}: no longer a setting; the checkpoint had {saved[name]}", file=sys.stderr)
    return settings
