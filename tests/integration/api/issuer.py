"""An issuer of tokens on this machine: real keys, served as an issuer serves them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CLIENT = "dashboard"
SCOPE = "busbar/read"


class Issuer:
    """Signs tokens, and says which keys it signs with. `asked` counts how often it was asked for them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked = 0
        self.is_down = False
        self.calls_itself = url
        self._keys: dict[str, tuple[str, Key]] = {}

    def new_key(self, key_id: str, algorithm: str) -> Key:
        """A key that is published from now on."""
        key: Key
        if algorithm.startswith("RS"):
            key = rsa.generate_private_key(65537, 2048)
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        self._keys[key_id] = (algorithm, key)
        return key

    def withdraw(self, key_id: str) -> None:
        del self._keys[key_id]

    def token(self, key_id: str = "rsa", key: Key | None = None, **changes: Any) -> str:
        """An access token of the workspace `north`; a claim that is changed to None is left out."""
        algorithm, signing = ("RS256", key) if key else self._keys[key_id]
        claims = {
            "iss": self.url,
            "sub": "9d7b",
            "exp": int(time.time()) + 600,
            "token_use": "access",
            "client_id": CLIENT,
            "scope": f"openid {SCOPE}",
            "workspace_id": "north",
        } | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, signing, algorithm, {"kid": key_id})

    def documents(self) -> dict[str, Any]:
        """What is found at which path."""
        keys = []
        for key_id, (algorithm, key) in self._keys.items():
            written = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
            keys.append({**written, "kid": key_id, "use": "sig", "alg": algorithm})
        return {
            "/.well-known/openid-configuration": {"issuer": self.calls_itself, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": keys},
        }


@contextmanager
def an_issuer() -> Iterator[Issuer]:
    """An issuer that is served, with an RSA key `rsa` and an elliptic one `ec`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += self.path == "/keys"
            document = None if issuer.is_down else issuer.documents().get(self.path)
            self.send_response(503 if document is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    issuer.new_key("rsa", "RS256")
    issuer.new_key("ec", "ES256")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
