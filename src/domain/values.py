"""How values are declared: immutable by the type checker's word, cheap to make."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[_T]) -> type[_T]:
    """Make a class a dataclass that is compared and hashed by its fields, and that nobody assigns to.

    The type checker refuses an assignment; at run time nothing does, as a frozen instance takes four to six times as
    long to make, and a cycle makes several for every connector. `make frozen` runs the tests where it does.
    """
    as_value: Callable[[type[_T]], type[_T]] = dataclass(slots=True, unsafe_hash=True)
    return as_value(cls)
