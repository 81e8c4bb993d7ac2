"""The shapes of how a microgrid is, for the OpenAPI document."""

from datetime import datetime

from pydantic import BaseModel

from application.queries.state import StateCode


class Shape(BaseModel):
    """An object in an answer. More keys may be added within v1."""


class State(Shape):
    """How a microgrid is: the first that holds, in the order of the codes."""

    code: StateCode
    """What holds, in a word."""
    sentence: str
    """What holds, in a sentence; times are the site's own."""
    since: datetime | None
    """The last message (`no_data`) or the latest cycle (`not_decided`), else when it began to hold (UTC); null: there
    never was one.
    """


class NotReady(Shape):
    """Vehicles that will be short of something when they leave, at their present powers."""

    vehicles: int
    """How many there are."""
    sentence: str
    """How many, which leaves first and when, in a sentence; times are the site's own."""
