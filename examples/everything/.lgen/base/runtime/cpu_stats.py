"""What the process uses of its machine."""

import psutil  # type: ignore[import-untyped, unused-ignore]

GIGABYTE = 1e9


class CpuStats:
    """Memory and CPU time of this process, for the log."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.process.cpu_percent()  # the next call tells the percent since this one

    def read(self) -> dict[str, float]:
        """Return the resident memory now, and the percent of one CPU's time since the last call."""
        return {
            "device_memory_gb": self.process.memory_info().rss / GIGABYTE,
            "device_percent": self.process.cpu_percent(),
        }
