"""Where entries of the log are sent, as the settings say it, and the loop that sends them (HOOK-1)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import httpx

from adapters.webhook.addresses import is_private
from adapters.webhook.hook import Hook
from application.notifier import Notifier
from application.ports.persistence import StorageUnavailable
from entrypoints import settings as environment
from entrypoints.container import Container, Deployment
from entrypoints.unusable import UnusableSetting
from entrypoints.webhook_container import Webhook

LOOKS_EVERY_S: Final = 0.5
"""How often it is looked for notices, where there were none to be sent."""

_REFUSED: Final = "The variable BUSBAR_WEBHOOK_URL cannot be used: {}; BUSBAR_WEBHOOK_ALLOW_PRIVATE=true allows it."

_logger = logging.getLogger(__name__)


def hook() -> Hook | None:
    """Where entries of the log are sent; None where they are not. Raises UnusableSetting."""
    settings = environment.load()
    if settings.webhook_url is None:
        return None
    secret = "" if settings.webhook_secret is None else settings.webhook_secret.get_secret_value()
    if not secret:
        raise UnusableSetting("The variable BUSBAR_WEBHOOK_SECRET is missing: what signs what is sent?")
    try:
        url = httpx.URL(settings.webhook_url)
    except httpx.InvalidURL as error:
        raise UnusableSetting(f"The variable BUSBAR_WEBHOOK_URL cannot be used: {error}.") from None
    if not settings.webhook_allow_private and url.scheme != "https":
        raise UnusableSetting(_REFUSED.format("it does not begin with https://"))
    if not settings.webhook_allow_private and is_private(url.host):
        raise UnusableSetting(_REFUSED.format("it is in a private network"))
    return Hook(settings.webhook_url, secret, settings.webhook_allow_private)


@asynccontextmanager
async def sending(hook: Hook, parts: Container | Deployment, owns: Callable[[str], bool]) -> AsyncIterator[None]:
    """Send the notices of these microgrids while inside, beside all else: a receiver that is slow holds nothing up."""
    sender = Webhook(
        hook=hook,
        engine=parts.engine(),
        clock=parts.clock(),
        counters=parts.counters(),
        owns=owns,
    )
    task = asyncio.create_task(_keep_sending(sender.notifier()))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _keep_sending(notifier: Notifier) -> None:
    while True:
        sent = False
        try:
            sent = await notifier.turn()
        except* StorageUnavailable:
            pass  # who projects says so
        except* Exception as error:
            _logger.error("Notices could not be sent, it is tried again", exc_info=error)
        if not sent:
            await asyncio.sleep(LOOKS_EVERY_S)
