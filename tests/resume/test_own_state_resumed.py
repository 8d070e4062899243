"""What on_save_checkpoint adds is what on_load_checkpoint finds, in every process."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.projects import make_project
from tests.support.random_user_code import DATA, MODEL, OPTIONS
from tests.support.same_runs import assert_same_runs, load_whole

HOOKS = """\
    def on_save_checkpoint(self, checkpoint: dict[str, Any], step: int) -> None:
        checkpoint["seen"] = {"steps": self.seen, "at": step}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.seen = checkpoint["seen"]["steps"]
        print("loaded", self.seen)

    def on_train_batch_end(self) -> None:
        self.seen += 1

    def metrics(self, x"""
CODE = (
    MODEL.replace("import time\n", "import time\nfrom typing import Any\n")
    .replace("        self.pause = pause\n", "        self.pause = pause\n        self.seen = 0\n")
    .replace("    def metrics(self, x", HOOKS)
)


def own_project(folder: Path, code: str = CODE, **options: Any) -> Path:
    """Return a project whose module counts its steps."""
    return make_project(folder, {**OPTIONS, "batch_size": 4, **options}, code, DATA)


@pytest.mark.parametrize("strategy", ["single", "ddp", "fsdp"])
def test_a_count_goes_on(tmp_path: Path, strategy: str) -> None:
    ranks = None if strategy == "single" else 2
    options = {"strategy": strategy, "devices": ranks or 1}
    straight = own_project(tmp_path / "straight", **options)
    assert launch(straight, ranks=ranks).done
    stopped = own_project(tmp_path / "stopped", **options)
    assert launch(stopped, "--max-steps", "3", ranks=ranks).done
    ended = launch(stopped, "--resume", "last", "--max-steps", "-1", ranks=ranks)
    assert ended.done and ended.output.count("loaded 3") == (ranks or 1), ended.output
    assert_same_runs(run_folder(straight), run_folder(stopped))
    last = load_whole(run_folder(straight) / "checkpoints" / "last.ckpt")
    assert last["seen"] == {"steps": last["step"], "at": last["step"]}
    ended = launch(stopped, "--task", "validate", "--resume", "last", ranks=ranks)
    assert ended.done and f"loaded {last['step']}" in ended.output


def test_an_object_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    code = CODE.replace('{"steps": self.seen, "at": step}', "self.leave")
    ended = launch(own_project(tmp_path, code))
    assert ended.codes == [1]
    assert "checkpoint['seen'] holds a Linear" in ended.output


def test_the_average_of_epochs_has_it_too(tmp_path: Path) -> None:
    project = own_project(tmp_path, max_epochs=2, swa={"swa_epoch_start": 1})
    assert launch(project).done
    average = str(run_folder(project) / "checkpoints" / "swa.pt")
    ended = launch(project, "--task", "validate", "--resume", average)
    assert ended.done and "loaded 24" in ended.output, ended.output


START = """\
    def on_fit_start(self) -> None:
        torch.rand(3)

    def on_train_start(self) -> None:
        self.noise = torch.rand(3)

    def on_train_epoch_start(self, log: Any, epoch: int) -> None:
        log.scalar("drawn", torch.rand(1))

    def metrics(self, x"""


@pytest.mark.parametrize("strategy", ["single", "ddp"])
def test_hooks_of_the_start_draw_no_number_of_the_training(tmp_path: Path, strategy: str) -> None:
    """A run that goes on within an epoch does not begin the epoch again."""
    ranks = None if strategy == "single" else 2
    code = MODEL.replace("import time\n", "import time\nfrom typing import Any\n")
    options = {
        "strategy": strategy,
        "devices": ranks or 1,
        "max_epochs": 2,
        "checkpoint": {"save_top_k": -1, "every_n_train_steps": 4},
    }
    straight = own_project(
        tmp_path / "straight", code.replace("    def metrics(self, x", START), **options
    )
    assert launch(straight, ranks=ranks).done
    kept = sorted((run_folder(straight) / "checkpoints").glob("epoch*"))
    assert len(kept) > 3
    for path in kept:
        again = tmp_path / path.name
        shutil.copytree(straight, again)
        ended = launch(
            again, "--resume", f"{run_folder(again)}/checkpoints/{path.name}", ranks=ranks
        )
        assert ended.done, ended.output
        assert_same_runs(run_folder(straight), run_folder(again), but=["previous.ckpt"])
