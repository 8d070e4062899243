"""Combinations as projects on the disk, and their runs."""

from __future__ import annotations

import os
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.combinations.combine import Row, default_row, options, values
from tests.combinations.user_code import data_text, model_text
from tests.combinations.values import VALUES
from tests.support import projects

SECONDS = 120  # until a run counts as hung


def row_of(**chosen: Any) -> Row:
    """The default combination with other values; a double underscore stands for a dot."""
    row = default_row()
    for name, value in chosen.items():
        name = name.replace("__", ".") if name.replace("__", ".") in VALUES else name
        row[name.replace("_of_", " ")] = VALUES[name].index(value)
    return row


def write_project(folder: Path, row: Row) -> Path:
    """The project of a combination."""
    given = values(row)
    return projects.write_project(folder, options(row), model_text(given), data_text(given))


def processes(row: Row) -> int:
    """How many processes a combination is run in."""
    return 1 if values(row)["strategy"] is None else 2


def run(project: Path, world_size: int = 1, **settings: Any) -> str:
    """The output of main(Config(**settings)) in forks of this process; fails where one does.

    Forks share what is imported already: a run takes a fraction of torch's import.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outputs = [project / f"output_{rank}.txt" for rank in range(world_size)]
    forks = []
    for rank, output in enumerate(outputs):
        environment: dict[str, str] = {}
        if world_size > 1:
            environment = {"RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_PORT": str(port)}
            environment |= {"MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": str(world_size)}
        fork = os.fork()
        if fork == 0:
            _child(project, output, environment, settings)
        forks.append(fork)
    codes = _wait(forks)
    text = "".join(output.read_text() for output in outputs)
    assert codes == [0] * world_size, f"{(project / 'lgen.yaml').read_text()}{codes}\n{text}"
    return text


def _wait(forks: list[int]) -> list[int | None]:
    """The exit codes of the processes; one that hangs is killed and gives None."""
    codes: dict[int, int] = {}
    until = time.monotonic() + SECONDS
    while len(codes) < len(forks) and time.monotonic() < until:
        for fork in forks:
            if fork not in codes:
                done, status = os.waitpid(fork, os.WNOHANG)
                if done:
                    codes[fork] = os.waitstatus_to_exitcode(status)
                    if codes[fork] != 0:
                        until = min(until, time.monotonic() + 5)
        time.sleep(0.01)
    for fork in forks:
        if fork not in codes:
            os.kill(fork, 9)
            os.waitpid(fork, 0)
    return [codes.get(fork) for fork in forks]


def _child(
    project: Path, output: Path, environment: Mapping[str, str], settings: Mapping[str, Any]
) -> None:
    """Run main in this process, which then ends."""
    code = 1
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.environ |= environment
        os.chdir(project)
        for name in [n for n in sys.modules if n.partition(".")[0] in ("runtime", "train")]:
            del sys.modules[name]
        sys.path.insert(0, str(project))
        import torch

        torch.set_num_threads(1)
        # accelerator: auto finds the CPU alone
        torch.accelerator.current_accelerator = lambda check_available=False: None
        torch.cuda.is_available = lambda: False
        import train

        train.main(train.Config(**settings))
        if environment:
            torch.distributed.destroy_process_group()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
