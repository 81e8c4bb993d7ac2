"""Which OCPP the gateway speaks: what it says to a station of another one, and what is said before one is bought."""

from typing import Final

SUBPROTOCOL: Final = "ocpp1.6"

ALONE: Final = (
    f"The gateway of Busbar speaks OCPP 1.6-J alone (subprotocol {SUBPROTOCOL}); stations of OCPP 2.0.1 are not served."
)
