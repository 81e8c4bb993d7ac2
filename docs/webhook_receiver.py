"""A receiver of a webhook, to begin with: it verifies who sent an entry, takes each once, and prints it.

    BUSBAR_WEBHOOK_SECRET=... python -m docs.webhook_receiver --port 9000

Standard library only. Put TLS before it; what it has taken has to outlive it where that matters.
"""

import argparse
import hashlib
import hmac
import json
import os
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, Final

TOLERANCE_S: Final = 300
"""How old, or how far ahead, a signature may be: what somebody recorded cannot be sent again later."""

LONGEST: Final = 1_000_000
"""Bytes of a body; an entry has some hundred."""


def is_genuine(secret: bytes, header: str, body: bytes, now: float) -> bool:
    """Whether the header signs this body with this secret, and did so just now."""
    signed = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", header)
    if signed is None or abs(now - int(signed[1])) > TOLERANCE_S:
        return False
    expected = hmac.new(secret, signed[1].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signed[2])


class Taken:
    """Which entry came last of each microgrid and stream: entries come at least once, and in order."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    def take(self, event: dict[str, Any]) -> bool:
        """Whether it is news; then nothing up to it is any more."""
        stream, sequence = (event["source"], event["subject"]), int(event["sequence"])
        with self._lock:
            is_news = sequence > self._newest.get(stream, -1)
            if is_news:
                self._newest[stream] = sequence
        return is_news


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what it has taken, 401 to what nobody signed. Any answer but 2xx makes Busbar try again."""

    secret: bytes
    taken: Taken

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LONGEST))
        if not is_genuine(self.secret, self.headers.get("Busbar-Signature", ""), body, time.time()):
            self.answer(401)
            return
        event = json.loads(body)
        if self.taken.take(event):
            self.handle_entry(event)
        self.answer(204)

    def handle_entry(self, event: dict[str, Any]) -> None:
        """What to do with an entry; return before Busbar gives up, which is after 10 s."""
        print(event["time"], event["subject"], event["data"]["code"], event["data"]["sentence"], flush=True)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of requests."""


def serve(port: int, secret: bytes, receiver: type[Receiver] = Receiver) -> ThreadingHTTPServer:
    """A server on loopback that is not running yet."""
    handler = type("Handler", (receiver,), {"secret": secret, "taken": getattr(receiver, "taken", Taken())})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    serve(parser.parse_args().port, os.environ["BUSBAR_WEBHOOK_SECRET"].encode()).serve_forever()


if __name__ == "__main__":
    main()
