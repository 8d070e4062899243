from runtime.checkpoint_file import DamagedCheckpoint, load_checkpoint
from runtime.resume_on_all_ranks import resume_on_all_ranks
from tests.runtime.ranks import run_ranks
from tests.runtime.test_resume_path import train


def resume(rank, world_size, root, verify=load_checkpoint, load=load_checkpoint):
    """Return what a rank goes on from, or why it ends."""
    try:
        run, checkpoint = resume_on_all_ranks(root, "last", verify, load)
    except SystemExit as end:
        return end.code
    return run.name, checkpoint["step"]


def damaged_last(path):
    if path.name == "last.ckpt":
        raise DamagedCheckpoint(f"{path.name} is damaged")
    return load_checkpoint(path)


def older(path):
    return {**load_checkpoint(path), "step": 1}


def test_what_rank_0_finds_damaged_no_rank_goes_on_from(tmp_path):
    train(tmp_path, [3.0, 1.0, 2.0])
    assert run_ranks(resume, 3, tmp_path) == [("version_0", 3)] * 3
    assert run_ranks(resume, 3, tmp_path, damaged_last) == [("version_0", 2)] * 3


def test_all_ranks_end_where_one_finds_another_state(tmp_path):
    last = train(tmp_path, [3.0, 1.0, 2.0]) / "checkpoints" / "last.ckpt"
    why = "rank 1 does not find the checkpoint of rank 0: "
    ends = run_ranks(resume, 2, tmp_path, load_checkpoint, older)
    assert ends == [1, f"{why}{last} is of step 1"]
    ends = run_ranks(resume, 2, tmp_path, load_checkpoint, damaged_last)
    assert ends == [1, f"{why}last.ckpt is damaged"]


def test_nothing_to_go_on_from_is_said_by_rank_0_alone(tmp_path):
    first, second = run_ranks(resume, 2, tmp_path)
    assert first.startswith("there is no checkpoint") and second == 1
