"""The evaluation batches of one process: whole batches in data order, none twice."""

from collections.abc import Iterator

from runtime.seeded_batch import SeededBatch


class EvaluationBatches:
    """A batch sampler that deals batch i of the data to process i % world_size.

    max_batches limits the batches of each process. Nothing is padded: the last processes may
    have one batch less than the first, or none.
    """

    def __init__(
        self,
        num_samples: int,
        batch_size: int,
        *,
        seed: int,
        max_batches: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if num_samples == 0:
            raise SystemExit("a data set for evaluation is empty")
        self.num_samples = num_samples
        self.batch_size = batch_size
        self.seed = seed
        self.max_batches = max_batches
        self.rank = rank
        self.world_size = world_size

    @property
    def indices(self) -> range:
        """The numbers of this process's batches among all batches of the data."""
        batches = -(-self.num_samples // self.batch_size)
        return range(self.rank, batches, self.world_size)[: self.max_batches]

    def __len__(self) -> int:
        """Return the number of batches of this process."""
        return len(self.indices)

    def __iter__(self) -> Iterator[SeededBatch]:
        """Yield the batches of this process."""
        for index in self.indices:
            start = index * self.batch_size
            batch = SeededBatch(range(start, min(start + self.batch_size, self.num_samples)))
            batch.seed = (self.seed, 0, start)
            yield batch
