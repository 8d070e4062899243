"""Puts the saved states back into the objects they came from."""

from collections.abc import Mapping
from typing import Any, Protocol

from torch.optim import Optimizer


class Stateful(Protocol):
    """What a model, an optimizer, a scheduler and a scaler have in common."""

    def load_state_dict(self, state_dict: Any, /) -> Any:
        """Take over a saved state."""


def restore(checkpoint: Mapping[str, Any], **parts: Stateful) -> None:
    """Load into each part the state that the checkpoint holds under its name.

    Ends the program where a state is missing or does not fit.
    """
    for name, part in parts.items():
        if name not in checkpoint:
            raise SystemExit(
                f"the checkpoint holds no {name}: the script that wrote it had none, or saved "
                "weights only"
            )
        # loading adds to the defaults of an optimizer that is not torch's
        needed = set(part.defaults) if isinstance(part, Optimizer) else set()
        try:
            part.load_state_dict(checkpoint[name])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise SystemExit(f"the checkpoint does not fit the {name}: {first(error)}") from None
        if isinstance(part, Optimizer):
            # torch takes over the groups of any optimizer, and fails in the next step
            missing = [key for g in part.param_groups for key in needed - g.keys()]
            if missing:
                raise SystemExit(
                    f"the checkpoint does not fit the {name}: {type(part).__name__} needs "
                    f"{', '.join(sorted(set(missing)))}"
                )


def first(error: Exception) -> str:
    """Return the error's text in one line: of several faults the first, and how many follow."""
    faults = str(error).strip().splitlines() or [type(error).__name__]
    if len(faults) > 1:
        faults = faults[1:]  # below a heading
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return faults[0].strip() + more
