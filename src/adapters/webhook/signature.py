"""Who sent it and when, in a header (HOOK-4)."""

import hashlib
import hmac
from datetime import datetime
from typing import Final

HEADER: Final = "Busbar-Signature"


def signature(secret: bytes, at: datetime, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: when it was sent, and the HMAC-SHA256 of those seconds, a dot and the body."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret, b"%d.%b" % (seconds, body), hashlib.sha256)
    return f"t={seconds},v1={digest.hexdigest()}"
