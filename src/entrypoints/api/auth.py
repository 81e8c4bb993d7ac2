"""Who asks, and what may be seen: bearer access tokens of one issuer, or nobody in particular."""

from collections.abc import Collection
from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated, Any, Final, Protocol

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from application.queries.rows import GlanceRow, StatusRow
from entrypoints.api.problems import Problem
from entrypoints.api.signing_keys import IssuerUnavailable, SigningKeys

ALGORITHMS: Final = ("RS256", "ES256")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `workspace_id` is the only one seen beside microgrids without one.

    `name` tells callers apart where a token does; `until` is when the token expires, in seconds of Unix time.
    """

    workspace_id: str | None = None
    sees_all: bool = False
    name: str | None = None
    until: float | None = None

    def sees(self, row: StatusRow | GlanceRow) -> bool:
        """Whether a microgrid is there for this caller."""
        return self.sees_all or row.workspace_id is None or row.workspace_id == self.workspace_id


class Access(Protocol):
    """Says who asks."""

    async def caller(self, token: str | None) -> Caller:
        """Raises Problem."""
        ...


class Anonymous:
    """Everybody sees everything."""

    async def caller(self, token: str | None) -> Caller:
        return Caller(sees_all=True)


class OneToken:
    """The bearer of the one token there is sees everything."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def caller(self, token: str | None) -> Caller:
        if token is None:
            raise Problem(401, "The token is needed.", headers={"WWW-Authenticate": 'Bearer realm="busbar"'})
        if not compare_digest(token.encode(), self._token):
            raise _invalid_token("The token is another one.")
        return Caller(sees_all=True)


class AccessTokens:
    """The bearer of an access token sees his workspace.

    The token is in the style of Cognito: `token_use` and `client_id`, no audience (HTTP-13).
    """

    def __init__(self, issuer: str, client_ids: Collection[str], scope: str) -> None:
        self._issuer = issuer
        self._client_ids = client_ids
        self._scope = scope
        self._keys = SigningKeys(issuer)

    async def caller(self, token: str | None) -> Caller:
        if token is None:
            raise Problem(401, "An access token is needed.", headers={"WWW-Authenticate": 'Bearer realm="busbar"'})
        claims = await self._claims(token)
        if claims.get("token_use") != "access":
            raise _invalid_token("The token is no access token.")
        if claims.get("client_id") not in self._client_ids:
            raise self._forbidden("The client of this token may not ask here.")
        if self._scope not in str(claims.get("scope", "")).split():
            raise self._forbidden(f"The token has not the scope {self._scope}.")
        workspace_id = claims.get("workspace_id")
        return Caller(
            workspace_id if isinstance(workspace_id, str) else None,
            name=f"{claims['client_id']} {claims.get('sub')}",
            until=float(claims["exp"]),
        )

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            key = await self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise _invalid_token("The token is not signed by the issuer.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                options={"require": ["exp", "iss"], "verify_aud": False, "verify_iat": False},
            )
        except jwt.ExpiredSignatureError:
            raise _invalid_token("The token has expired.") from None
        except jwt.PyJWTError:
            raise _invalid_token("The token cannot be verified.") from None
        except IssuerUnavailable as error:
            raise Problem(503, f"No token can be verified: {error}.", headers={"Retry-After": "30"}) from None
        return claims

    def _forbidden(self, detail: str) -> Problem:
        challenge = f'Bearer realm="busbar", error="insufficient_scope", scope="{self._scope}"'
        return Problem(403, detail, headers={"WWW-Authenticate": challenge})


def _invalid_token(detail: str) -> Problem:
    challenge = f'Bearer realm="busbar", error="invalid_token", error_description="{detail}"'
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})


_bearer = HTTPBearer(
    bearerFormat="JWT", description="An access token, where the service has an issuer.", auto_error=False
)


async def asking(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Who asks, in a route. Raises Problem."""
    access: Access = request.app.state.access
    return await access.caller(None if credentials is None else credentials.credentials)


Asking = Annotated[Caller, Depends(asking)]
