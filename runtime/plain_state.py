"""What a checkpoint may hold: what can be read without running code."""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

NUMBERS_AND_TEXT = (bool, int, float, complex, str, bytes, bytearray, type(None))
OF_TORCH = (Tensor, torch.Size, torch.dtype, torch.device)


def check_plain(state: Mapping[str, Any]) -> None:
    """End the program where the state holds an object that no checkpoint could give back."""
    for key, value in state.items():
        if odd := first_odd(value):
            raise SystemExit(
                f"checkpoint[{key!r}] holds a {odd}, which cannot be read again; save tensors, "
                "numbers and text, in tuples, lists and dicts"
            )


def first_odd(value: Any) -> str | None:
    """Return the type of the first object that is no tensor, number, text or container of them."""
    if type(value) in (tuple, list, set):
        inner = list(value)
    elif type(value) in (dict, OrderedDict, Counter):
        inner = [*value, *value.values()]
    else:
        plain = isinstance(value, OF_TORCH) or type(value) in NUMBERS_AND_TEXT
        return None if plain else type(value).__name__
    return next((odd for item in inner if (odd := first_odd(item))), None)
