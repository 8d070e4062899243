"""The checkpoints of a run: the last one, and the best by a metric."""

import math
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.checkpoint_file import link_checkpoint, remove_checkpoint, save_checkpoint
from runtime.monitor_value import monitor_value


class Checkpoints:
    """A folder with last.ckpt, previous.ckpt (the last before it) and the best save_top_k states.

    Without a monitor nothing is ranked: save_top_k=-1 then keeps every state, any other number
    only the last. The state of the ranking is part of each checkpoint, and the file that it lies
    in is counted there. One file holds a step: where the epoch ends with a step that was saved
    already, the later state takes the place of the earlier.
    """

    def __init__(
        self,
        folder: Path,
        *,
        monitor: str | None = None,
        mode: str = "min",
        save_top_k: int = 1,
        save_last: bool = True,
        filename: str = "{epoch}-{step}",
    ) -> None:
        self.folder = folder
        self.monitor = monitor
        self.sign = 1.0 if mode == "min" else -1.0
        self.save_top_k = save_top_k
        self.save_last = save_last
        self.filename = filename
        self.files: dict[str, float] = {}  # score by file name, in the order they were written
        self.dropped: list[str] = []  # what the last save took out of the ranking
        self.newest: tuple[int, str | None] = (-1, None)  # its step, and its name where it has one
        self.step = -1  # of the newest checkpoint, on every rank
        self.saved_at = time.monotonic()

    def save(
        self,
        state: dict[str, Any],
        *,
        epoch: int,
        step: int,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Write the state; the metrics of a validation let it compete with the best."""
        metrics = metrics or {}
        saved, name = self.newest
        if saved != step or name not in self.files:
            values = {"epoch": epoch, "step": step, **metrics}
            name = self.rank(values) if self.ranks(metrics) else None
        self.newest = (step, name)
        last = self.folder / "last.ckpt"
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {**state, "checkpoints": self.state_dict()}
        # nothing that is there is touched before the new state is written whole
        path = self.folder / (name or "last.ckpt.new")
        if name is not None or self.save_last:
            self.write(state, path)
        if self.save_last:
            if last.exists():
                self.link(last, self.folder / "previous.ckpt")
            self.link(path, last)
        if name is None:
            self.remove(path)
        self.remove_dropped()
        self.step, self.saved_at = step, time.monotonic()

    def write(self, state: dict[str, Any], path: Path) -> None:
        """Put the state at the path."""
        save_checkpoint(state, path)

    def link(self, path: Path, name: Path) -> None:
        """Let the name stand for what lies at the path."""
        link_checkpoint(path, name)

    def remove(self, path: Path) -> None:
        """Remove what lies at the path."""
        remove_checkpoint(path)

    def ranks(self, metrics: Mapping[str, float]) -> bool:
        """Return whether a state with these metrics can be kept beside the last."""
        if self.monitor is None:
            return self.save_top_k == -1
        return bool(metrics) and self.save_top_k != 0

    def rank(self, values: Mapping[str, float]) -> str | None:
        """Return the file name of a state that is among the best, None for one that is not."""
        score = 0.0 if self.monitor is None else monitor_value(values, self.monitor)
        if math.isnan(score):
            score = self.sign * math.inf
        self.dropped = []
        # more than one where a resumed run keeps fewer than before
        while 0 <= self.save_top_k <= len(self.files):
            # the first of the worst
            worst = max(self.files, key=lambda name: self.sign * self.files[name])
            if len(self.files) == self.save_top_k:
                if not self.sign * score < self.sign * self.files[worst]:
                    return None
            del self.files[worst]
            self.dropped.append(worst)
        stem = file_stem(self.filename, values)
        name, version = f"{stem}.ckpt", 1
        while name in self.files:
            name, version = f"{stem}-v{version}.ckpt", version + 1
        self.files[name] = score
        self.dropped = [dropped for dropped in self.dropped if dropped != name]
        return name

    def remove_dropped(self) -> None:
        """Remove the file that a better one replaced."""
        for name in self.dropped:
            self.remove(self.folder / name)

    def state_dict(self) -> dict[str, Any]:
        """Return the ranking; the best comes first."""
        best_first = sorted(self.files, key=lambda name: self.sign * self.files[name])
        return {
            "files": dict(self.files),
            "best": best_first,
            "dropped": list(self.dropped),
            "name": self.newest[1],
        }


def file_stem(template: str, values: Mapping[str, float]) -> str:
    """Return the template with name=value for each {name} in it, as in `epoch=1-step=6`."""

    def fill(match: re.Match[str]) -> str:
        name, format_spec = match.groups()
        return f"{name}={monitor_value(values, name):{format_spec or ''}}"

    return re.sub(r"\{([^{}:]+)(?::([^{}]*))?\}", fill, template)
