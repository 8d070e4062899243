import json
import os

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from runtime.checkpoint_file import DamagedCheckpoint
from runtime.checkpoint_folder import load_state, load_verified_state
from runtime.go_on import go_on
from runtime.sharded_checkpoints import ShardedCheckpoints
from runtime.sharded_resume import restore_model, restore_optimizers, resume_sharded
from runtime.sharded_state import sharded_state
from tests.runtime.ranks import run_ranks


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(5, 5)
        self.norm = nn.LayerNorm(5)

    def forward(self, x):
        return x + self.norm(torch.tanh(self.inner(x)))


def build():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), Block(), Block(), nn.Linear(5, 1))
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    for module in reversed(list(model.modules())):
        if isinstance(module, Block):
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model, torch.optim.AdamW(model.parameters(), lr=0.01)


def step_once(model, optimizer, step):
    # the same batch on every rank: the sum over ranks is then the same on any number of them
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
    optimizer.zero_grad()
    model(x).square().mean().backward()
    optimizer.step()


def everything(model, optimizer):
    values = [parameter.detach() for parameter in model.parameters()]
    for state in optimizer.state.values():
        values += [state["exp_avg"], state["exp_avg_sq"], state["step"]]
    return [
        (value.full_tensor() if isinstance(value, DTensor) else value).tolist() for value in values
    ]


def train(rank, world_size, root, first, steps, resume=None, top_k=1):
    model, optimizer = build()
    folder = root / "version_0" / "checkpoints"
    checkpoints = ShardedCheckpoints(folder, monitor="val_loss", save_top_k=top_k)
    if resume is not None:
        run, checkpoint = resume_sharded(root, resume)
        assert run == root / "version_0" and checkpoint["step"] == first
        go_on(checkpoints, checkpoint) if rank == 0 else None
        restore_model(checkpoint, model)
        restore_optimizers(checkpoint, model, optimizer=optimizer)
    for step in range(first + 1, steps + 1):
        step_once(model, optimizer, step)
        state = {"step": step, "epoch": 0, "config": {}, "ranks": [{}]} if rank == 0 else {}
        checkpoints.save_shards(
            sharded_state(model, optimizer=optimizer),
            state,
            epoch=0,
            step=step,
            metrics={"val_loss": float(abs(step - 2))},
        )
    return everything(model, optimizer)


@pytest.mark.parametrize("before, after", [(2, 2), (3, 3), (2, 3), (3, 1)])
def test_resumed_sharded_training_equals_the_straight_one(tmp_path, before, after):
    straight = run_ranks(train, before, tmp_path / "straight", 0, 4)[0]
    run_ranks(train, before, tmp_path / "stopped", 0, 2)
    resumed = run_ranks(train, after, tmp_path / "stopped", 2, 4, "last")[0]
    if before == after:
        assert resumed == straight
    for ours, theirs in zip(resumed, straight, strict=True):
        assert torch.allclose(torch.tensor(ours), torch.tensor(theirs), rtol=1e-4, atol=1e-6)


def test_a_restored_state_is_the_saved_one_bit_for_bit_on_other_ranks(tmp_path):
    saved = run_ranks(train, 2, tmp_path, 0, 2)[0]
    assert run_ranks(train, 3, tmp_path, 2, 2, "last")[0] == saved


def test_folders_as_files_of_a_single_process(tmp_path):
    run_ranks(train, 2, tmp_path, 0, 4, None, 2)
    folder = tmp_path / "version_0" / "checkpoints"
    assert sorted(os.listdir(folder)) == [
        "epoch=0-step=1.ckpt",
        "epoch=0-step=2.ckpt",
        "last.ckpt",
        "previous.ckpt",
    ]
    assert load_verified_state(folder / "last.ckpt")["step"] == 4
    assert load_verified_state(folder / "previous.ckpt")["step"] == 3
    manifest = json.loads((folder / "last.ckpt" / "manifest.json").read_text())
    assert set(manifest) == set(os.listdir(folder / "last.ckpt")) - {"manifest.json"}


def test_damage_in_any_file_is_recognised_before_it_is_opened(tmp_path):
    run_ranks(train, 2, tmp_path, 0, 1)
    folder = tmp_path / "version_0" / "checkpoints" / "last.ckpt"
    names = sorted(os.listdir(folder))
    assert len(names) >= 5
    for name in names:
        whole = (folder / name).read_bytes()
        (folder / name).unlink()
        for content in (whole[:-1], whole[:9] + bytes([whole[9] ^ 1]) + whole[10:], None):
            if content is not None:
                (folder / name).write_bytes(content)
            else:
                (folder / name).unlink()
            with pytest.raises(DamagedCheckpoint):
                load_verified_state(folder)
        (folder / name).write_bytes(whole)
    assert load_verified_state(folder)["step"] == 1
    with pytest.raises(FileNotFoundError):
        load_state(folder.with_name("none.ckpt"))


def test_a_damaged_last_falls_back_on_every_rank(tmp_path):
    run_ranks(train, 2, tmp_path, 0, 3)
    last = tmp_path / "version_0" / "checkpoints" / "last.ckpt"
    shard = next(last.glob("*.distcp"))
    content = shard.read_bytes()
    shard.unlink()
    shard.write_bytes(content[:-4])
    run_ranks(train, 2, tmp_path, 2, 3, "last")
