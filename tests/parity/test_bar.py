"""The progress bar on a terminal, beside what the log holds."""

import csv
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from tests.support.projects import make_project

OPTIONS = {"max_epochs": 2, "log_every_n_steps": 2, "enable_model_summary": False}


def on_a_terminal(project, **environment):
    """All that train.py writes to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, 160, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "train.py"],
        cwd=project,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the script has ended
            break
        if not part:
            break
        written += part
    os.close(ours)
    assert process.wait(60) == 0, written.decode()
    return written.decode()


def screen(written):
    """The lines of a terminal of any height after all that was written to it."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[A|\r|\n|[^\x1b\r\n]+", written):
        if part == "\x1b[A":
            row -= 1
        elif part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        else:
            before = lines[row].ljust(column)
            lines[row] = before[:column] + part + before[column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines]


def bars(written):
    return [line for line in screen(written) if "step/s" in line or "s/step" in line]


def shown(bar):
    """The names and values behind the bar."""
    return dict(re.findall(r"(\w+)=([^,\]]+)", bar))


def test_the_bar_shows_the_last_row_of_the_log(tmp_path):
    """Its steps of the whole run, and each metric of the row, in three digits."""
    project = make_project(tmp_path / "project", OPTIONS)
    (bar,) = bars(on_a_terminal(project))
    assert "| 28/28 [" in bar
    with (project / "runs/version_0/metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["train_loss"]]
    names = ["train_loss", "train_acc"]
    assert shown(bar) == {name: f"{float(rows[-1][name]):.3g}" for name in names}


def test_without_a_bar_the_terminal_has_none(tmp_path):
    project = make_project(tmp_path / "project", {**OPTIONS, "enable_progress_bar": False})
    assert bars(on_a_terminal(project)) == []


@pytest.mark.parametrize("position", [1, 2])
def test_bars_of_several_runs_on_one_terminal(tmp_path, position):
    """tqdm takes the line of a run's bar from TQDM_POSITION, and leaves those above it alone.

    So it is until the run ends; then the bar is left where the next line is written.
    """
    project = make_project(tmp_path / "project", {**OPTIONS, "max_epochs": 1})
    written = on_a_terminal(project, TQDM_POSITION=str(position)).replace("\r\n", "\n")
    *drawn, _ = re.findall(r"(\n*)\r[^\r\n]*step/s[^\r\n\x1b]*\]", written)
    assert len(drawn) > 1 and {len(downwards) for downwards in drawn} <= {position, position + 1}
    assert written.count("\x1b[A" * position) >= len(drawn)
