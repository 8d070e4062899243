"""The batches of one process in an epoch, from any position of the epoch on."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from runtime.seeded_batch import SeededBatch


class TrainingBatches:
    """A batch sampler that can start within an epoch, also on another number of processes.

    The order of an epoch is dealt out as torch's DistributedSampler does: its start is repeated
    until every process gets equally many samples, then process r takes every world_size-th from
    r on. `position` counts the samples of the epoch's order that all processes have used.
    """

    def __init__(
        self,
        order: Callable[[int], Sequence[int] | Tensor],
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
        self.global_batch = batch_size * world_size
        self.seed = seed
        self.drop_last = drop_last
        self.max_batches = max_batches
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.position = 0
        self.known_order: tuple[int, Sequence[int] | Tensor] | None = None

    def __len__(self) -> int:
        """Return the number of batches in the whole of the current epoch."""
        return self.batches_from(0)

    def __iter__(self) -> Iterator[SeededBatch]:
        """Yield the batches of the current epoch from the position on."""
        order, epoch, end = self.epoch_order(), self.epoch, self.end(self.position)
        samples = len(order)
        for position in range(self.position, end, self.global_batch):
            start, stop = position + self.rank, min(position + self.global_batch, end)
            if stop <= samples:
                part = order[start : stop : self.world_size]
            else:
                part = [
                    int(order[place % samples]) for place in range(start, stop, self.world_size)
                ]
            batch = SeededBatch(map(int, part.tolist() if isinstance(part, Tensor) else part))
            batch.seed = (self.seed, epoch, position + self.rank)
            yield batch

    def batches_from(self, position: int) -> int:
        """Return how many batches of the current epoch start at the position or after it."""
        return len(range(position, self.end(position), self.global_batch))

    @property
    def batch_idx(self) -> int:
        """The index of the batch that starts at the position.

        On another number of processes than before, the position can fall within a batch: the
        last batches of the epoch are counted, then.
        """
        return len(self) - self.batches_from(self.position)

    def position_at(self, batch_idx: int) -> int:
        """Return the position where batch_idx batches of the epoch have been used."""
        return self.position + (batch_idx - self.batch_idx) * self.global_batch

    def end(self, start: int) -> int:
        """Return where the last batch ends if all that comes after `start` is dealt out."""
        return self.end_of(len(self.epoch_order()), start)

    def end_of(self, samples: int, start: int) -> int:
        """Return the same of an order of so many samples."""
        end = start + -(-max(samples - start, 0) // self.world_size) * self.world_size
        if self.drop_last:
            end -= (end - start) % self.global_batch
            if end == 0:
                raise SystemExit(
                    f"drop_last leaves no batch: {samples} training samples make no full batch "
                    f"of {self.batch_size} for each of {self.world_size} processes"
                )
        if self.max_batches is not None:
            end = min(end, self.max_batches * self.global_batch)
        return end

    def epoch_order(self) -> Sequence[int] | Tensor:
        """Return the order of all samples in the current epoch, made once for each epoch."""
        if self.known_order is None or self.known_order[0] != self.epoch:
            order = self.order(self.epoch)
            if not hasattr(order, "__getitem__") or not hasattr(order, "__len__"):
                raise SystemExit(
                    "train_order(epoch) must return the indices of an epoch as a sequence, "
                    f"not {type(order).__name__}"
                )
            if len(order) == 0:
                raise SystemExit("the training data set is empty")
            known, self.known_order = self.known_order, (self.epoch, order)
            if known is not None:
                self.check_batches(*known)
        return self.known_order[1]

    def check_batches(self, epoch: int, order: Sequence[int] | Tensor) -> None:
        """End the program where the current epoch has other than the batches of that order."""
        now, before = len(self), len(range(0, self.end_of(len(order), 0), self.global_batch))
        if now != before:
            raise SystemExit(
                f"epoch {self.epoch} has {now} batches and epoch {epoch} had {before}; the data "
                "set, or its train_order, must give as many in every epoch"
            )
