"""A meter at a grid connection, told to Busbar: reads the telegrams that smart meters write to their P1 port.

    python meter.py MICROGRID CIRCUIT < /dev/ttyUSB0 | busbar send -

The circuit has `metered` in the site configuration. A telegram (DSMR 5, IEC 62056-21) is some lines of text. Of
interest are the power drawn, the power fed back, and what ends it:

    1-0:1.7.0(21.640*kW)
    1-0:2.7.0(00.000*kW)
    !6F4A
"""

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

POWER = re.compile(r"1-0:([12])\.7\.0\(([0-9]+\.[0-9]+)\*kW\)")


def powers_w(lines: Iterable[str]) -> Iterator[int]:
    """The power of every telegram that names both, in watts: drawn less fed back. A torn one is left out."""
    kilowatts: dict[str, float] = {}
    for line in lines:
        if line.startswith("!"):
            if kilowatts.keys() == {"1", "2"}:
                yield round(1000 * (kilowatts["1"] - kilowatts["2"]))
            kilowatts = {}
        elif found := POWER.match(line):
            kilowatts[found[1]] = float(found[2])


def main(microgrid_id: str, circuit_id: str) -> None:
    """A line of telemetry a telegram, stamped with this machine's clock: a meter's own is in local time."""
    for power_w in powers_w(sys.stdin):
        head = {"microgrid_id": microgrid_id, "circuit_id": circuit_id, "sequence": time.time_ns() // 1_000_000}
        measured_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        print(json.dumps({**head, "measured_at": measured_at, "power_w": power_w}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
