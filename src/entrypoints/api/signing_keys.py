"""The keys an issuer signs with, as it publishes them: fetched when needed, kept, and never asked for too often."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx
from jwt import PyJWK, PyJWKSet, PyJWTError

from entrypoints.api.shell import is_loopback

KEPT_S: Final = 3600.0
"""How long keys are trusted: one that the issuer withdrew is not accepted for longer."""

COOL_DOWN_S: Final = 30.0
"""How long the issuer is left alone after it was asked, whatever tokens come meanwhile."""

_PATIENCE_S: Final = 5.0

_logger = logging.getLogger(__name__)


class IssuerUnavailable(Exception):
    """There are no keys to verify a token with."""


class SigningKeys:
    """An issuer's public keys by their id."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def get(self, key_id: str) -> PyJWK | None:
        """The key with this id, None where the issuer has none. Raises IssuerUnavailable."""
        if not self._knows(key_id):
            async with self._asking:
                if not self._knows(key_id) and self._may_ask():
                    await self._ask()
        if not self._are_fresh():
            raise IssuerUnavailable(f"{self._issuer} does not say which keys it signs with")
        return self._keys.get(key_id)

    def _knows(self, key_id: str) -> bool:
        return self._are_fresh() and key_id in self._keys

    def _are_fresh(self) -> bool:
        return self._fetched_at is not None and time.monotonic() - self._fetched_at < KEPT_S

    def _may_ask(self) -> bool:
        return self._asked_at is None or time.monotonic() - self._asked_at >= COOL_DOWN_S

    async def _ask(self) -> None:
        self._asked_at = time.monotonic()
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE_S) as client:
                self._keys = await self._fetch(client)
            self._fetched_at = time.monotonic()
        except (httpx.HTTPError, httpx.InvalidURL, PyJWTError, ValueError, TypeError, KeyError) as error:
            _logger.warning("the keys of %s could not be fetched: %s", self._issuer, error)

    async def _fetch(self, client: httpx.AsyncClient) -> Mapping[str, PyJWK]:
        about = await _json(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if about["issuer"] != self._issuer:
            raise ValueError(f"it calls itself {about['issuer']!r}")
        if not is_trustworthy(about["jwks_uri"]):
            raise ValueError("its keys are not behind https")
        published = PyJWKSet.from_dict(await _json(client, about["jwks_uri"]))
        return {key.key_id: key for key in published.keys if key.key_id and key.public_key_use in (None, "sig")}


def is_trustworthy(url: str) -> bool:
    """Whether what comes from an address is its owner's: https, or http on loopback."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return False
    return bool(parsed.host) and (parsed.scheme == "https" or (parsed.scheme == "http" and is_loopback(parsed.host)))


async def _json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    response = await client.get(url)
    response.raise_for_status()
    found: dict[str, Any] = response.json()
    return found
