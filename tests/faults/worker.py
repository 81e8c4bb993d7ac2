"""`busbar worker` with a failpoint in it, or without one of its safeguards: `python -m tests.faults.worker -h`."""

import argparse
import signal

from dependency_injector import providers

from adapters.database.outbox import SqlPendingEvents
from adapters.database.unit_of_work import SqlTransactions
from adapters.messages import registry
from application.ports.bus import Assignment
from application.ports.persistence import PendingEvents, Transactions
from entrypoints.container import Deployment, Membership
from entrypoints.service import worker
from tests.faults import ablations, failpoints
from tests.faults.failpoints import FailingMailbox, FailingPendingEvents, FailingTransactions, Failpoint


class Unlooked:
    """An Assignment that takes what it gets, whatever the bus has of it."""

    def __init__(self, inner: Assignment) -> None:
        self.assigned = inner.assigned
        self.revoked = inner.revoked

    async def look(self) -> None:
        pass


ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failpoint", choices=failpoints.FAILPOINTS, default="")
    parser.add_argument("--passing", type=int, default=1, help="at the how manieth passing")
    parser.add_argument("--action", choices=ACTIONS, default="kill")
    parser.add_argument("--ablation", choices=ablations.ABLATIONS)
    parser.add_argument("--port", type=int, default=0, help="of health and metrics (a free one)")
    chosen = parser.parse_args()
    failpoint = Failpoint(chosen.failpoint, chosen.passing, ACTIONS[chosen.action])

    of_sql = (Deployment.engine, registry.write, Deployment.clock)
    transactions: providers.Provider[Transactions] = providers.Singleton(SqlTransactions, *of_sql)
    pending_events: providers.Provider[PendingEvents] = providers.Singleton(SqlPendingEvents, Deployment.engine)
    match chosen.ablation:
        case ablations.NO_FENCE:
            transactions = providers.Singleton(ablations.UnfencedTransactions, *of_sql)
        case ablations.MEMORY_ALONE:
            pending_events = providers.Singleton(ablations.NothingPending, Deployment.engine)
        case ablations.NO_LIMITS:
            Membership.decide.override(providers.Object(ablations.limitless))
    transactions = providers.Singleton(FailingTransactions, transactions, failpoint)
    if chosen.ablation == ablations.PUBLISH_BEFORE_COMMIT:
        transactions = providers.Singleton(ablations.EagerTransactions, transactions, Deployment.event_publisher)
        # Another safeguard would find that the bus is ahead, and decide nothing.
        Deployment.not_overtaken.override(providers.Factory(Unlooked))
    Deployment.transactions.override(transactions)
    Deployment.pending_events.override(providers.Singleton(FailingPendingEvents, pending_events, failpoint))
    Membership.mailbox.override(
        providers.Singleton(FailingMailbox, Membership.clock, failpoint, Membership.decisions.provider)
    )
    return worker.run(chosen.port)


if __name__ == "__main__":
    raise SystemExit(main())
