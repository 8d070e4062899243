"""What lies beside weights and optimizer is resumed too: loggers, compiled models, own data."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.killed_runs import finish, new_seed, resume, run_folder, straight_run
from tests.support.killed_runs import project as random_project
from tests.support.launch import Ended, Fault, launch
from tests.support.projects import make_project
from tests.support.random_user_code import DATA, MODEL, OPTIONS
from tests.support.same_runs import assert_same, assert_same_runs, load_whole

STREAM = '''

class Stream(IterableDataset[tuple[Tensor, ...]]):
    """Rows with noise, one after the other."""

    def __init__(self, dataset: TensorDataset) -> None:
        self.dataset = Augmented(dataset)
        self.place = 0

    def __iter__(self):
        while self.place < len(self.dataset):
            self.place += 1
            yield self.dataset[self.place - 1]
        self.place = 0
'''
STATE = """
    def state_dict(self) -> dict[str, int]:
        return {"place": self.place}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.place = state["place"]
"""


def killed_run(folder: Path, ranks: int | None, kills: int = 3) -> list[Ended]:
    """Kill the project's run before random changes of its files, and resume it to its end."""
    draw = new_seed()
    all_ended = []
    for _ in range(kills):
        ended = resume(folder, ranks, fault=Fault(change=draw.randrange(10, 40)))
        assert ended.done or -signal.SIGKILL in ended.codes, ended.output
        all_ended.append(ended)
    finish(folder, ranks)
    return all_ended


def points(run: Path) -> dict[str, list[tuple[int, float]]]:
    """Return step and value of all that TensorBoard reads, by tag."""
    events = EventAccumulator(str(run / "tensorboard" / "fit")).Reload()
    return {
        tag: sorted((event.step, event.value) for event in events.Scalars(tag))
        for tag in events.Tags()["scalars"]
    }


@pytest.mark.parametrize("ranks", [None, 2], ids=["single", "ddp"])
def test_tensorboard_has_each_point_once(tmp_path: Path, ranks: int | None) -> None:
    """Some checkpoints fall on a step at which more is logged after them."""
    options: dict[str, Any] = {
        "loggers": ["csv", "tensorboard"],
        "checkpoint": {"every_n_train_steps": 3, "monitor": "val_loss"},
        "batch_size": 8,
        "max_epochs": 4,
    }
    if ranks is not None:
        options |= {"strategy": "ddp", "devices": 2, "batch_size": 4}
    straight_run(tmp_path / "straight", options, ranks)
    killed_run(random_project(tmp_path / "killed", options), ranks)
    expected = points(run_folder(tmp_path / "straight"))
    assert {"train_loss", "train_loss_epoch", "val_loss", "epoch"} <= expected.keys()
    for tag, values in expected.items():
        assert len({step for step, _ in values}) == len(values), tag
    assert points(run_folder(tmp_path / "killed")) == expected


def test_initial_weights_are_not_taken_again(tmp_path: Path) -> None:
    random_project(tmp_path / "first", {"max_epochs": 1})
    assert launch(tmp_path / "first").done
    weights = run_folder(tmp_path / "first") / "checkpoints" / "last.ckpt"
    options = {"init_from": str(weights)}
    straight_run(tmp_path / "straight", options, None)
    killed = random_project(tmp_path / "killed", options)
    killed_run(killed, None)
    assert_same_runs(run_folder(tmp_path / "straight"), run_folder(killed))


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [None, 2], ids=["single", "ddp"])
def test_compiled(tmp_path: Path, ranks: int | None) -> None:
    options: dict[str, Any] = {"compile": True, "max_epochs": 2, "drop_last": True}
    if ranks is not None:
        options |= {"strategy": "ddp", "devices": 2}
    straight_run(tmp_path / "straight", options, ranks)
    killed_run(random_project(tmp_path / "killed", options), ranks, kills=2)
    assert_same_runs(run_folder(tmp_path / "straight"), run_folder(tmp_path / "killed"))


BLOCKS: dict[str, Any] = {
    "optimizer": None,
    "optimizers": {
        "outer": {
            "parameters": ["enter", "leave"],
            "optimizer": {"name": "Adam", "lr": 0.01},
            "scheduler": {"name": "StepLR", "step_size": 1, "gamma": 0.7},
            "gradient_clip_val": 0.5,
        },
        # its window is open at most checkpoints
        "blocks": {
            "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9},
            "scheduler": {"name": "CosineAnnealingLR", "interval": "step"},
            "every_n_steps": 2,
            "accumulate_grad_batches": 5,
        },
    },
}
FSDP_WRAP = {"strategy": "fsdp", "devices": 2, "fsdp": {"wrap": ["Block"]}}
SECOND_STEP = """
    def blocks_step(self, batch: tuple[Tensor, ...]) -> Tensor:
        return self.metrics(batch[0], batch[1])["loss"]

    def validation_step"""


def blocks_project(folder: Path, options: dict[str, Any]) -> Path:
    """Return a project of two optimizers."""
    model = MODEL.replace("def training_step", "def outer_step")
    model = model.replace("\n    def validation_step", SECOND_STEP)
    return make_project(folder, {**OPTIONS, **BLOCKS, **options}, model, DATA)


@pytest.mark.parametrize(
    ("ranks", "options"),
    [
        (None, {}),
        (None, {"precision": "16-mixed", "ema": True}),
        (2, {"strategy": "ddp", "devices": 2}),
        (2, {**FSDP_WRAP, "ema": True}),
        (2, {"strategy": "fsdp", "devices": 2, "precision": "16-mixed"}),
        # each block of a wrapped class is all frozen in the other's first forward pass
        (2, {**FSDP_WRAP, "precision": "bf16-mixed", "num_sanity_val_steps": 0}),
    ],
    ids=["single", "scaled", "ddp", "fsdp", "fsdp scaled", "fsdp mixed"],
)
def test_several_optimizers(tmp_path: Path, ranks: int | None, options: dict[str, Any]) -> None:
    """Each with its schedule, and one with gradients that it has not yet stepped with."""
    straight = blocks_project(tmp_path / "straight", options)
    assert launch(straight, ranks=ranks).done
    killed = blocks_project(tmp_path / "killed", options)
    killed_run(killed, ranks)
    assert_same_runs(run_folder(straight), run_folder(killed))
    last = load_whole(run_folder(straight) / "checkpoints" / "last.ckpt")
    assert any(gradient is not None for gradient in last["blocks_gradients"])


def stream_project(folder: Path, state: str) -> Path:
    """Return a project of iterable data, with or without a state."""
    data = DATA.replace("Dataset, TensorDataset", "Dataset, IterableDataset, TensorDataset")
    data = data.replace("\n\nclass Points", f"{STREAM}{state}\n\nclass Points")
    data = data.replace(
        "train_dataset(self) -> Dataset[tuple[Tensor, ...]]:\n        return Augmented(",
        "train_dataset(self) -> Stream:\n        return Stream(",
    )
    return make_project(folder, {**OPTIONS, "num_workers": 0}, MODEL, data)


def test_iterable_data_with_a_state_go_on_where_they_were(tmp_path: Path) -> None:
    for name in ("straight", "killed"):
        stream_project(tmp_path / name, STATE)
    assert launch(tmp_path / "straight").done
    killed_run(tmp_path / "killed", None)
    assert_same_runs(run_folder(tmp_path / "straight"), run_folder(tmp_path / "killed"))


def test_iterable_data_that_have_met_their_end_do_not_begin_again(tmp_path: Path) -> None:
    """The checkpoint of an epoch's last step, whose batch is not full, has no batch before it."""
    stream_project(tmp_path / "straight", STATE)
    assert launch(tmp_path / "straight").done
    stopped = stream_project(tmp_path / "stopped", STATE)
    assert launch(stopped, "--max-steps", "12").done
    at_last_step = run_folder(stopped) / "checkpoints" / "previous.ckpt"
    saved = torch.load(at_last_step, weights_only=True)
    of_data = saved["ranks"][0]["train_data"]["data"]
    assert (saved["step"], saved["epoch"], of_data["ended"]) == (12, 0, True)
    ended = launch(stopped, "--resume", str(at_last_step), "--max-steps", "-1")
    assert ended.done, ended.output
    assert_same_runs(run_folder(tmp_path / "straight"), run_folder(stopped))


def test_iterable_data_without_a_state_start_their_epoch_again_and_say_so(tmp_path: Path) -> None:
    stream_project(tmp_path, "")
    first = launch(tmp_path, "--max-steps", "16")
    assert first.done, first.output
    ended = launch(tmp_path, "--resume", "last", "--max-steps", "-1")
    assert ended.done and "has no state: epoch 1 starts again" in ended.output, ended.output
    last = torch.load(run_folder(tmp_path) / "checkpoints" / "last.ckpt", weights_only=True)
    # 12 steps in each of three epochs, and four of the second one twice
    assert (last["step"], last["epoch"]) == (40, 3)


@pytest.mark.parametrize("strategy", ["single", "fsdp"])
def test_average_that_was_not_written_is_written_by_the_next_process(
    tmp_path: Path, strategy: str
) -> None:
    """A run that ends within an epoch, and then once more where nothing is missing."""
    options: dict[str, Any] = {"swa": {"swa_epoch_start": 1}, "max_steps": 12, "max_epochs": 4}
    ranks = 2 if strategy == "fsdp" else None
    options |= {"strategy": strategy, "devices": ranks or 1}
    straight_run(tmp_path / "straight", options, ranks)
    ended_run = random_project(tmp_path / "ended", options)
    assert launch(ended_run, ranks=ranks).done
    checkpoints = run_folder(ended_run) / "checkpoints"
    assert_same_runs(run_folder(tmp_path / "straight"), run_folder(ended_run))
    written = checkpoints / "swa.pt"
    written.rename(tmp_path / "elsewhere")
    for _ in range(2):
        ended = launch(ended_run, "--resume", "last", ranks=ranks)
        assert ended.done and "nothing left to train" in ended.output
        mine, theirs = (
            load_whole(run_folder(tmp_path / name) / "checkpoints" / "swa.pt")
            for name in ("ended", "straight")
        )
        del mine["config"], theirs["config"]
        assert_same(mine, theirs, "swa.pt")
        rows = (run_folder(ended_run) / "metrics.csv").read_text().splitlines()
        assert len([row for row in rows if row.split(",")[-1]]) == 2  # the header, and the average


def test_average_of_another_start_is_not_gone_on_with(tmp_path: Path) -> None:
    """Before the start nothing is lost; after it the average would lack epochs."""
    options = {"swa": {"swa_epoch_start": 2}, "max_epochs": 3}
    project = random_project(tmp_path, options)
    assert launch(project).done
    ended = launch(project, "--resume", "last", "--swa-epoch-start", "3", "--max-epochs", "4")
    assert ended.codes == [1]
    assert "holds 2 epochs; of the 3 that are done, 1 are from swa_epoch_start 3 on" in ended.output
    assert launch(project, "--resume", "last", "--swa-epoch-start", "4", "--max-epochs", "5").done
    written = run_folder(project) / "checkpoints" / "swa.pt"
    assert torch.load(written, weights_only=True)["epoch"] == 4


def test_weights_of_a_sharded_average(tmp_path: Path) -> None:
    """They are validated, and training does not go on with them."""
    options = {"swa": {"swa_epoch_start": 1}, "max_epochs": 1, "strategy": "fsdp", "devices": 2}
    project = random_project(tmp_path, options)
    assert launch(project, ranks=2).done
    path = str(run_folder(project) / "checkpoints" / "swa.pt")
    assert launch(project, "--resume", path, "--task", "validate", ranks=2).done
    ended = launch(project, "--resume", path, ranks=2)
    assert 1 in ended.codes and "does not fit the optimizer" in ended.output, ended.output


def test_weights_of_an_average(tmp_path: Path) -> None:
    """They are validated and started from, and training does not go on with them."""
    project = random_project(tmp_path, {"swa": {"swa_epoch_start": 1}, "max_epochs": 1})
    assert launch(project).done
    path = str(run_folder(project) / "checkpoints" / "swa.pt")
    assert launch(project, "--resume", path, "--task", "validate").done
    ended = launch(project, "--resume", path)
    assert ended.codes == [1] and "the checkpoint holds no optimizer" in ended.output
    random_project(tmp_path / "next", {"init_from": path, "max_epochs": 1})
    assert launch(tmp_path / "next").done
