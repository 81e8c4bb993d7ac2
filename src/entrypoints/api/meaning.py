"""JSON Schemas that say what is meant: what is said below a field or an enumerated value becomes its description.

The OpenAPI document and the files under `contracts` are made with them.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from domain.site.configuration import Settings

_FROM_ZERO: Final = {
    "allocated_w",
    "applied_limit_w",
    "background_w",
    "default_capacity_w",
    "duration_s",
    "energy_over_limit_wh",
    "exposure_w",
    "fallback_power_w",
    "idle_power_w",
    "limit_w",
    "max_import_w",
    "max_power_w",
    "min_power_w",
    "peak_excess_w",
    "previous_limit_w",
    "requested_w",
    "reserved_w",
    "safe_operating_capacity_w",
    "served_wh",
    "target_w",
}
_FROM_ONE: Final = {"connector_id", "cycle_seq", "event_seq", "valid_for_s"}

MINIMUM: Final[Mapping[str, int]] = {
    **dict.fromkeys(_FROM_ZERO, 0),
    **dict.fromkeys(_FROM_ONE, 1),
    **{name: int(name.endswith("_s")) for name in Settings.__annotations__},
    "factor": 1000,
}
"""The least that a figure may be, by its name, where its type allows less."""


class MeaningfulSchema(GenerateJsonSchema):
    """Every property and enumerated value with its meaning, whole numbers with their size, null as a type."""

    like: ClassVar[Mapping[type, type]] = {}
    """A class -> one whose fields of the same names mean the same, where nothing is said below its own."""

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return self._described(super().typed_dict_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return self._described(super().dataclass_schema(schema), schema["cls"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return self._described(super().model_schema(schema), schema["cls"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A title would only repeat the key."""
        return False

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        found = super().generate_inner(schema)
        if schema["type"] == "enum":
            said = said_below(schema["cls"])
            values = [f"\n- `{each.value}`: {said[each.name]}" for each in schema["members"] if each.name in said]
            self.resolve_ref_schema(found)["description"] = f"{inspect.getdoc(schema['cls'])}\n{''.join(values)}"
        return found

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return super().int_schema(schema) | {"format": "int64"}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        found: JsonSchemaValue = super().nullable_schema(schema)
        match found.get("anyOf"):
            case [{"type": str(kind)} as one, {"type": "null"}]:
                found = {**one, "type": [kind, "null"]}
        return found

    def _described(self, schema: JsonSchemaValue, cls: type) -> JsonSchemaValue:
        said: dict[str, str] = {}
        for alike in (self.like[each] for each in reversed(cls.__mro__) if each in self.like):
            said |= said_below(alike)
        said |= said_below(cls)
        for name, field in schema.get("properties", {}).items():
            if name in said:
                field.setdefault("description", said[name])
            least = MINIMUM.get(name)
            if least is not None and "integer" in field.get("type", ()) and field.get("minimum", -1) < 0:
                field["minimum"] = least
        return schema


def said_below(cls: type) -> dict[str, str]:
    """Field or member -> what is said below it, in the class or those that it is made of."""
    said: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if each.__module__.partition(".")[0] in _ROOTS:
            said |= _said_in(each.__module__).get(each.__qualname__, {})
    return said


_ROOTS: Final = {"domain", "application", "adapters", "entrypoints"}


@lru_cache
def _said_in(module: str) -> Mapping[str, Mapping[str, str]]:
    """The classes of a module -> what is said below their fields."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {each.name: dict(_fields(each)) for each in tree.body if isinstance(each, ast.ClassDef)}


def _fields(cls: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement, below in pairwise(cls.body):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())
