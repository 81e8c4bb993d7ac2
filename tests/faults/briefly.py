"""`busbar` that keeps for two minutes what it keeps for hours and days: `python -m tests.faults.briefly worker`."""

from datetime import timedelta
from typing import Final
from unittest.mock import patch

from application import relay
from application.projections import keeping
from application.projections.keeping import Keeping
from entrypoints.cli.main import main
from entrypoints.settings import Settings

KEPT: Final = timedelta(minutes=2)

if __name__ == "__main__":
    with (
        patch.object(relay, "KEPT", KEPT),
        patch.object(keeping, "LEAST_FINE", KEPT),
        patch.object(Settings, "keeping", Keeping(KEPT, KEPT, KEPT)),
    ):
        raise SystemExit(main())
