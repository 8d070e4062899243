"""The gpt project as a new user makes it: it learns a text, as a hand-written loop does."""

import csv
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.nn import functional as F

from tests.parity.beside import own_modules
from tests.support import gpt_by_hand as by_hand
from tests.support.commands import run

STEPS = 48
WARMUP = 10


def gpt(folder: Path, *settings: str) -> Path:
    """Make the gpt project with these settings, on the CPU."""
    sets = [word for setting in ("accelerator=cpu", *settings) for word in ("--set", setting)]
    starter = ["--starter", "gpt", "--defaults"]
    run([sys.executable, "-m", "lgen", "new", "gpt", *starter, *sets], folder, 60)
    return folder / "gpt"


def column(project: Path, name: str) -> list[float]:
    """A column of the first run's metrics."""
    with (project / "runs/version_0/metrics.csv").open(newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


def unigram_entropy() -> float:
    """The validation loss of one who knows how frequent each byte is, and nothing else."""
    tokens = by_hand.text()
    size = len(tokens) * 9 // 10
    counts = torch.bincount(tokens[:size], minlength=256) + 1.0  # no byte is impossible
    # the first byte is given
    return float(-(counts / counts.sum()).log()[tokens[size + 1 :]].mean())


def test_learns_text(tmp_path: Path) -> None:
    """Within 80 small steps the loss is clearly below what frequencies give; a sample is shown."""
    project = gpt(tmp_path, "max_steps=80", "val_check_interval=80", "scheduler.warmup_steps=10")
    printed = run([sys.executable, "train.py"], project, 300)
    (loss,) = column(project, "val_loss")
    assert loss < 0.85 * unigram_entropy()
    events = EventAccumulator(str(project / "runs/version_0/tensorboard/fit"))
    events.Reload()
    (sample,) = events.Tensors("sample/text_summary")
    assert sample.step == 80
    text = sample.tensor_proto.string_val[0].decode()
    assert len(text) > 50 and text in printed

    run([sys.executable, "train.py", "--task", "predict", "--resume", "best"], project, 100)
    predicted = torch.load(project / "runs/version_0/predictions/batch_00000.pt")
    assert [len(text.encode()) for text in predicted["text"]] == [64] * 4
    assert all(len(text) > 50 for text in predicted["next"])


def test_emitted_tests_pass(tmp_path: Path) -> None:
    """The project's own tests pass right after it is made."""
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], gpt(tmp_path), 300)


def hand_losses(project: Path, rates: list[float]) -> tuple[list[float], float]:
    """The losses of a hand-written loop on a new model, and its validation loss at the end."""
    with own_modules(project):
        from model import GPT

        torch.manual_seed(0)
        model = GPT()
    tokens = by_hand.text()
    size = len(tokens) * 9 // 10
    cpu = torch.device("cpu")
    losses: list[torch.Tensor] = []
    by_hand.train(
        model,
        by_hand.batches(tokens[:size], cpu, seed=0),
        rates.__getitem__,
        STEPS,
        lambda _, loss: losses.append(loss),
    )
    total, val = 0.0, tokens[size:]
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        # one window at a time, each of its own length
        for start in range(0, len(val) - 1, by_hand.BLOCK_SIZE):
            window = val[start : start + by_hand.BLOCK_SIZE + 1]
            logits = model(window[None, :-1])[0]
            total += float(F.cross_entropy(logits, window[1:], reduction="sum"))
    return [float(loss) for loss in losses], total / (len(val) - 1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was trained for some dozens of steps, each of which is logged."""
    project = gpt(
        tmp_path_factory.mktemp("trained"),
        f"max_steps={STEPS}",
        f"val_check_interval={STEPS}",
        f"scheduler.warmup_steps={WARMUP}",
        "log_every_n_steps=1",
    )
    run([sys.executable, "train.py"], project, 200)
    return project


def test_same_losses_as_nanogpts_loop(trained: Path) -> None:
    """With the same rates, all losses are the same to the last bit.

    The mean over the validation text counts tokens, and not windows, of which the last is short.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    losses, val_loss = hand_losses(trained, column(trained, "lr"))
    torch.set_num_threads(threads)
    assert column(trained, "train_loss") == losses
    # one window by itself is multiplied in another order, and bfloat16 has 8 bits
    assert column(trained, "val_loss") == [pytest.approx(val_loss, rel=1e-3)]


def test_same_rates_as_nanogpts_formula(trained: Path) -> None:
    """Warmup and cosine are those of nanoGPT; torch computes each from the one before."""
    rates = [by_hand.get_lr(step, STEPS, WARMUP) for step in range(STEPS)]
    assert column(trained, "lr") == pytest.approx(rates, rel=1e-9)
    assert math.isclose(rates[WARMUP], by_hand.LEARNING_RATE)


def test_size_and_context_are_settings(tmp_path: Path) -> None:
    """A small model trains by flags alone; sizes that do not fit end the run with the reason."""
    project = gpt(tmp_path, "num_sanity_val_steps=0")
    size = ["--layers", "1", "--heads", "2", "--width", "16"]
    short = ["--max-steps", "2", "--val-check-interval", "9", "--context", "16"]
    command = [sys.executable, "train.py", *size, *short]
    run([*command, "--block-size", "8"], project, 100)
    weights = torch.load(project / "runs/version_0/checkpoints/last.ckpt")["model"]
    assert weights["positions.weight"].shape == (16, 16) and "blocks.1.mlp_in.weight" not in weights
    for wrong, reason in (
        (["--width", "15"], "width 15 is not a multiple of heads 2"),
        (["--block-size", "17"], "17 tokens; the model's context is 16"),
    ):
        ended = subprocess.run([*command, *wrong], cwd=project, capture_output=True, text=True)
        assert ended.returncode and f"ValueError: {reason}" in ended.stderr
