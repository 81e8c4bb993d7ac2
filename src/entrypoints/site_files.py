"""Site configurations in files of somebody's own."""

import hashlib

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from adapters.messages import envelope, parsing, registry
from adapters.messages.configuration import SITE_CONFIGURATION, configuration_to, read_configuration
from adapters.simulation import scenario
from adapters.simulation.scenario import Scenario
from application.ports.bus import MalformedConfiguration, Message, Unreadable
from domain.site import validation
from domain.site.configuration import SiteConfiguration
from entrypoints.topics import CONFIGURATION


class UnusableSite(Exception):
    """A site configuration of somebody's own that cannot be played; the message says why."""


def read_valid(raw: bytes) -> SiteConfiguration:
    """A site configuration in JSON that has no fault. Raises UnusableSite."""
    try:
        configuration = read_configuration(parsing.parse(raw))
    except parsing.NotJson as error:
        raise UnusableSite(str(error)) from None
    except ValidationError as error:
        raise UnusableSite(parsing.summary(parsing.faults(error))) from None
    faults = validation.faults(configuration)
    if faults:
        raise UnusableSite(parsing.summary(faults))
    return configuration


def read_site(raw: bytes) -> Scenario:
    """A scenario around a site configuration in JSON, whatever it leaves out filled in. Raises UnusableSite."""
    return scenario.own_site(from_json(to_json(configuration_to(read_valid(raw)))))


def read_offer(raw: bytes) -> tuple[Message, SiteConfiguration | MalformedConfiguration]:
    """A site configuration in JSON as the message that offers it, and as a worker will read it.

    Raises UnusableSite where nobody could answer it: it is no JSON or names no microgrid.
    """
    try:
        data = parsing.parse(raw)
    except parsing.NotJson as error:
        raise UnusableSite(str(error)) from None
    key = data.get("microgrid_id") if isinstance(data, dict) else None
    match registry.read(CONFIGURATION, Message(key, (("ce_type", SITE_CONFIGURATION.encode()),), raw)):
        case SiteConfiguration() | MalformedConfiguration() as body:
            digest = hashlib.sha256(raw).hexdigest()
            return envelope.wrap(SITE_CONFIGURATION, digest, body.microgrid_id, raw), body
        case Unreadable(detail=detail):
            raise UnusableSite(detail)
        case other:
            raise TypeError(f"a configuration was read as {type(other).__name__}")
