"""What a CUDA device says of itself."""

import torch

GIGABYTE = 1e9


class CudaStats:
    """Memory and utilisation of the device, for the log."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.tells_utilization = True
        try:
            torch.cuda.utilization(device)
        except Exception as error:  # NVIDIA's and AMD's libraries have errors of their own
            self.tells_utilization = False
            print(f"device_percent is not logged: {error}")
        torch.cuda.reset_peak_memory_stats(device)

    def read(self) -> dict[str, float]:
        """Return torch's memory now and its peak since the last call, and the percent of use.

        The percent is of the last moments, a second or less, in which a kernel ran.
        """
        stats = {
            "device_memory_gb": torch.cuda.memory_allocated(self.device) / GIGABYTE,
            "device_peak_memory_gb": torch.cuda.max_memory_allocated(self.device) / GIGABYTE,
        }
        torch.cuda.reset_peak_memory_stats(self.device)
        if self.tells_utilization:
            stats["device_percent"] = float(torch.cuda.utilization(self.device))
        return stats
