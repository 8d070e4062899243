"""Two runs in one process that take turns, a block of steps each.

So whatever else the machine does meets both. The runs are threads, of which one waits at the end
of its block, within its data set; neither is changed.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WARM_UP = 2  # first blocks that are left out


class Terminal:
    """A terminal that shows nothing, so that the bar is on."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        return os.write(self.sink, text.encode())

    def flush(self) -> None:
        """All is written already."""

    def isatty(self) -> bool:
        return True

    def __init__(self) -> None:
        self.sink = os.open(os.devnull, os.O_WRONLY)


class Enough(BaseException):
    """Ends a run from within its data set."""


class Turns:
    """Two runs that take turns, a block each; seconds by name and block."""

    def __init__(
        self,
        runs: dict[str, Callable[[], Any]],
        blocks: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.runs = runs
        self.blocks = blocks
        self.clock = clock
        self.may_go = {name: threading.Semaphore(0) for name in runs}
        self.seconds: dict[str, list[float]] = {name: [] for name in runs}
        self.started: dict[str, float] = {}
        self.failure: BaseException | None = None

    def end_block(self) -> None:
        """Note the time of this thread's block, let the other thread go, and wait for it."""
        now = self.clock()
        me = threading.current_thread().name
        if me in self.started:
            self.seconds[me].append(now - self.started[me])
        self.give_turn(me)
        self.may_go[me].acquire()
        if len(self.seconds[me]) == self.blocks or self.failure:
            raise Enough
        self.started[me] = self.clock()

    def give_turn(self, me: str) -> None:
        """Let the other thread go on."""
        (other,) = self.runs.keys() - {me}
        self.may_go[other].release()

    def run(self) -> dict[str, list[float]]:
        """Take turns until each run has done its blocks."""
        threads = [threading.Thread(target=self.thread, name=name) for name in self.runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failure:
            raise self.failure
        return self.seconds

    def thread(self) -> None:
        """One of the runs."""
        me = threading.current_thread().name
        self.may_go[me].acquire() if me != next(iter(self.runs)) else None
        try:
            self.runs[me]()
        except Enough:
            pass
        except BaseException as failure:
            self.failure = failure
        self.give_turn(me)


def ratios(hand: list[float], other: list[float]) -> list[float]:
    """Each block of the other by the mean of the hand-written blocks before and after it."""
    triples = zip(hand, other, hand[1:], strict=False)
    return [2 * block / (before + after) for before, block, after in triples][WARM_UP:]


def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
