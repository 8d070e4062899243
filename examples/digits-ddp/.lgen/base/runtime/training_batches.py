"""The batches of one process in an epoch, from any position of the epoch on."""

from collections.abc import Callable, Iterator, Sequence

from runtime.seeded_batch import SeededBatch


class TrainingBatches:
    """A batch sampler that can start within an epoch, also on another number of processes.

    The order of an epoch is dealt out as torch's DistributedSampler does: its start is repeated
    until every process gets equally many samples, then process r takes every world_size-th from
    r on. `position` counts the samples of the epoch's order that all processes have used.
    """

    def __init__(
        self,
        order: Callable[[int], Sequence[int]],
        batch_size: int,
        *,
        seed: int,
        drop_last: bool = False,
        max_batches: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.order = order
        self.batch_size = batch_size
        self.seed = seed
        self.drop_last = drop_last
        self.max_batches = max_batches
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.position = 0
        self.known_order: tuple[int, Sequence[int]] | None = None

    def __len__(self) -> int:
        """Return the number of batches in the whole of the current epoch."""
        return len(range(0, self.end(0), self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[SeededBatch]:
        """Yield the batches of the current epoch from the position on."""
        order, epoch, end = self.epoch_order(), self.epoch, self.end(self.position)
        if end > len(order):
            order = [*order, *(order[i % len(order)] for i in range(len(order), end))]
        for position in range(self.position, end, self.batch_size * self.world_size):
            stop = min(position + self.batch_size * self.world_size, end)
            batch = SeededBatch(map(int, order[position + self.rank : stop : self.world_size]))
            batch.seed = (self.seed, epoch, position + self.rank)
            yield batch

    def end(self, start: int) -> int:
        """Return where the last batch ends if all that comes after `start` is dealt out."""
        global_batch = self.batch_size * self.world_size
        samples = len(self.epoch_order())
        end = start + -(-max(samples - start, 0) // self.world_size) * self.world_size
        if self.drop_last:
            end -= (end - start) % global_batch
            if end == 0:
                raise SystemExit(
                    f"drop_last leaves no batch: {samples} training samples make no full batch "
                    f"of {self.batch_size} for each of {self.world_size} processes"
                )
        if self.max_batches is not None:
            end = min(end, self.max_batches * global_batch)
        return end

    def epoch_order(self) -> Sequence[int]:
        """Return the order of all samples in the current epoch, made once for each epoch."""
        if self.known_order is None or self.known_order[0] != self.epoch:
            self.known_order = self.epoch, self.order(self.epoch)
        order = self.known_order[1]
        if len(order) == 0:
            raise SystemExit("the training data set is empty")
        return order
