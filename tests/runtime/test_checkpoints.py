import math
import os
import random
from pathlib import Path

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from runtime.checkpoint_file import load_checkpoint, save_checkpoint
from runtime.checkpoints import Checkpoints, file_stem
from runtime.go_on import go_on
from runtime.resume_path import resume_checkpoint


def state(step):
    return {"step": step, "epoch": 0, "config": {}, "model": {"w": torch.tensor(float(step))}}


def resume_path(path):
    """Return the checkpoint as a run that goes on from it gets it."""
    return {**load_checkpoint(path), "path": str(path)}


def names(folder):
    return {path.name for path in folder.iterdir()} - {"last.ckpt", "previous.ckpt"}


class TrainerStub:
    """The little that ModelCheckpoint asks of a trainer when it saves."""

    class strategy:
        @staticmethod
        def reduce_boolean_decision(decision, all=True):
            return decision

        @staticmethod
        def broadcast(value):
            return value

        @staticmethod
        def remove_checkpoint(path):
            os.remove(path)

    is_global_zero = True
    loggers = ()
    global_step = 0
    ckpt_path = None
    default_root_dir = "nowhere"

    def save_checkpoint(self, path, weights_only):
        Path(path).touch()


def test_same_files_and_best_as_lightning(tmp_path):
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    for trial in range(150):
        mode, top_k = draw.choice(["min", "max"]), draw.choice([1, 2, 3, 5, -1])
        filename = draw.choice(["{epoch}-{step}", "{epoch}", "{step:04d}-{val_loss:.1f}", "best"])
        theirs_folder, folder = tmp_path / f"theirs{trial}", tmp_path / f"ours{trial}"
        theirs_folder.mkdir()
        theirs = ModelCheckpoint(
            theirs_folder, filename, monitor="val_loss", mode=mode, save_top_k=top_k
        )
        ours = Checkpoints(
            folder, monitor="val_loss", mode=mode, save_top_k=top_k, filename=filename
        )
        for step in range(1, 13):
            epoch = step // 4
            value = draw.choice([draw.randint(-8, 8) / 4] * 12 + [math.nan, math.inf, -math.inf])
            theirs._save_monitor_checkpoint(
                TrainerStub(),
                {
                    "val_loss": torch.tensor(value),
                    "epoch": torch.tensor(epoch),
                    "step": torch.tensor(step),
                },
            )
            ours.save(state(step), epoch=epoch, step=step, metrics={"val_loss": value})
            assert names(folder) == names(theirs_folder)
            best = load_checkpoint(folder / "last.ckpt")["checkpoints"]["best"]
            assert best[0] == Path(theirs.best_model_path).name
            if draw.random() < 0.2:
                ours = Checkpoints(
                    folder, monitor="val_loss", mode=mode, save_top_k=top_k, filename=filename
                )
                go_on(ours, resume_path(folder / "last.ckpt"))


@pytest.mark.parametrize(
    "template",
    ["{epoch}-{step}", "{epoch:03d}", "a-{val_loss:.2f}", "{step}_{val_acc:.3f}-x", "plain"],
)
def test_same_file_names_as_lightning(template):
    values = {"epoch": 2, "step": 31, "val_loss": 0.125, "val_acc": 0.5}
    theirs = ModelCheckpoint(filename=template).format_checkpoint_name(
        {name: torch.tensor(value) for name, value in values.items()}
    )
    assert file_stem(template, values) + ".ckpt" == theirs


def test_top_two_of_four_validations(tmp_path):
    checkpoints = Checkpoints(tmp_path, monitor="val_loss", save_top_k=2)
    for epoch, val_loss in enumerate([5.0, 4.0, 6.0, 3.0]):
        step = 3 * epoch + 3
        checkpoints.save(state(step), epoch=epoch, step=step, metrics={"val_loss": val_loss})
    assert names(tmp_path) == {"epoch=1-step=6.ckpt", "epoch=3-step=12.ckpt"}
    assert load_checkpoint(tmp_path / "last.ckpt")["step"] == 12
    assert load_checkpoint(tmp_path / "previous.ckpt")["step"] == 9


def test_a_checkpoint_knows_that_it_is_ranked_itself(tmp_path):
    checkpoints = Checkpoints(tmp_path, monitor="val_loss")
    checkpoints.save(state(3), epoch=0, step=3, metrics={"val_loss": 1.0})
    assert load_checkpoint(tmp_path / "epoch=0-step=3.ckpt")["checkpoints"]["best"] == [
        "epoch=0-step=3.ckpt"
    ]


def test_intervals_write_last_only_and_a_state_is_written_once(tmp_path):
    checkpoints = Checkpoints(tmp_path, monitor="val_loss")
    checkpoints.save(state(1), epoch=0, step=1, metrics={"val_loss": 1.0})
    checkpoints.save(state(2), epoch=0, step=2, metrics={})
    assert names(tmp_path) == {"epoch=0-step=1.ckpt"}
    assert load_checkpoint(tmp_path / "last.ckpt")["step"] == 2
    previous = (tmp_path / "previous.ckpt").stat()
    assert previous.st_ino == (tmp_path / "epoch=0-step=1.ckpt").stat().st_ino


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("monitor", ["val_loss", None])
def test_a_later_state_of_a_step_takes_the_place_of_the_earlier(tmp_path, monitor, resumed):
    """Its rank stays, and other steps of the same name have files of their own."""
    settings = {"monitor": monitor, "save_top_k": -1, "filename": "{epoch}"}
    checkpoints = Checkpoints(tmp_path, **settings)
    for step, value in [(1, 2.0), (2, 1.0)]:
        metrics = {"val_loss": value}
        checkpoints.save(state(step), epoch=0, step=step, metrics=metrics)
    if resumed:
        checkpoints = Checkpoints(tmp_path, **settings)
        go_on(checkpoints, resume_path(tmp_path / "last.ckpt"))
    checkpoints.save({**state(2), "epoch": 1}, epoch=0, step=2, metrics={})
    checkpoints.save({**state(3), "epoch": 1}, epoch=1, step=3, metrics={"val_loss": 3.0})
    saved = {name: load_checkpoint(tmp_path / name) for name in names(tmp_path)}
    assert {name: (found["step"], found["epoch"]) for name, found in saved.items()} == {
        "epoch=0.ckpt": (1, 0),
        "epoch=0-v1.ckpt": (2, 1),
        "epoch=1.ckpt": (3, 1),
    }
    best = ["epoch=0-v1.ckpt", "epoch=0.ckpt", "epoch=1.ckpt"]
    last = load_checkpoint(tmp_path / "last.ckpt")
    assert last["step"] == 3
    if monitor is not None:
        assert last["checkpoints"]["best"] == best


@pytest.mark.parametrize("top_k, kept", [(1, 0), (-1, 4)])
def test_without_a_monitor_only_the_last_or_every_state_is_kept(tmp_path, top_k, kept):
    checkpoints = Checkpoints(tmp_path, save_top_k=top_k)
    for step in range(4):
        checkpoints.save(state(step), epoch=0, step=step, metrics={})
    assert len(names(tmp_path)) == kept


def test_without_save_last_the_newest_of_the_best_is_resumed(tmp_path):
    folder = tmp_path / "version_0" / "checkpoints"
    checkpoints = Checkpoints(folder, monitor="val_loss", save_top_k=2, save_last=False)
    for step, value in enumerate([3.0, 1.0, 2.0]):
        checkpoints.save(state(step), epoch=0, step=step, metrics={"val_loss": value})
        os.utime(folder / f"epoch=0-step={step}.ckpt", (step, step)) if step < 2 else None
    assert {path.name for path in folder.iterdir()} == {
        "epoch=0-step=1.ckpt",
        "epoch=0-step=2.ckpt",
    }
    assert resume_checkpoint(tmp_path, "last")[1]["step"] == 2
    assert resume_checkpoint(tmp_path, "best")[1]["step"] == 1


def test_works_where_the_file_system_has_no_links(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    checkpoints = Checkpoints(tmp_path, monitor="val_loss")
    for step in range(3):
        checkpoints.save(state(step), epoch=0, step=step, metrics={"val_loss": 1.0})
    assert load_checkpoint(tmp_path / "last.ckpt")["step"] == 2
    assert load_checkpoint(tmp_path / "previous.ckpt")["step"] == 1
    assert names(tmp_path) == {"epoch=0-step=0.ckpt"}


def test_metric_names_may_hold_a_slash(tmp_path):
    checkpoints = Checkpoints(tmp_path, monitor="val/a", filename="{step}-{val/a}")
    for step in range(2):
        checkpoints.save(state(step), epoch=0, step=step, metrics={"val/a": 1.0 - step})
    assert [path.name for path in tmp_path.rglob("a=*.ckpt")] == ["a=0.0.ckpt"]


VALUES = [5.0, 4.0, None, 6.0, 3.0, 3.0, None, 1.0]


def train(root, top_k, die_at=None):
    """Save after each of eight steps, from where an earlier call was killed; die_at counts."""
    operations = 0

    def counted(function):
        def call(*arguments, **options):
            nonlocal operations
            operations += 1
            if operations == die_at:
                os._exit(9)
            return function(*arguments, **options)

        return call

    folder = root / "version_0" / "checkpoints"
    checkpoints = Checkpoints(folder, monitor="val_loss", save_top_k=top_k)
    first = 0
    if (folder / "last.ckpt").exists():
        _, checkpoint = resume_checkpoint(root, "last")
        first = checkpoint["step"]
        go_on(checkpoints, checkpoint)
    originals = {name: getattr(os, name) for name in ("replace", "link", "fsync", "unlink")}
    for name, function in originals.items():
        setattr(os, name, counted(function))
    try:
        for step in range(first + 1, len(VALUES) + 1):
            value = VALUES[step - 1]
            metrics = {} if value is None else {"val_loss": value}
            checkpoints.save(state(step), epoch=0, step=step, metrics=metrics)
    finally:
        for name, function in originals.items():
            setattr(os, name, function)
    return operations


def contents(root):
    return {
        path.name: (
            float(load_checkpoint(path)["model"]["w"]),
            load_checkpoint(path)["checkpoints"],
        )
        for path in (root / "version_0" / "checkpoints").iterdir()
    }


@pytest.mark.parametrize("top_k", [1, 2, -1])
def test_killed_at_any_file_operation_and_resumed_leaves_the_same_files(tmp_path, top_k):
    operations = train(tmp_path / "straight", top_k)
    expected = contents(tmp_path / "straight")
    assert operations > 30
    for die_at in range(1, operations + 1):
        root = tmp_path / str(die_at)
        child = os.fork()
        if child == 0:
            train(root, top_k, die_at)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        folder = root / "version_0" / "checkpoints"
        if (folder / "last.ckpt").exists():
            listed = load_checkpoint(folder / "last.ckpt")["checkpoints"]["files"]
            assert listed.keys() <= names(folder)
        train(root, top_k)
        assert contents(root) == expected, die_at


def test_a_damaged_last_falls_back_to_the_one_before(tmp_path, capsys):
    train(tmp_path, 1)
    folder = tmp_path / "version_0" / "checkpoints"
    # last.ckpt may share its content with a ranked file: write a torn one of its own
    torn = (folder / "last.ckpt").read_bytes()[:-50]
    (folder / "last.ckpt").unlink()
    (folder / "last.ckpt").write_bytes(torn)
    assert resume_checkpoint(tmp_path, "last")[1]["step"] == 7
    assert "last.ckpt cannot be read" in capsys.readouterr().err


def save_steps(checkpoints, *steps):
    for step in steps:
        checkpoints.save(state(step), epoch=0, step=step, metrics={})


def test_a_damaged_last_never_becomes_the_one_before(tmp_path):
    """Whenever the next save is interrupted, a good checkpoint is there."""
    folder = tmp_path / "version_0" / "checkpoints"
    save_steps(Checkpoints(folder), 1, 2)
    (folder / "last.ckpt").unlink()
    (folder / "last.ckpt").write_bytes(b"damaged")
    again = Checkpoints(folder)
    go_on(again, resume_checkpoint(tmp_path, "last")[1])
    assert load_checkpoint(folder / "last.ckpt")["step"] == 1
    save_steps(again, 2)
    assert load_checkpoint(folder / "previous.ckpt")["step"] == 1
    assert load_checkpoint(folder / "last.ckpt")["step"] == 2


def test_a_last_of_steps_that_are_done_again_never_becomes_the_one_before(tmp_path):
    save_steps(Checkpoints(tmp_path, save_top_k=-1), 1, 2, 3, 4)
    again = Checkpoints(tmp_path, save_top_k=-1)
    go_on(again, resume_path(tmp_path / "epoch=0-step=2.ckpt"))
    assert load_checkpoint(tmp_path / "last.ckpt")["step"] == 2
    save_steps(again, 3)
    assert load_checkpoint(tmp_path / "previous.ckpt")["step"] == 2


def test_weights_of_a_state_are_not_changed_by_saving(tmp_path):
    given = state(1)
    Checkpoints(tmp_path).save(given, epoch=0, step=1, metrics={})
    assert "checkpoints" not in given
    save_checkpoint(given, tmp_path / "a.ckpt")


@pytest.mark.parametrize("source", ["previous.ckpt", "last.ckpt"])
def test_the_ranking_holds_what_is_there(tmp_path, source):
    """A resumed run that is worse than what it goes on from still has a best checkpoint."""
    checkpoints = Checkpoints(tmp_path, monitor="val_loss")
    for step, loss in ((10, 1.0), (20, 0.9)):
        checkpoints.save(state(step), epoch=0, step=step, metrics={"val_loss": loss})
    # the file of step 10 is gone, but for its other name
    again = Checkpoints(tmp_path, monitor="val_loss")
    go_on(again, resume_path(tmp_path / source))
    best = "epoch=0-step=10.ckpt" if source == "previous.ckpt" else "epoch=0-step=20.ckpt"
    assert again.state_dict()["best"] == [best]
    again.save(state(30), epoch=0, step=30, metrics={"val_loss": 1.2})
    saved = load_checkpoint(tmp_path / "last.ckpt")["checkpoints"]
    assert saved["best"] == [best] and (tmp_path / best).exists()
    again.save(state(40), epoch=0, step=40, metrics={"val_loss": 0.5})
    assert again.state_dict()["best"] == ["epoch=0-step=40.ckpt"]
    assert not (tmp_path / best).exists()


def test_what_was_replaced_since_holds_no_place(tmp_path):
    checkpoints = Checkpoints(tmp_path, monitor="val_loss", save_top_k=3)
    for step, loss in ((10, 0.9), (20, 0.8), (30, 0.5), (40, 0.7), (50, 0.6)):
        checkpoints.save(state(step), epoch=0, step=step, metrics={"val_loss": loss})
    again = Checkpoints(tmp_path, monitor="val_loss", save_top_k=3)
    go_on(again, resume_path(tmp_path / "epoch=0-step=30.ckpt"))
    assert list(again.files) == ["epoch=0-step=30.ckpt"]
    for step, loss in ((40, 0.95), (50, 0.99)):
        again.save(state(step), epoch=0, step=step, metrics={"val_loss": loss})
    assert names(tmp_path) == {f"epoch=0-step={step}.ckpt" for step in (30, 40, 50)}


def test_a_resumed_run_may_keep_fewer(tmp_path):
    checkpoints = Checkpoints(tmp_path, monitor="val_loss", save_top_k=3)
    for step, loss in enumerate([5.0, 4.0, 6.0]):
        checkpoints.save(state(step), epoch=step, step=step, metrics={"val_loss": loss})
    fewer = Checkpoints(tmp_path, monitor="val_loss", save_top_k=1)
    go_on(fewer, resume_path(tmp_path / "last.ckpt"))
    fewer.save(state(3), epoch=3, step=3, metrics={"val_loss": 4.5})
    assert names(tmp_path) == {"epoch=1-step=1.ckpt"}
    fewer.save(state(4), epoch=4, step=4, metrics={"val_loss": 3.0})
    assert names(tmp_path) == {"epoch=4-step=4.ckpt"}
