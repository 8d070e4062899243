"""What an option may be, as a JSON Schema says it in words."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from lgen.cache import KeptTexts

Schema = dict[str, Any]
_MADE_BY = tuple(
    f"lgen.spec.{name}" for name in ("options", "parts", "saving", "base", "names", "blocks")
)
_known = KeptTexts("schema", ("pydantic", *_MADE_BY), 1)


@cache
def spec_schema() -> Schema:
    """The JSON Schema of the whole spec, as pydantic writes it."""
    text = _known.get("spec")
    if text is None:
        from lgen.spec.options import Spec

        text = json.dumps(Spec.model_json_schema())
        _known.put("spec", text)
        _known.save()
    schema: Schema = json.loads(text)
    return schema


def resolve(schema: Schema) -> Schema:
    """The schema that a reference stands for."""
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = {
            **spec_schema()["$defs"][name],
            **{k: v for k, v in schema.items() if k != "$ref"},
        }
    return schema


def branches(schema: Schema) -> list[Schema]:
    """The alternatives of a schema, those of alternatives included."""
    schema = resolve(schema)
    parts = schema.get("anyOf") or schema.get("oneOf")
    return [b for part in parts for b in branches(part)] if parts else [schema]


def takes_text_alone(path: tuple[str, ...]) -> bool:
    """Whether the option at a path is a text, and never a mapping."""
    schema = schema_at(path)
    return schema is not None and {b.get("type") for b in branches(schema)} <= {"string", "null"}


def schema_at(path: tuple[str | int, ...]) -> Schema | None:
    """The schema of the option at a path, None where there is no such option."""
    schema: Schema = spec_schema()
    for part in path:
        found = None
        for branch in branches(schema):
            if isinstance(part, int):
                found = found or branch.get("items")
            else:
                found = found or branch.get("properties", {}).get(part) or _of_any_key(branch)
        if found is None:
            return None
        schema = found
    return schema


def _of_any_key(schema: Schema) -> Schema | None:
    """The schema of the values of a mapping that may have any keys, None where it may not."""
    values = schema.get("additionalProperties")
    return values if isinstance(values, dict) and ("type" in values or "$ref" in values) else None


def named_part(schema: Schema) -> Schema | None:
    """The schema of each value of a mapping by names, where these values are mappings."""
    value = _of_any_key(schema)
    return value if value is not None and resolve(value).get("properties") else None


def is_default(key: str, value: Any) -> bool:
    """Whether the value is what an option has that is not written, by its dotted key."""
    schema = schema_at(tuple(key.split("."))) or {}
    default = schema.get("default", ...)
    return default == value and type(default) is type(value)


def keys_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys that the mapping at a path may have."""
    schema = schema_at(path)
    found = branches(schema) if schema is not None else []
    return [key for branch in found for key in branch.get("properties", {})]


def words(schema: Schema) -> str:
    """What a schema allows, such as `int >= 1, or null`."""
    return ", or ".join(dict.fromkeys(_words(branch) for branch in branches(schema)))


def choices(schema: Schema) -> list[str]:
    """The texts that a schema allows, where it lists them."""
    found = [v for b in branches(schema) for v in [*b.get("enum", []), b.get("const")]]
    return [value for value in found if isinstance(value, str)]


def _words(schema: Schema) -> str:
    """`words` for a schema without alternatives."""
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        return ", ".join(_value(value) for value in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        inner = words(schema.get("items", {}))
        several = len(branches(schema.get("items", {}))) > 1
        return f"list of {f'({inner})' if several else inner}" if inner else "list"
    if kind == "object":
        if (part := named_part(schema)) is not None:
            return f"names, each with a {words(part)}"
        keys = list(schema.get("properties", {}))
        more = ["..."] if schema.get("additionalProperties") else []
        return f"mapping of {', '.join([*keys, *more])}" if keys else "mapping"
    names = {
        "integer": "int",
        "number": "float",
        "boolean": "bool",
        "string": "HH:MM:SS" if "pattern" in schema else "str",
        "null": "null",
    }
    return f"{names.get(str(kind), '')} {bounds(schema)}".strip()


def bounds(schema: Schema) -> str:
    """The limits of a number as a condition without its left side, such as `> 0 and <= 1`.

    Limits that only say how numbers are stored are left out.
    """
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    return " and ".join(
        f"{sign} {schema[key]:g}"
        for key, sign in signs.items()
        if key in schema and schema[key] < 2**31
    )


def _value(value: Any) -> str:
    """A constant as YAML has it."""
    return value if isinstance(value, str) else json.dumps(value)
