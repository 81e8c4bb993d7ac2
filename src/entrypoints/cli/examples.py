"""An example of every command, shown at the end of its help (CLI-4). A test reads each as the command line does."""

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, str]] = {
    "demo": "busbar demo --headless --for 20m --scenario joondalup-small --fault charger-offline",
    "scenarios": "busbar scenarios --json",
    "check": "busbar check depot.json --against in-force.json --strict",
    "rebalance": "busbar rebalance snapshots.jsonl",
    "replay": "busbar replay evening.jsonl",
    "accept site": "busbar accept site depot.json --background gc-1=60000 --report acceptance",
    "accept gateway": "busbar accept gateway depot.json --topic-prefix accept --report acceptance",
    "run": "busbar run --site depot.json --ocpp 127.0.0.1:8180 --plan departures.csv",
    "migrate": "busbar migrate --finish",
    "worker": "busbar worker --port 8081",
    "project": "busbar project --port 8082",
    "api": "busbar api --port 8080",
    "gateway ocpp": "busbar gateway ocpp --site depot.json --listen 0.0.0.0:8180 --passwords passwords",
    "gateway password": "busbar gateway password cp-1 >> passwords",
    "rebuild": "busbar rebuild malaga",
    "configure": "busbar configure depot.json --strict --wait 30s",
    "retire": "busbar retire malaga --wait 30s",
    "send": "busbar send readings.jsonl",
    "simulate": "busbar simulate --scenario leichhardt-mixed --speed 10 --for 20m",
    "status": "busbar status malaga --json",
    "breaches": "busbar breaches malaga --state all",
    "explain": "busbar explain malaga cp-001/1",
    "events": "busbar events --follow --microgrid malaga",
    "dead-letters": "busbar dead-letters --follow",
    "show-state": "busbar show-state malaga",
}
