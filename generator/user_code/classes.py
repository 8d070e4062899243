"""What is known of the user's classes after reading their files."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

STAGES = ("train", "val", "test", "predict")
# by stage, the method of the module that runs it
STEP_OF_STAGE = {
    "train": "training_step",
    "val": "validation_step",
    "test": "test_step",
    "predict": "predict_step",
}


@dataclass(frozen=True)
class Parameter:
    """A constructor's parameter; annotation and default are source text, None where absent."""

    name: str
    annotation: str | None
    default: str | None
    keyword_only: bool = False
    positional_only: bool = False

    @property
    def required(self) -> bool:
        """Whether the class cannot be built without it."""
        return self.default is None

    def default_value(self) -> Any:
        """The default as a plain value.

        Raises ValueError where there is none, or where it is not a literal.
        """
        if self.default is None:
            raise ValueError(f"{self.name} has no default")
        try:
            return ast.literal_eval(self.default)
        except (SyntaxError, TypeError) as error:
            raise ValueError(f"the default of {self.name} is not a literal") from error


@dataclass(frozen=True)
class Constructor:
    """The parameters of a class's __init__, and whether it takes any other keyword."""

    parameters: tuple[Parameter, ...]
    takes_any_keyword: bool


@dataclass(frozen=True)
class Step:
    """A step or hook: where it stands, what it is called with and what it returns.

    `returns` is "loss" for a tensor, "dict" for a dict of metrics, "other" for a prediction, and
    None where nothing comes back. `metrics` holds the dict's keys where all of them are known.
    `calls_forward` is false where the step surely never calls self(...); `forward_alone` is true
    where it surely uses parameters in no other way. `uses_parts` is false where it surely uses no
    part of the model by itself.
    """

    name: str
    file: str
    line: int
    arguments: tuple[str, ...] = ()
    keyword_only: tuple[str, ...] = ()
    returns: Literal["loss", "dict", "other"] | None = None
    metrics: tuple[str, ...] | None = None
    calls_forward: bool = False
    forward_alone: bool = False
    uses_parts: bool = False

    @property
    def call(self) -> str:
        """The arguments of its call as Python text, such as `batch, batch_idx`."""
        return self.call_with({})

    def call_with(self, texts: Mapping[str, str]) -> str:
        """As `call`, with another text for some of the names."""
        keywords = (f"{name}={texts.get(name, name)}" for name in self.keyword_only)
        return ", ".join([*(texts.get(name, name) for name in self.arguments), *keywords])


@dataclass(frozen=True)
class MetricObjects:
    """The torchmetrics objects of a module: the attributes of self that hold them.

    `any` is also true where one has no attribute of its own, as one that another module makes.
    `in_training_step` says whether that step may use one, `sync_on_step` whether one is made with
    dist_sync_on_step.
    """

    attributes: tuple[str, ...] = ()
    any: bool = False
    in_training_step: bool = False
    sync_on_step: bool = False


@dataclass(frozen=True)
class UserClass:
    """The user's module.

    `steps` and `hooks` are by name. `configures` says what configure_optimizers returns, None
    without one. `constructor` is None where a package's base class brings it. `file_classes` are
    the names that the file defines or imports, so that a script can import them from there.
    `package_bases` are the base classes that stand in no file of the project, nn.Module left out.
    `metrics` are its torchmetrics objects. `training` names the steps that train. `attributes` are
    the names that the class assigns to self, None where there may be more. `logs_images` says
    whether it calls log.image.
    """

    file: str
    name: str
    line: int
    constructor: Constructor | None
    steps: Mapping[str, Step]
    hooks: Mapping[str, Step]
    configures: Literal["optimizer", "optimizer and scheduler"] | None = None
    package_bases: tuple[str, ...] = ()
    file_classes: tuple[str, ...] = ()
    metrics: MetricObjects = MetricObjects()
    training: tuple[str, ...] = ("training_step",)
    attributes: tuple[str, ...] | None = None
    logs_images: bool = False

    @property
    def training_steps(self) -> list[Step]:
        """The steps that train, in the order of the loop."""
        return [self.steps[name] for name in self.training]


@dataclass(frozen=True)
class DataSource:
    """Where the batches of one stage come from.

    `kind` is "dataset" for train_dataset() and the like, "loader" for train_dataloader() and the
    like. `several` is true for a dict of them, whose `names` are known where it is a literal.
    `has_state_dict` says whether an iterable data set or a loader can be resumed.
    """

    stage: str
    method: str
    line: int
    kind: Literal["dataset", "loader"]
    several: bool = False
    names: tuple[str, ...] | None = None
    iterable: bool = False
    has_state_dict: bool = False


@dataclass(frozen=True)
class UserData:
    """The user's data class; `sources` is by stage: train, val, test, predict."""

    file: str
    name: str
    line: int
    constructor: Constructor | None
    sources: Mapping[str, DataSource]
    prepare_data: bool = False
    setup: bool = False
    collate_fn: bool = False
    train_order: bool = False


def has_loop(module: UserClass, data: UserData, stage: str) -> bool:
    """Whether the module has the step of a stage, and the data class its data."""
    trains = stage == "train"
    return (trains or STEP_OF_STAGE[stage] in module.steps) and stage in data.sources
