"""Faults planted in the domain by public name: in the place of a rule stands a wrong one, made of the right one."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from inspect import BoundArguments, signature
from random import Random
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest

from adapters.messages.snapshot import answer
from tests.oracle.decision import decide
from tests.oracle.snapshots import random_snapshot

Change: TypeAlias = Callable[[Any], Any]
"""Makes something wrong of the right one: of a rule, an argument, an answer, a field of one of them."""

Faults: TypeAlias = Mapping[tuple[Any, str], Mapping[str, Change]]
"""By the module or class that looks a rule up and by the rule's name: what is wrong in words, and how it goes wrong."""

TELLING = (301, 321, 810, 2630)
"""Seeds of snapshots in which faults show that need a rare coincidence."""


@dataclass(frozen=True)
class Fault:
    """One of them."""

    owner: Any
    name: str
    what: str
    made_wrong: Change

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert not self.name.startswith("_")
        monkeypatch.setattr(self.owner, self.name, self.made_wrong(getattr(self.owner, self.name)))

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


def all_of(faults: Faults) -> list[Fault]:
    return [Fault(*rule, what, wrong) for rule, planted in faults.items() for what, wrong in planted.items()]


def asked(**changes: Change) -> Change:
    """The right rule, asked with other arguments, each made of the true one."""
    return _asked(lambda given: {name: change(given[name]) for name, change in changes.items()})


def asked_given(**changes: Change) -> Change:
    """The right rule, asked with other arguments, each made of all the true ones."""
    return _asked(lambda given: {name: change(SimpleNamespace(**given)) for name, change in changes.items()})


def answered(change: Change) -> Change:
    """The right rule, but its answer is made of the right one."""
    return answered_given(lambda answer, _: change(answer))


def answered_given(change: Callable[[Any, Any], Any]) -> Change:
    """The right rule, but its answer is made of the right one and of all the arguments."""
    return lambda right: (
        lambda *args, **named: change(right(*args, **named), SimpleNamespace(**_bound(right, args, named).arguments))
    )


def but(**changes: Change) -> Change:
    """The same value with some fields changed, each made of the true one."""
    return lambda value: replace(value, **{name: change(getattr(value, name)) for name, change in changes.items()})


def each(change: Change) -> Change:
    return lambda values: type(values)(map(change, values))


def always(wrong: Any) -> Change:
    return lambda _: wrong


def unless_none(change: Change) -> Change:
    return lambda value: value and change(value)


def all_as(wrong: Any) -> Change:
    return lambda values: [wrong] * len(values)


def by(more: Any) -> Change:
    return lambda value: value + more


def shows_in_some_answer() -> bool:
    """Whether some snapshot is not answered as by the oracle."""
    return any(json.dumps(json.loads(answer(line)[0])) != expected for line, expected in _decided())


@cache
def _decided() -> list[tuple[bytes, str]]:
    """Snapshots as lines of input, with the oracle's answers."""
    drawn = [random_snapshot(Random(seed)) for seed in (*TELLING, *range(300))]
    return [(json.dumps(snapshot).encode(), json.dumps(decide(snapshot))) for snapshot in drawn]


def _bound(right: Any, args: Sequence[Any], named: Mapping[str, Any]) -> BoundArguments:
    bound = signature(right).bind(*args, **named)
    bound.apply_defaults()
    return bound


def _asked(others: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    def made_wrong(right: Any) -> Any:
        def wrong(*args: Any, **named: Any) -> Any:
            bound = _bound(right, args, named)
            bound.arguments |= others(bound.arguments)
            return right(*bound.args, **bound.kwargs)

        return wrong

    return made_wrong
