"""Options of several optimizers, which are written under the name of each."""

from __future__ import annotations

from typing import Any

from lgen.spec.fault import Fault, nearest

_BLOCKS, _ANY = "optimizers", "NAME"


def general(key: str) -> str:
    """The option as `lgen options` lists it, NAME for the name of a block."""
    parts = key.split(".")
    return ".".join([_BLOCKS, _ANY, *parts[2:]]) if is_of_block(key) else key


def is_of_block(key: str) -> bool:
    """Whether the option is one of a block."""
    parts = key.split(".")
    return parts[0] == _BLOCKS and len(parts) > 2


def is_of_any(key: str) -> bool:
    """Whether NAME stands for the block."""
    return key.split(".")[:2] == [_BLOCKS, _ANY]


def of_blocks(key: str, values: dict[str, Any]) -> list[str] | Fault:
    """The option by the names of the spec's blocks, none where it has no blocks.

    A fault where it has others.
    """
    if not is_of_block(key) and not is_of_any(key):
        return [key]
    blocks = values.get(_BLOCKS)
    names = list(blocks) if isinstance(blocks, dict) else []
    _, name, *rest = key.split(".")
    if name in names:
        return [key]
    if name != _ANY and names:
        return Fault(key, None, f"optimizers has {' and '.join(names)}{nearest(name, names)}")
    return [".".join([_BLOCKS, known, *rest]) for known in names]
