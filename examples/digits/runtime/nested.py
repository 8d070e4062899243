"""Batches of any nesting."""

from collections.abc import Callable
from typing import Any


def map_tensors(function: Callable[[Any], Any], batch: Any) -> Any:
    """Return the batch with function(x) for each x in it that has a method `to`, as tensors have.

    Tuples, named tuples, lists and dicts are followed; other leaves stay as they are.
    """
    if hasattr(batch, "to"):
        return function(batch)
    if isinstance(batch, dict):
        return {key: map_tensors(function, value) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*[map_tensors(function, value) for value in batch])
    if isinstance(batch, (list, tuple)):
        return type(batch)([map_tensors(function, value) for value in batch])
    return batch
