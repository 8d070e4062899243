"""Gradients that a stopped run had not yet stepped with."""

from collections.abc import Sequence

from torch import Tensor, nn


def restore_gradients(
    gradients: Sequence[Tensor | None], parameters: Sequence[nn.Parameter]
) -> None:
    """Give each parameter its saved gradient; ends the program where their number differs."""
    if len(gradients) != len(parameters):
        raise SystemExit(
            f"the checkpoint holds {len(gradients)} gradients, and this run trains "
            f"{len(parameters)} parameters there"
        )
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = None if gradient is None else gradient.to(parameter.device)
