"""A site configuration looked at for the person who wrote it: every fault of its shape, keys that nothing reads."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Final, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from typing_extensions import is_typeddict

from adapters.messages.configuration import SiteConfigurationV1, read_configuration
from adapters.messages.parsing import faults
from domain.site.configuration import Fault, SiteConfiguration

_WHOLE: Final = ()

STAND_INS: Final[Mapping[str, Any]] = {"microgrid_id": "-", "version": 0, "circuits": [], "charge_points": []}
"""What stands for a required value that cannot be read, so that the others can be judged."""


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A key that nothing reads: its JSON pointer, and the known key that it is most like, if it is like any."""

    path: str
    key: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class Shape:
    """What was found. `configuration` is what can be read of the `data`, null where that is nothing.

    `left_out`: the JSON pointers of single values that could not be read, and of entries of lists: those after one of
    them have moved up.
    """

    data: object
    configuration: SiteConfiguration | None
    faults: Sequence[Fault]
    unknown_keys: Sequence[UnknownKey]
    left_out: Sequence[str] = ()

    @property
    def unread_circuits(self) -> frozenset[str | None]:
        """The ids of the circuits that are left out, with a null where one has none that is text."""
        stated = (_at(self.data, f"{each}/circuit_id") for each in self.left_out if each.startswith("/circuits"))
        return frozenset(each if isinstance(each, str) else None for each in stated)

    def as_written(self, path: str | None) -> str | None:
        """A JSON pointer into what could be read, as one into what was written."""
        if path is None:
            return None
        place = ""
        for part in path.split("/")[1:]:
            place = f"{place}/{self._written(place, int(part)) if part.isdecimal() else part}"
        return place

    def meant(self, found: Iterable[Fault]) -> Iterator[Fault]:
        """Faults of what could be read, at their places in what was written, without those that only follow from what
        could not be read.
        """
        for fault in found:
            if not self._only_follows(fault):
                yield Fault(fault.code, self.as_written(fault.path), fault.message)

    def _only_follows(self, fault: Fault) -> bool:
        path = self.as_written(fault.path) or ""
        match fault.code:
            case "no_grid_connection":
                return any(each.startswith("/circuits") for each in self.left_out)
            case "no_connectors":
                return any(each.startswith(f"{path}/") for each in self.left_out)
            case "unknown_parent" | "unknown_circuit":
                return bool(self.unread_circuits & {None, _at(self.data, path)})
            case _:
                return False

    def _written(self, listed: str, index: int) -> int:
        """The index in the list as it was written of the entry that has this one in what could be read."""
        missing = {each for each in self.left_out if each.rpartition("/")[0] == listed}
        kept = (each for each in count() if f"{listed}/{each}" not in missing)
        return next(islice(kept, index, None))


def unwrapped(data: object) -> object:
    """The configuration in an example message (`payload` beside `topic`); what is none stays as it is."""
    if isinstance(data, Mapping) and "payload" in data and "topic" in data:
        return data["payload"]
    return data


def look_at(data: object) -> Shape:
    """Judge the shape of a parsed configuration. Entries of lists with a fault are left out, and the rest is read."""
    found = tuple(_faults(SiteConfigurationV1, data, _WHOLE))
    unknown = tuple(_unknown_keys(SiteConfigurationV1, data, _WHOLE))
    if not found:
        return Shape(data, read_configuration(data), found, unknown)
    left_out = tuple(dict.fromkeys(_entry(fault.path or "") for fault in found))
    try:
        readable = read_configuration(STAND_INS | _without(data, left_out, ""))
    except (TypeError, ValidationError):
        return Shape(data, None, found, unknown, left_out)
    return Shape(data, readable, found, unknown, left_out)


def _faults(shape: Any, data: object, path: tuple[str | int, ...]) -> Iterator[Fault]:
    """Those of a whole, its lists entry by entry: as a message only the first bad entry of a list is told of."""
    lists = {key: entry for key, hint in _hints(shape).items() if (entry := _entry_of(hint)) is not None}
    entries = {key: data[key] for key in lists if isinstance(data, Mapping) and isinstance(data.get(key), list)}
    bare = {**data, **{key: [] for key in entries}} if isinstance(data, Mapping) else data
    try:
        TypeAdapter(shape).validate_python(bare)
    except ValidationError as error:
        for fault in faults(error):
            yield Fault(fault.code, _pointer(path) + (fault.path or ""), fault.message)
    for key, listed in entries.items():
        for index, entry in enumerate(listed):
            yield from _faults(lists[key], entry, (*path, key, index))


def _unknown_keys(shape: Any, data: object, path: tuple[str | int, ...]) -> Iterator[UnknownKey]:
    if not isinstance(data, Mapping):
        return
    hints = _hints(shape)
    for key, value in data.items():
        place = (*path, key)
        if key not in hints:
            nearest = difflib.get_close_matches(key, hints, n=1)
            yield UnknownKey(_pointer(place), key, nearest[0] if nearest else None)
        elif (entry := _entry_of(hints[key])) is not None and isinstance(value, list):
            for index, each in enumerate(value):
                yield from _unknown_keys(entry, each, (*place, index))
        elif (group := _group_of(hints[key])) is not None:
            yield from _unknown_keys(group, value, place)


def _hints(shape: Any) -> dict[str, Any]:
    return get_type_hints(shape)


def _entry_of(hint: Any) -> Any | None:
    """The shape of the entries of a list; null for what is no list of shapes."""
    if get_origin(hint) is list:
        (entry,) = get_args(hint)
        return entry if is_typeddict(entry) else None
    return None


def _group_of(hint: Any) -> Any | None:
    """The shape of an object within an object; null for what is none."""
    return next((each for each in (hint, *get_args(hint)) if is_typeddict(each)), None)


def _entry(pointer: str) -> str:
    """The pointer of the innermost entry of a list that a pointer leads into; where it leads into none itself."""
    parts = pointer.split("/")
    last = max((place for place, part in enumerate(parts) if part.isdecimal()), default=len(parts) - 1)
    return "/".join(parts[: last + 1])


def _without(data: Any, left_out: Sequence[str], here: str) -> Any:
    """No further down than these pointers lead: what nothing reads may be nested as deep as a parser goes."""
    if not any(each.startswith(f"{here}/") for each in left_out):
        return data
    match data:
        case dict():
            stated = ((f"{here}/{key}", key, value) for key, value in data.items())
            return {key: _without(value, left_out, place) for place, key, value in stated if place not in left_out}
        case list():
            kept = ((f"{here}/{index}", each) for index, each in enumerate(data))
            return [_without(each, left_out, place) for place, each in kept if place not in left_out]
        case _:
            return data


def _at(data: Any, pointer: str) -> Any:
    """What a pointer leads to; null where it leads nowhere."""
    for part in pointer.split("/")[1:]:
        match data:
            case dict():
                data = data.get(part)
            case list() if part.isdecimal() and int(part) < len(data):
                data = data[int(part)]
            case _:
                return None
    return data


def _pointer(path: Sequence[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
