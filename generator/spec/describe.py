"""Every option as a row and as JSON Schema."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lgen.spec.allowed import branches, named_part, resolve, spec_schema, words
from lgen.spec.code_rules import CODE_RULES
from lgen.spec.options import Spec
from lgen.spec.rules import RULES
from lgen.spec.types import schema as type_schema
from lgen.tables.torch_optim import Kind, classes


@dataclass(frozen=True)
class Row:
    """One option: its dotted name, type in words, default as text (None: required) and rules."""

    name: str
    type: str
    default: str | None
    doc: str
    rules: tuple[str, ...]
    group: str


def options() -> list[Row]:
    """Every option, those inside mappings behind the mapping."""
    rows: list[Row] = []
    for name, schema in spec_schema()["properties"].items():
        rows += _rows(name, schema, schema["group"], name in spec_schema().get("required", []))
    return rows


def _rows(name: str, schema: dict[str, Any], group: str, required: bool) -> list[Row]:
    """The row of an option and the rows of what is inside it, which have the rules about them."""
    default = None if required else _default_text(schema.get("default"))
    inside: list[Row] = []
    for branch in branches(schema):
        needed = branch.get("required", [])
        for key, inner in branch.get("properties", {}).items():
            inside += _rows(f"{name}.{key}", inner, group, key in needed)
        if (part := named_part(branch)) is not None:
            # what is inside the parts of a block is as in the options of the same names
            needed = resolve(part).get("required", [])
            for key, inner in resolve(part)["properties"].items():
                inside += _rows(f"{name}.NAME.{key}", inner, group, key in needed)[:1]
    found = [(rule.keys, rule.sentence) for rule in RULES]
    found += [(rule.keys, rule.sentence) for rule in CODE_RULES]
    told = {sentence for row in inside for sentence in row.rules}
    rules = tuple(sentence for keys, sentence in found if name in keys and sentence not in told)
    doc = schema.get("description", "")
    return [Row(name, words(schema), default, doc, rules, group), *inside]


def _default_text(value: Any) -> str:
    """A default as YAML has it; a mapping whose keys have rows of their own is `{...}`."""
    if isinstance(value, dict):
        return "{...}" if value else "{}"
    return value if isinstance(value, str) else json.dumps(value)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of lgen.yaml, with every optimizer and its arguments."""
    schema = deepcopy(spec_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "lgen.yaml"
    for part in [schema, *schema["$defs"].values()]:
        for option in part.get("properties", {}).values():
            option.pop("group", None)
            option.pop("title", None)
    _name_classes(schema["$defs"]["Optimizer"], "optimizers")
    _name_classes(schema["$defs"]["Scheduler"], "schedulers")
    _name_classes(schema["$defs"]["BlockScheduler"], "schedulers")
    # pydantic's own name for any value says nothing to an editor
    for key in ("checkpoint", "compile"):
        parts = [resolve(b) for b in branches(schema["properties"][key])]
        schema["properties"][key] = {
            **{k: v for k, v in schema["properties"][key].items() if k not in ("anyOf", "$ref")},
            "anyOf": [{k: v for k, v in b.items() if k != "default"} for b in parts],
        }
    return schema


def _name_classes(schema: dict[str, Any], kind: Kind) -> None:
    """Allow the known names alone, and for each of them its own arguments."""
    usable = {name: row["args"] for name, row in classes(kind).items() if "args" in row}
    own = schema["properties"]
    names: dict[str, Any] = {"enum": list(usable)}
    if kind == "optimizers":
        names = {"anyOf": [names, {"type": "string", "pattern": r"\."}]}  # of another package
    own["name"] = {**names, "description": own["name"]["description"]}
    schema["allOf"] = [
        {
            "if": {"properties": {"name": {"const": name}}, "required": ["name"]},
            "then": {
                "properties": {
                    **{key: True for key in own},
                    **_groups_schema(args, own),
                    **_argument_schemas(args),
                },
                "required": [
                    a
                    for a, row in args.items()
                    if "type" in row and "default" not in row and not row.get("length")
                ],
                "additionalProperties": False,
            },
        }
        for name, args in usable.items()
    ]


def _argument_schemas(args: dict[str, Any]) -> dict[str, Any]:
    """The schemas of the arguments that a spec may give."""
    return {name: _argument_schema(row) for name, row in args.items() if "type" in row}


def _groups_schema(args: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What groups of parameters may set of the arguments, where the class has groups."""
    if "groups" not in own:
        return {}
    keys = {"match": True, **_argument_schemas(args)}
    return {"groups": {"items": {"properties": keys, "additionalProperties": False}}}


def _argument_schema(row: dict[str, Any]) -> dict[str, Any]:
    """The schema of one argument: its type, limits and default."""
    limits = {key: value for key, value in row.items() if "imum" in key}
    default = {"default": row["default"]} if "default" in row else {}
    return {**type_schema(row["type"]), **limits, **default}


def spec_to_plain(spec: Spec) -> dict[str, Any]:
    """The spec as plain values, what is left at its default left out."""
    plain: dict[str, Any] = spec.model_dump(mode="json", exclude_defaults=True)
    return plain
