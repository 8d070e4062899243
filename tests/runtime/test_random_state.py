import random

import numpy as np
import torch
from torch import nn

from runtime.evaluation_mode import evaluation_mode
from runtime.random_state import get_random_state, set_random_state
from runtime.restore_rank import restore_rank
from runtime.seed import seed_everything
from runtime.training_metrics import TrainingMetrics

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def draw():
    return [
        random.random(),
        random.gauss(0, 1),
        float(np.random.rand()),
        float(np.random.randn()),
        torch.rand(()).item(),
        torch.randn(3).tolist(),
        torch.rand((), device=DEVICE).item(),
    ]


def test_same_numbers_after_the_state_went_through_a_file(tmp_path):
    seed_everything(3)
    draw()
    torch.save(get_random_state(DEVICE), tmp_path / "state.pt")
    expected = draw()
    seed_everything(4)
    set_random_state(torch.load(tmp_path / "state.pt", weights_only=True), DEVICE)
    assert draw() == expected


def test_the_seed_decides_every_stream():
    seed_everything(2**32 - 1)
    first = draw()
    seed_everything(2**32 - 1)
    assert draw() == first
    seed_everything(0)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


def test_evaluation_moves_no_stream_and_puts_every_mode_back():
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2))
    model[1].eval()
    seed_everything(1)
    expected = draw()
    seed_everything(1)
    with evaluation_mode(model, DEVICE):
        assert not model.training and not model[0].training
        draw()
    assert draw() == expected
    assert (model.training, model[0].training, model[1].training) == (True, True, False)


def test_evaluation_that_fails_puts_the_modes_back_too():
    model = nn.Dropout()
    try:
        with evaluation_mode(model, "cpu"):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert model.training


def saved_ranks(count):
    ranks = []
    for rank in range(count):
        seed_everything(100 + rank)
        metrics = TrainingMetrics()
        metrics.append({"loss": torch.tensor(float(rank))}, 2, 1)
        ranks.append(
            {"random_state": get_random_state("cpu"), "train_metrics": metrics.state_dict()}
        )
    return {"step": 5, "ranks": ranks}


def restored(checkpoint, rank, world_size):
    metrics = TrainingMetrics()
    restore_rank(checkpoint, metrics, "cpu", seed=0, rank=rank, world_size=world_size)
    return torch.rand(()).item(), metrics.epoch_sums()


def test_each_rank_goes_on_with_its_own_stream_and_sums():
    checkpoint = saved_ranks(2)
    for rank in range(2):
        number, sums = restored(checkpoint, rank, 2)
        torch.manual_seed(100 + rank)
        assert number == torch.rand(()).item()
        assert sums == {"loss": (2.0 * rank, 2)}


def test_other_ranks_get_streams_of_their_own_and_lose_no_sum():
    checkpoint = saved_ranks(2)
    results = [restored(checkpoint, rank, 3) for rank in range(3)]
    assert len({number for number, _ in results}) == 3
    assert [sums for _, sums in results] == [{"loss": (2.0, 4)}, {}, {}]
    assert results == [restored(checkpoint, rank, 3) for rank in range(3)]
