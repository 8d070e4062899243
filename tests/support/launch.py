"""Runs a project's train.py in processes of their own, and ends them at chosen moments.

The processes are forked from a server that has imported torch, so that a run of a few steps takes
a fraction of a second. Whatever still runs when a launch is over is killed.
"""

import multiprocessing
import os
import resource
import runpy
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    "torch torch._dynamo torch.distributed.fsdp torch.distributed.checkpoint"
    " torch.distributed.checkpoint.state_dict torch.nn.parallel torch.utils.tensorboard"
    " tyro tqdm numpy".split()
)
CHANGES = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong in one of the processes."""

    change: int = 0  # SIGKILL before the n-th change of a file or folder of the runs; 0: never
    bytes: int = 0  # a file that grows beyond so many bytes ends the process at once; 0: never
    full: int = 0  # writing beyond so many bytes of a file fails, as on a full disk; 0: never
    rank: int = 0


@dataclass(frozen=True)
class Ended:
    """How a launch ended: exit codes by rank, minus the signal's number for a killed one."""

    codes: list[int]
    output: str
    seconds: float
    left_behind: bool
    changes: int

    @property
    def done(self) -> bool:
        """Whether all ranks ended well."""
        return not any(self.codes)


def launch(
    project: Path,
    *args: str,
    ranks: int | None = None,
    fault: Fault | None = None,
    kill_after: float | None = None,
    environment: Mapping[str, str] = {},
    timeout: float = 90,
) -> Ended:
    """Run train.py with these arguments and return how it ended.

    ranks None starts one process without torchrun's variables. kill_after kills all processes so
    many seconds after they were started; so does the end of one that did not end well, after the
    others had some seconds to end by themselves.
    """
    scratch = project / "output"
    scratch.mkdir(exist_ok=True)
    for old in scratch.iterdir():
        old.unlink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    warm = CONTEXT.Process(target=int)  # starts the server where there is none yet
    warm.start()
    warm.join()
    processes = []
    started = time.monotonic()
    for rank in range(ranks or 1):
        own_environment = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", **environment}
        if ranks is not None:
            own_environment |= {
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": str(ranks),
            }
            own_environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        own = fault if fault is not None and fault.rank == rank else None
        process = CONTEXT.Process(
            target=run_script,
            args=(str(project), args, own_environment, own, str(scratch / str(rank))),
        )
        process.start()
        processes.append(process)
    left_behind = not wait(processes, started, kill_after, timeout)
    seconds = time.monotonic() - started
    for process in processes:
        kill(process)
        process.join(10)
    counted = scratch / "changes"
    return Ended(
        [process.exitcode if process.exitcode is not None else -99 for process in processes],
        "".join((scratch / str(rank)).read_text() for rank in range(len(processes))),
        seconds,
        left_behind,
        int(counted.read_text()) if counted.exists() else 0,
    )


def wait(
    processes: Sequence[ForkServerProcess], started: float, kill_after: float | None, timeout: float
) -> bool:
    """Wait for the end; returns False where the others did not end after one of them failed."""
    failed_at = None
    while any(process.is_alive() for process in processes):
        now = time.monotonic()
        if kill_after is not None and now - started >= kill_after:
            return True
        if any(process.exitcode == -signal.SIGKILL for process in processes):
            return True  # torchrun ends the others
        if failed_at is None and any(process.exitcode for process in processes):
            failed_at = now
        if failed_at is not None and now - failed_at > 10:
            return False
        assert now - started < timeout, "the run hangs"
        time.sleep(0.003)
    return True


def kill(process: ForkServerProcess) -> None:
    """Kill a process and all that it started."""
    assert process.pid is not None
    for end in (os.killpg, os.kill):  # a process that was just started leads no group yet
        try:
            end(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def run_script(
    project: str,
    args: Sequence[str],
    environment: dict[str, str],
    fault: Fault | None,
    output: str,
) -> None:
    """Be `python train.py args` in the project's folder."""
    os.setsid()
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(environment)
    # the server's children would start the processes of a data loader as the server does
    multiprocessing.set_start_method("fork", force=True)
    # a module that a test rewrites in the same second, or whose bytecode a fault cuts off, is read
    sys.dont_write_bytecode = True
    os.chdir(project)
    sys.path.insert(0, project)
    sys.argv = ["train.py", *args]
    import torch

    torch.set_num_threads(1)
    if fault is not None:
        inject(fault, Path(project) / "runs", Path(output).with_name("changes"))
    runpy.run_path(os.path.join(project, "train.py"), run_name="__main__")


def inject(fault: Fault, folder: Path, counted: Path) -> None:
    """Let the fault happen in this process; leaves the number of changes so far in a file."""
    seen = 0
    one_at_a_time = threading.RLock()  # a thread may write checkpoints
    process = os.getpid()
    places = (str(folder), folder.name + os.sep, folder.name)

    def on_event(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if os.getpid() != process:
            return
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
            if not isinstance(path, str) or not writes or not path.startswith(places):
                return
        elif event in CHANGES:
            # what a whole tree's removal takes away is named below an open folder
            below = event in ("os.remove", "os.rmdir") and arguments[1] != -1
            if not below and not str(arguments[0]).startswith(places):
                return
        else:
            return
        with one_at_a_time:
            seen += 1
            if seen == fault.change:
                os.kill(process, signal.SIGKILL)
            descriptor = os.open(counted, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(descriptor, str(seen).encode())
            os.close(descriptor)

    sys.addaudithook(on_event)
    if fault.bytes or fault.full:
        limit = fault.bytes or fault.full
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if fault.bytes else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
