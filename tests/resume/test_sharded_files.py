"""What the files of a sharded checkpoint hold, and that a run goes on from them as it was."""

from pathlib import Path
from typing import Any

from torch.distributed.checkpoint import FileSystemReader

from tests.support.killed_runs import project, run_folder, straight_run
from tests.support.launch import launch
from tests.support.same_runs import assert_same_runs, load_whole

FSDP: dict[str, Any] = {"strategy": "fsdp", "fsdp": {"wrap": ["Block"]}, "max_epochs": 2}


def test_each_rank_has_a_file_of_its_own_shards(tmp_path: Path) -> None:
    """About as much in each; the run that goes on from them is bit for bit the straight one.

    There is no answer of Lightning's: its fsdp asks for a GPU.
    """
    ranks = 3
    options = {**FSDP, "devices": ranks}
    straight_run(tmp_path / "straight", options, ranks)
    stopped = project(tmp_path / "stopped", options)
    assert launch(stopped, "--max-steps", "5", ranks=ranks).done
    last = run_folder(stopped) / "checkpoints" / "last.ckpt"
    held = held_by_file(last)
    assert len(held) == ranks
    model = load_whole(last)["model"]
    weights = sum(value.numel() for name, value in model.items() if ".running_" not in name)
    # with AdamW's two means; what is not sharded, such as batch norm's statistics, is less
    assert sum(held.values()) >= 3 * weights
    assert max(held.values()) < 1.1 * sum(held.values()) / ranks
    ended = launch(stopped, "--resume", "last", "--max-steps", "-1", ranks=ranks)
    assert ended.done, ended.output
    assert_same_runs(run_folder(tmp_path / "straight"), run_folder(stopped))


def held_by_file(checkpoint: Path) -> dict[str, int]:
    """Return how many numbers of tensors each file holds."""
    held: dict[str, int] = {}
    metadata = FileSystemReader(checkpoint).read_metadata()
    for index, place in metadata.storage_data.items():
        if index.offset is None:
            continue
        tensor = metadata.state_dict_metadata[index.fqn]
        (chunk,) = (part for part in tensor.chunks if part.offsets == index.offset)
        held[place.relative_path] = held.get(place.relative_path, 0) + chunk.sizes.numel()
    return held
