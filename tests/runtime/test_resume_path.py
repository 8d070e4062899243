import multiprocessing

import pytest

from runtime.checkpoint_file import load_checkpoint
from runtime.checkpoints import Checkpoints
from runtime.resume_path import resume_checkpoint
from runtime.run_folder import new_run_folder
from tests.runtime.test_checkpoints import state


def train(root, values, top_k=2):
    run = new_run_folder(root)
    checkpoints = Checkpoints(run / "checkpoints", monitor="val_loss", save_top_k=top_k)
    for step, value in enumerate(values, 1):
        checkpoints.save(state(step), epoch=0, step=step, metrics={"val_loss": value})
    return run


def damage(path):
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def test_run_folders_are_numbered_on(tmp_path):
    root = tmp_path / "a" / "runs"
    (root / "version_x").mkdir(parents=True)
    assert [new_run_folder(root).name for _ in range(3)] == ["version_0", "version_1", "version_2"]
    (root / "version_9").mkdir()
    assert new_run_folder(str(root)).name == "version_10"


def make_folders(root, count):
    return [new_run_folder(root).name for _ in range(count)]


def test_runs_that_start_together_get_folders_of_their_own(tmp_path):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        names = pool.starmap(make_folders, [(tmp_path, 25)] * 4)
    assert len({name for some in names for name in some}) == 100


def test_last_and_best_of_the_newest_run_that_has_a_checkpoint(tmp_path):
    train(tmp_path, [1.0])
    second = train(tmp_path, [3.0, 1.0, 2.0])
    new_run_folder(tmp_path)
    run, last = resume_checkpoint(tmp_path, "last")
    assert (run, last["step"]) == (second, 3)
    run, best = resume_checkpoint(tmp_path, "best")
    assert (run, best["step"]) == (second, 2)


def test_version_10_is_newer_than_version_9(tmp_path):
    for _ in range(10):
        new_run_folder(tmp_path)
    (tmp_path / "version_9").rmdir()
    (train(tmp_path / "other", [1.0])).rename(tmp_path / "version_9")
    newest = train(tmp_path, [1.0])
    assert newest.name == "version_10"
    assert resume_checkpoint(tmp_path, "last")[0] == newest


def test_a_path_names_its_run(tmp_path):
    run = train(tmp_path, [3.0, 1.0, 2.0])
    path = run / "checkpoints" / "epoch=0-step=2.ckpt"
    found, checkpoint = resume_checkpoint("elsewhere", str(path))
    assert (found, checkpoint["step"]) == (run, 2)


def test_a_damaged_checkpoint_is_said_and_the_one_before_it_used(tmp_path, capsys):
    run = train(tmp_path, [3.0, 1.0, 2.0])
    damage(run / "checkpoints" / "last.ckpt")
    assert resume_checkpoint(tmp_path, "last")[1]["step"] == 2
    message = capsys.readouterr().err
    assert "last.ckpt cannot be read" in message and "previous.ckpt, step 2" in message


def test_where_the_best_is_damaged_the_next_best_is_used(tmp_path):
    run = train(tmp_path, [3.0, 1.0, 2.0])
    damage(run / "checkpoints" / "epoch=0-step=2.ckpt")
    assert resume_checkpoint(tmp_path, "best")[1]["step"] == 3


def test_no_other_run_goes_on_in_the_place_of_one_with_nothing_usable(tmp_path):
    train(tmp_path, [1.0])
    second = train(tmp_path, [2.0])
    for path in (second / "checkpoints").iterdir():
        damage(path)
    with pytest.raises(SystemExit, match="no checkpoint in .*version_1.* can be used"):
        resume_checkpoint(tmp_path, "last")


def test_nothing_to_resume_is_a_clear_error(tmp_path):
    for which, message in [
        ("last", "there is no checkpoint in"),
        ("best", "there is no checkpoint in"),
        (str(tmp_path / "x.ckpt"), "there is no checkpoint .*x.ckpt"),
    ]:
        with pytest.raises(SystemExit, match=message):
            resume_checkpoint(tmp_path, which)


def test_a_run_given_in_the_place_of_its_checkpoint_names_the_checkpoint(tmp_path):
    run = train(tmp_path, [1.0])
    with pytest.raises(SystemExit, match="is a run, not a checkpoint of it such as .*last.ckpt"):
        resume_checkpoint(tmp_path, str(run))


def test_a_damaged_file_given_by_path_is_a_clear_error(tmp_path):
    path = train(tmp_path, [1.0]) / "checkpoints" / "last.ckpt"
    damage(path)
    with pytest.raises(SystemExit, match="last.ckpt cannot be read"):
        resume_checkpoint(tmp_path, str(path))
    load_checkpoint(path.with_name("epoch=0-step=1.ckpt"))


def test_best_without_a_ranking_is_a_clear_error(tmp_path):
    checkpoints = Checkpoints(new_run_folder(tmp_path) / "checkpoints")
    checkpoints.save(state(1), epoch=0, step=1, metrics={})
    with pytest.raises(SystemExit, match="holds no best checkpoint"):
        resume_checkpoint(tmp_path, "best")


def test_a_checkpoint_that_was_moved_out_of_its_run_is_not_resumed(tmp_path):
    """What a run writes goes beside its checkpoints: no stranger's folder is written to."""
    path = train(tmp_path, [1.0]) / "checkpoints" / "last.ckpt"
    (tmp_path / "elsewhere").mkdir()
    moved = path.rename(tmp_path / "elsewhere" / "last.ckpt")
    with pytest.raises(SystemExit, match="is not in the folder checkpoints of a run"):
        resume_checkpoint(tmp_path, str(moved))
