"""The mappings that name things: the user's classes, optimizer, scheduler, wrapping, compiling."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue

from lgen.spec.base import Name, Part, PathText, ShortPart, SwitchPart, option
from lgen.spec.names import class_path_fault


def as_list(value: Any) -> Any:
    """A list of a text that stands alone."""
    return [value] if isinstance(value, str) else value


Pattern = Annotated[str, Field(min_length=1)]
_Patterns = Annotated[list[Pattern], Field(min_length=1)]
Patterns = Annotated[
    _Patterns, BeforeValidator(as_list, json_schema_input_type=Pattern | _Patterns)
]


class ClassPath(ShortPart):
    """A class of the project, such as model.py:Classifier, with its arguments."""

    path: str = option(..., "the file and the class in it, such as model.py:Classifier")
    args: dict[Name, JsonValue] = option({}, "arguments of the class")

    @model_validator(mode="before")
    @classmethod
    def from_short(cls, value: Any) -> Any:
        """`model.py:Classifier` as `{path: model.py:Classifier}`."""
        return {"path": value} if isinstance(value, str) else value

    @field_validator("path")
    @classmethod
    def check_path(cls, path: str) -> str:
        """The path, if it can be imported from the project's folder."""
        if fault := class_path_fault(path):
            raise ValueError(fault)
        return path

    @property
    def file(self) -> str:
        """The file below the project's folder, such as nets/model.py."""
        return self.path.partition(":")[0]

    @property
    def class_name(self) -> str:
        """The class's name in its file."""
        return self.path.partition(":")[2]

    @property
    def import_name(self) -> str:
        """The file as a module name, such as nets.model."""
        return self.file.removesuffix(".py").replace("/", ".")


class ParameterGroup(Part):
    """The parameters that `match` names; every other key is an argument of the optimizer."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    match: Patterns = option(..., "bias, norm or globs of the parameters' names")

    @property
    def args(self) -> dict[str, JsonValue]:
        """The arguments as given."""
        return dict(self.__pydantic_extra__)


class LayerDecay(Part):
    """Learning rates that fall from the last layer to the first."""

    factor: float = option(..., "rate of a layer as a share of the next one's", gt=0, lt=1)
    layers: Annotated[list[Pattern | _Patterns], Field(min_length=1)] = option(
        ...,
        "every part of the model from input to output: names, globs for several layers, lists for "
        "one",
    )


class Optimizer(Part):
    """An optimizer by name; every other key is one of its arguments."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    name: str = option(
        ..., "a class of torch.optim, or any by its dotted path, such as my_optim.Lion"
    )
    groups: list[ParameterGroup] = option(
        [], "arguments of some parameters: the first group that a parameter matches sets its own"
    )

    layer_decay: LayerDecay | None = option(
        None, "lower learning rates for the layers before the last"
    )

    @property
    def module(self) -> str:
        """The module that the class is imported from, empty for one of torch.optim."""
        return self.name.rpartition(".")[0]

    @property
    def class_name(self) -> str:
        """The class's name in its module."""
        return self.name.rpartition(".")[2]

    @property
    def args(self) -> dict[str, JsonValue]:
        """The optimizer's arguments as given, lr among them."""
        return dict(self.__pydantic_extra__)


class Scheduler(Part):
    """A scheduler of torch.optim.lr_scheduler by name; every other key is one of its arguments."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    name: str | None = option(
        None,
        "a class of torch.optim.lr_scheduler, or WSD: warmup, a stable rate, decay; left out where "
        "configure_optimizers returns one",
    )
    interval: Literal["epoch", "step", "validation"] = option("epoch", "when the scheduler steps")
    frequency: int = option(1, "it steps every so many intervals, counted over the run", ge=1)
    monitor: str | None = option(None, "the metric that ReduceLROnPlateau watches", min_length=1)
    warmup_steps: int = option(
        0, "steps of linear warmup before the schedule, which count as its own do", ge=0
    )
    decay_steps: Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0.0, le=1.0)] = option(
        0.2, "the last optimizer steps, in which WSD decays to zero: a count, or a share of the run"
    )
    decay_shape: Literal["linear", "cosine"] = option("linear", "the way to zero of WSD")

    @property
    def args(self) -> dict[str, JsonValue]:
        """The scheduler's own arguments as given."""
        return dict(self.__pydantic_extra__)


class Ema(SwitchPart):
    """An exponential moving average of the weights, for validation, testing and prediction."""

    decay: float = option(
        0.999, "share kept by an update; 0.999 follows within some 1,000 updates", gt=0, lt=1
    )
    update_every_n_steps: int = option(1, "optimizer steps between updates", ge=1)


class Swa(SwitchPart):
    """Stochastic weight averaging: the mean of the weights at the ends of the last epochs."""

    swa_epoch_start: Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0.0, le=1.0)] = option(
        0.8, "first epoch that is averaged, counted from 1, or a share of max_epochs"
    )
    swa_lrs: float | None = option(
        None, "learning rate that the averaged epochs anneal to; null keeps the schedule", gt=0
    )
    annealing_epochs: int = option(10, "epochs on the way to swa_lrs", ge=1)
    annealing_strategy: Literal["cos", "linear"] = option("cos", "the way to swa_lrs")


class GradNorm(SwitchPart):
    """The norm of the gradients in every row of the log."""

    norm_type: Annotated[float, Field(gt=0)] | Literal["inf"] = option(
        2.0, "the order of the norm, inf for the largest value"
    )
    by_layer: bool = option(False, "log the norm of each parameter's gradient too")

    @model_validator(mode="before")
    @classmethod
    def from_short(cls, value: Any) -> Any:
        """`true` as `{}`, and `2.0` as `{norm_type: 2.0}`; .inf is inf."""
        if value is True:
            return {}
        given = value if isinstance(value, dict) else {"norm_type": value}
        return given | {"norm_type": "inf"} if given.get("norm_type") == math.inf else given

    @classmethod
    def short_schemas(cls) -> list[JsonSchemaValue]:
        """true or false, or the order."""
        order = {"exclusiveMinimum": 0, "type": "number"}
        return [*super().short_schemas(), order, {"const": "inf"}]


class Fsdp(Part):
    """How the model is sharded under strategy: fsdp."""

    wrap: list[Name] = option([], "module classes that are sharded one by one, beside the root")
    reshard_after_forward: bool = option(True, "free gathered parameters until the backward pass")


class Compile(ShortPart):
    """What is compiled by torch.compile, and how."""

    mode: Literal[
        "default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs", None
    ] = option(None, "torch.compile's mode")
    dynamic: bool | None = option(None, "whether shapes are dynamic; null lets torch find out")
    fullgraph: bool = option(False, "fail where the graph would break")
    target: Literal["model", "step"] = option("model", "the model's forward, or the training step")

    @model_validator(mode="before")
    @classmethod
    def from_short(cls, value: Any) -> Any:
        """`true` as `{}`, and `step` as `{target: step}`."""
        if value is True:
            return {}
        return {"target": "step"} if value == "step" else value

    @classmethod
    def short_schemas(cls) -> list[JsonSchemaValue]:
        """true or false, or `step`."""
        return [{"type": "boolean"}, {"const": "step"}]


class InitFrom(ShortPart):
    """Weights that training starts from."""

    path: PathText = option(..., "a checkpoint of a run, or a file of weights", min_length=1)
    strict: bool = option(True, "every weight of the model is in the file, and no other")

    @model_validator(mode="before")
    @classmethod
    def from_short(cls, value: Any) -> Any:
        """`weights.pt` as `{path: weights.pt}`."""
        return {"path": value} if isinstance(value, str) else value
