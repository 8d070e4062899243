"""The statistics of whatever device was chosen at the start."""

import torch

from runtime.cpu_stats import CpuStats
from runtime.cuda_stats import CudaStats
from runtime.mps_stats import MpsStats


def device_stats(device: torch.device) -> CpuStats | CudaStats | MpsStats:
    """Return what reads the device's statistics; or else the process's."""
    if device.type == "cuda":
        return CudaStats(device)
    return MpsStats() if device.type == "mps" else CpuStats()
