"""The receiver of a webhook, over HTTP."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import httpx

from adapters.messages.envelope import STRUCTURED
from adapters.messages.notices import write_notice
from adapters.webhook.addresses import Resolve, is_public, resolve
from adapters.webhook.hook import Hook
from adapters.webhook.signature import HEADER, signature
from application.ports.notifying import NotDelivered, Notice

PATIENCE_S: Final = 10.0
"""How long one delivery may take, from the question for the address to the answer."""


class HttpReceiver:
    """Posts each notice once. A redirect is an answer like any other that is none of 200 to 299."""

    def __init__(self, hook: Hook, now: Callable[[], datetime], resolve: Resolve = resolve) -> None:
        self._hook = hook
        self._url = httpx.URL(hook.url)
        self._now = now
        self._resolve = resolve

    async def deliver(self, notice: Notice) -> None:
        """Return once it is taken. Raises NotDelivered."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                status = await self._post(write_notice(notice))
        except TimeoutError:
            raise NotDelivered(f"there was no answer within {PATIENCE_S:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}") from None
        if not 200 <= status < 300:
            raise NotDelivered(f"the answer was {status}")

    async def _post(self, body: bytes) -> int:
        headers = {
            "Host": self._url.netloc.decode("ascii"),
            "Content-Type": STRUCTURED,
            HEADER: signature(self._hook.secret.encode(), self._now(), body),
        }
        # What is asked is the address that was looked at: another one a moment later cannot lead elsewhere.
        pinned = self._url.copy_with(host=await self._address())
        extensions = {"sni_hostname": self._url.raw_host.decode("ascii")}
        async with (
            httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", pinned, content=body, headers=headers, extensions=extensions) as answer,
        ):
            return answer.status_code

    async def _address(self) -> str:
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        for address in await self._resolve(self._url.host, port):
            if self._hook.allow_private or is_public(address):
                return str(address)
        raise NotDelivered("the host has no public address (BUSBAR_WEBHOOK_ALLOW_PRIVATE allows others)")
