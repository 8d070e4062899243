"""How long the parts of the runtime take that run in every step, in microseconds.

python -m tests.benchmarks.runtime_times
"""

from collections.abc import Callable
from timeit import repeat
from typing import Any

import torch
from torch.utils.data import Dataset

from runtime.batch import num_samples
from runtime.seeded_batch import SeededBatch
from runtime.seeded_dataset import SeededDataset
from runtime.training_metrics import TrainingMetrics


class Rows(Dataset[int]):
    """A data set that costs next to nothing."""

    def __getitem__(self, index: int) -> int:
        return index


def microseconds(function: Callable[[], Any], calls: int = 5000) -> float:
    """The shortest mean of seven rounds."""
    return min(repeat(function, number=calls, repeat=7)) / calls * 1e6


def times() -> dict[str, float]:
    """By part, its microseconds in one step."""
    batch = (torch.ones(8, 2), torch.ones(8))
    plain, seeded, indices = Rows(), SeededDataset(Rows()), SeededBatch(range(8))
    metrics, loss = TrainingMetrics(), torch.tensor(1.0)

    def fifty_steps() -> None:
        for step in range(50):
            metrics.append({"loss": loss}, 8, step)
        metrics.interval_sums()

    bare = microseconds(lambda: [plain[index] for index in indices])
    return {
        "num_samples of a common batch": microseconds(lambda: num_samples(batch)),
        "SeededDataset, a batch of 8": microseconds(lambda: seeded.__getitems__(indices)) - bare,
        "TrainingMetrics, a step with its share of the reading": microseconds(fifty_steps, 20) / 50,
    }


def main() -> None:
    """Print them as a table."""
    print("| part | microseconds |\n|---|---|")
    for what, found in times().items():
        print(f"| {what} | {found:.2f} |")


if __name__ == "__main__":
    main()
