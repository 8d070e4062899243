"""What the log says of the device."""

import csv
from pathlib import Path

import pytest
import torch

from runtime.cpu_stats import CpuStats
from runtime.cuda_stats import CudaStats
from runtime.device_stats import device_stats
from runtime.mps_stats import MpsStats
from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.projects import make_project

CUDA = torch.device("cuda", 1)


class FakeCuda:
    """Stands in for torch.cuda: memory that was in use between two rows counts in the peak."""

    def __init__(self, monkeypatch):
        self.now = self.peak = 0
        self.fault = None
        for name in ("utilization", "reset_peak_memory_stats", "memory_allocated"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", self.max_memory_allocated)

    def use(self, memory):
        self.now, self.peak = memory, max(self.peak, memory)

    def utilization(self, device):
        assert device == CUDA
        if self.fault:
            raise self.fault
        return 37

    def reset_peak_memory_stats(self, device):
        assert device == CUDA
        self.peak = self.now

    def memory_allocated(self, device):
        assert device == CUDA
        return self.now

    def max_memory_allocated(self, device):
        assert device == CUDA
        return self.peak


def test_the_peak_of_cuda_is_since_the_last_row(monkeypatch):
    cuda = FakeCuda(monkeypatch)
    cuda.use(9_000_000_000)
    cuda.use(1_000_000_000)
    stats = device_stats(CUDA)
    cuda.use(3_000_000_000)
    cuda.use(2_000_000_000)
    row = {"device_memory_gb": 2.0, "device_peak_memory_gb": 3.0, "device_percent": 37.0}
    assert stats.read() == row
    assert stats.read() == row | {"device_peak_memory_gb": 2.0}


@pytest.mark.parametrize("fault", [ModuleNotFoundError("no nvidia-ml-py"), RuntimeError("Not Su")])
def test_a_device_that_tells_no_utilization_is_said_once(monkeypatch, capsys, fault):
    cuda = FakeCuda(monkeypatch)
    cuda.fault = fault
    stats = CudaStats(CUDA)
    assert capsys.readouterr().out == f"device_percent is not logged: {fault}\n"
    assert set(stats.read()) == {"device_memory_gb", "device_peak_memory_gb"}
    assert capsys.readouterr().out == ""


def test_metal_tells_its_memory(monkeypatch):
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 1_500_000_000)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 4_000_000_000)
    stats = device_stats(torch.device("mps"))
    assert isinstance(stats, MpsStats)
    assert stats.read() == {"device_memory_gb": 1.5, "device_driver_memory_gb": 4.0}


def test_the_process_tells_its_memory_and_cpu_time():
    stats = device_stats(torch.device("cpu"))
    assert isinstance(stats, CpuStats)
    before = stats.read()["device_memory_gb"]
    kept = torch.ones(50_000_000)
    row = stats.read()
    # what is filled is resident: 0.2 GB
    assert row["device_memory_gb"] - before == pytest.approx(kept.nbytes / 1e9, abs=0.02)
    assert row["device_percent"] > 0


@pytest.mark.parametrize("accelerator, ranks", [("cpu", None), ("auto", None), ("cpu", 2)])
def test_rows_have_the_statistics(tmp_path: Path, accelerator: str, ranks: int | None) -> None:
    """Those of a step, once; rows of epochs and validations have none."""
    options = {"device_stats": True, "accelerator": accelerator, "log_every_n_steps": 2}
    options |= {"strategy": "ddp", "devices": 2} if ranks else {}
    folder = make_project(tmp_path, options)
    ended = launch(folder, ranks=ranks)
    assert ended.done, ended.output
    with (run_folder(folder) / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    steps = [row for row in rows if row["train_loss"]]
    assert steps and all(float(row["device_memory_gb"]) > 0.05 for row in steps)
    assert not any(row["device_percent"] for row in rows if row not in steps)
