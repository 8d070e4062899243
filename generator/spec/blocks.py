"""Several optimizers: a block for each, with its own step method and parameters."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from lgen.spec.base import Name, Part, option
from lgen.spec.parts import Optimizer, Scheduler, as_list

_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")


def _part(text: str) -> str:
    """The text, if it can name a part of the module."""
    if not _PART.fullmatch(text):
        raise ValueError(f"{text!r} names no part of the module; write it as in encoder.layers.0")
    return text


ModulePart = Annotated[str, AfterValidator(_part)]
_Parts = Annotated[list[ModulePart], Field(min_length=1)]
Parts = Annotated[_Parts, BeforeValidator(as_list, json_schema_input_type=ModulePart | _Parts)]


class BlockScheduler(Scheduler):
    """The scheduler of one of several optimizers; rules refuse what its schema leaves out."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A name and an interval, beside the scheduler's arguments."""
        schema = handler(core_schema)
        mapping = handler.resolve_ref_schema(schema)
        own = mapping["properties"]
        mapping["properties"] = {
            "name": {"type": "string", "description": "a class of torch.optim.lr_scheduler"},
            "interval": {**own["interval"], "enum": ["epoch", "step"]},
        }
        mapping["required"] = ["name"]
        return schema


class Block(Part):
    """One of several optimizers: what it trains, by which step, and how often."""

    step: Name | None = option(None, "the method with its loss; null is the block's name and _step")
    parameters: Parts | None = option(
        None, "the parts of the module that it trains; null is the one of the block's name"
    )
    optimizer: Optimizer = option(..., "optimizer and its arguments")
    scheduler: BlockScheduler | None = option(None, "learning rate schedule, by epoch or step")
    gradient_clip_val: float | None = option(
        None, "limit of its gradients, once per optimizer step", gt=0
    )
    gradient_clip_algorithm: Literal["norm", "value"] = option(
        "norm", "whether the norm of its gradients is limited, or each value"
    )
    accumulate_grad_batches: int = option(1, "batches of this block in one optimizer step", ge=1)
    every_n_steps: int = option(1, "the block runs in every n-th training step", ge=1)

    def step_name(self, name: str) -> str:
        """The step method of the block of this name."""
        return self.step or f"{name}_step"

    def part_names(self, name: str) -> list[str]:
        """The parts of the module that the block of this name trains."""
        return self.parameters or [name]
