from pathlib import Path

from runtime.checkpoint_file import save_checkpoint
from runtime.is_written import is_written


def test_weights_of_the_step_are_there_whole(tmp_path: Path) -> None:
    path = tmp_path / "swa.pt"
    assert not is_written(path, 3)
    save_checkpoint({"step": 3, "epoch": 1, "config": {}}, path)
    assert is_written(path, 3) and not is_written(path, 4)
    path.write_bytes(path.read_bytes()[:-30])
    assert not is_written(path, 3)
