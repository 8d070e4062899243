"""What a Metal device says of itself."""

import torch

GIGABYTE = 1e9


class MpsStats:
    """Memory of the device, for the log; torch knows neither its peak nor the utilisation."""

    def read(self) -> dict[str, float]:
        """Return the memory of tensors now, and all that Metal holds for the process."""
        return {
            "device_memory_gb": torch.mps.current_allocated_memory() / GIGABYTE,
            "device_driver_memory_gb": torch.mps.driver_allocated_memory() / GIGABYTE,
        }
