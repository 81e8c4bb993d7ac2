"""The site configuration of a depot that is run: offered when the file is saved, and what became of it."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from application import event_types
from application.ports.bus import EventPublisher, PublishedEvent
from domain.site import validation
from domain.site.configuration import SiteConfiguration
from entrypoints.site_files import UnusableSite, read_offer

LOOKS_EVERY_S: Final = 1.0

_logger = logging.getLogger(__name__)


class SiteFile:
    """A file and the last content that was offered out of it."""

    def __init__(self, file: Path, publisher: EventPublisher) -> None:
        self._file = file
        self._publisher = publisher
        self._offered: bytes | None = None

    async def offer(self) -> None:
        """Publish what the file says where that is something new. Raises UnusableSite and OSError."""
        content = await asyncio.to_thread(self._file.read_bytes)
        if content == self._offered:
            return
        # Also one that cannot be used: the same sentence is not said every second.
        self._offered = content
        message, configuration = read_offer(content)
        if isinstance(configuration, SiteConfiguration) and (faults := validation.faults(configuration)):
            raise UnusableSite("; ".join(f"{each.path}: {each.message}" for each in faults))
        await self._publisher.publish([message])

    async def keep_offering(self) -> None:
        """Look at the file for ever. A content that cannot be used is logged; what is in force stays so."""
        while True:
            try:
                await self.offer()
            except (UnusableSite, OSError) as error:
                _logger.warning("The site configuration %s is not offered: %s", self._file, error)
            await asyncio.sleep(LOOKS_EVERY_S)


def tell(event: PublishedEvent) -> None:
    """Log what became of a configuration that was offered."""
    match event.type:
        case event_types.CONFIGURATION_APPLIED:
            _logger.info("Version %s of %s is in force", event.data["version"], event.microgrid_id)
            for warning in event.data["warnings"]:
                _logger.warning("%s: %s", warning["node_id"], warning["message"])
        case event_types.CONFIGURATION_REJECTED:
            why = "; ".join(each["message"] for each in event.data["faults"])
            _logger.warning("Version %s of %s is refused: %s", event.data["version"], event.microgrid_id, why)
