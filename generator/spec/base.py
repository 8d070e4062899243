"""What every part of the spec's model shares."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from lgen.spec.names import name_fault


def _name(text: str) -> str:
    """The text, if it can stand in Python code as a name."""
    if fault := name_fault(text):
        raise ValueError(fault)
    return text


def _path(text: str) -> str:
    """The text, if a file system can take it for a path."""
    if "\0" in text:
        raise ValueError("a path holds no NUL character; leave it out")
    return text


Name = Annotated[str, AfterValidator(_name)]
PathText = Annotated[str, AfterValidator(_path)]


class Part(BaseModel):
    """A mapping of the spec: unknown keys are refused, and no value changes its type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def option(default: Any, doc: str, group: str = "", **limits: Any) -> Any:
    """The pydantic field of one option: its default, its one-line doc, its group and its limits."""
    extra: JsonDict | None = {"group": group} if group else None
    return Field(default, description=doc, json_schema_extra=extra, **limits)


class ShortPart(Part):
    """A mapping that may also be written as one plain value, which `from_short` spells out."""

    @classmethod
    def short_schemas(cls) -> list[JsonSchemaValue]:
        """The JSON Schemas of the plain values that stand for the mapping."""
        return [{"type": "string"}]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Any of the plain values, or the mapping."""
        mapping = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [*cls.short_schemas(), mapping]}


class SwitchPart(ShortPart):
    """A mapping that `true` stands for where all of it is as by default."""

    @model_validator(mode="before")
    @classmethod
    def from_short(cls, value: Any) -> Any:
        """`true` as `{}`."""
        return {} if value is True else value

    @classmethod
    def short_schemas(cls) -> list[JsonSchemaValue]:
        """true or false."""
        return [{"type": "boolean"}]
