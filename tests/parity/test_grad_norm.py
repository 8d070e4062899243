"""The norm of the gradients in a row is what Lightning's grad_norm says of the same step."""

import csv
import math

import pytest
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import grad_norm

from tests.parity.beside import assert_equal_weights, beside, last_result, make_script
from tests.parity.ranks import on_two_ranks, run_lightning, run_script
from tests.parity.test_weights import ADAM, adam

OPTIONS = {"optimizer": {"name": "Adam", **ADAM}, "max_epochs": 2, "log_every_n_steps": 2}
CLIP = {"gradient_clip_val": 0.5}


class Norms(Callback):
    """The norms of every second step, before the gradients are clipped."""

    def __init__(self, norm_type):
        self.norm_type = norm_type
        self.found = []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        if (trainer.global_step + 1) % 2 == 0:
            self.found.append(grad_norm(pl_module.model, self.norm_type))
            pl_module.log("grad_norm", self.found[-1][f"grad_{self.norm_type}_norm_total"])


@pytest.mark.parametrize(
    "flags",
    [
        {},
        CLIP,
        {"gradient_clip_val": 0.05, "gradient_clip_algorithm": "value"},
        {**CLIP, "accumulate_grad_batches": 4, "precision": "bf16-mixed"},
        {"precision": "64-true"},
    ],
    ids=str,
)
@pytest.mark.parametrize("norm_type", [2.0, 1.0, math.inf])
def test_norms_of_one_process(tmp_path, norm_type, flags):
    """Exact in float32; the total of Lightning's norms in float64 is of their float32 values."""
    tracked = {"norm_type": norm_type if norm_type < math.inf else "inf", "by_layer": True}
    script = make_script(tmp_path, {**OPTIONS, **flags, "track_grad_norm": tracked})
    norms = Norms(norm_type)
    trainer = beside(script, adam, callbacks=[norms], **flags)
    result = script.run()
    assert_equal_weights(result, trainer)
    exact = {} if "64-true" in flags.values() else {"rel": 0, "abs": 0}
    total = [float(row[f"grad_{norm_type}_norm_total"]) for row in norms.found]
    assert len(total) > 2
    assert result.values("grad_norm") == pytest.approx(total, **exact)
    for name in ("hidden.weight", "out.bias"):
        theirs = [float(row[f"grad_{norm_type}_norm/{name}"]) for row in norms.found]
        assert result.values(f"grad_norm/{name}") == theirs


@pytest.mark.parametrize("flags", [{}, CLIP], ids=str)
def test_norms_of_two_ranks(tmp_path, flags):
    """Exact: of the gradients that are averaged over the ranks, in the last row."""
    ranks = {"strategy": "ddp", "devices": 2}
    options = {**OPTIONS, **ranks, **flags, "track_grad_norm": 2.0}
    folder = make_script(tmp_path, options).folder
    on_two_ranks(run_script, folder, options)
    theirs = on_two_ranks(
        run_lightning, folder, options, adam, {**flags, "callbacks": [Norms(2.0)]}
    )
    ours = last_result(folder).values("grad_norm")[-1]
    assert [metrics["grad_norm"] for _, metrics, _ in theirs] == [ours, ours]


def test_norms_of_shards(tmp_path):
    """Those of whole copies, up to the order in which squares are added."""
    rows = []
    for strategy in ("ddp", "fsdp"):
        options = {**OPTIONS, "module": "model.py:Normed", "strategy": strategy, "devices": 2}
        options |= {"track_grad_norm": {"by_layer": True}}
        folder = make_script(tmp_path / strategy, options).folder
        on_two_ranks(run_script, folder, options)
        with (folder / "runs/version_0/metrics.csv").open() as file:
            rows.append(list(csv.DictReader(file)))
    names = [name for name in rows[0][0] if name.startswith("grad_norm")]
    assert "grad_norm/hidden.weight" in names
    for whole, sharded in zip(*rows, strict=True):
        assert [float(whole[name] or 0) for name in names] == pytest.approx(
            [float(sharded[name] or 0) for name in names], rel=1e-4
        )


def test_gradients_that_no_optimizer_clears_count_in_no_norm(tmp_path):
    """Lightning's grad_norm adds the gradients of all batches so far of what is not trained."""
    options = {
        "module": "model.py:Half",
        "optimizer": None,
        "track_grad_norm": {"by_layer": True},
        "max_epochs": 1,
    }
    script = make_script(tmp_path, {**options, "log_every_n_steps": 2})
    norms = Norms(2.0)
    beside(script, lambda model: model.configure_optimizers(), callbacks=[norms])
    result = script.run()
    assert not any(name.startswith("grad_norm/hidden") for name in result.rows[0])
    parts = zip(*(result.values(f"grad_norm/out.{n}") for n in ("weight", "bias")), strict=True)
    together = [torch.tensor(pair).norm().item() for pair in parts]
    assert result.values("grad_norm") == pytest.approx(together)
    theirs = [float(row["grad_2.0_norm_total"]) for row in norms.found]
    assert all(more > ours for more, ours in zip(theirs, together, strict=True))


def test_clipping_gives_the_norm(tmp_path):
    """Where the gradients are clipped by the same norm, it is not measured twice."""
    texts = [
        (make_script(tmp_path / str(norm), {**CLIP, "track_grad_norm": norm}).folder / "train.py")
        for norm in (1.0, 2.0)
    ]
    assert ["get_total_norm" in path.read_text() for path in texts] == [True, False]
