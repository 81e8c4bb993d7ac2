"""`busbar worker` with a failpoint in it, or without one of its safeguards: `python -m tests.faults.worker -h`."""

import argparse
import signal

from dependency_injector import providers

from adapters.database.outbox import SqlPendingEvents
from adapters.database.unit_of_work import SqlTransactions
from adapters.messages import registry
from application.commands.run_cycle import RunCycleHandler
from application.ports import PendingEvents, Transactions
from entrypoints import worker
from entrypoints.container import Deployment
from tests.faults import ablations, failpoints
from tests.faults.failpoints import FailingPendingEvents, FailingRunCycle, FailingTransactions, Failpoint

ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failpoint", choices=failpoints.FAILPOINTS, default="")
    parser.add_argument("--passing", type=int, default=1, help="at the how manieth passing")
    parser.add_argument("--action", choices=ACTIONS, default="kill")
    parser.add_argument("--ablation", choices=ablations.ABLATIONS)
    parser.add_argument("--hold", type=int, default=0, help="hold the how manieth commit back")
    chosen = parser.parse_args()
    failpoint = Failpoint(chosen.failpoint, chosen.passing, ACTIONS[chosen.action])

    of_sql = (Deployment.engine, registry.write, Deployment.clock)
    transactions: providers.Provider[Transactions] = providers.Singleton(SqlTransactions, *of_sql)
    pending_events: providers.Provider[PendingEvents] = providers.Singleton(SqlPendingEvents, Deployment.engine)
    match chosen.ablation:
        case ablations.NO_FENCE:
            transactions = providers.Singleton(ablations.UnfencedTransactions, *of_sql)
        case ablations.PUBLISH_BEFORE_COMMIT:
            publisher = Deployment.event_publisher
            transactions = providers.Singleton(ablations.EagerTransactions, transactions, publisher, registry.write)
        case ablations.CURSOR:
            pending_events = providers.Singleton(ablations.EventsBehindCursor, Deployment.engine)
    if chosen.hold:
        transactions = providers.Singleton(ablations.HoldingTransactions, transactions, chosen.hold)
    Deployment.transactions.override(providers.Singleton(FailingTransactions, transactions, failpoint))
    Deployment.pending_events.override(providers.Singleton(FailingPendingEvents, pending_events, failpoint))
    run_cycle = providers.Singleton(RunCycleHandler, *Deployment.run_cycle.args, **Deployment.run_cycle.kwargs)
    Deployment.run_cycle.override(providers.Singleton(FailingRunCycle, run_cycle, Deployment.clock, failpoint))
    return worker.run(port=0)


if __name__ == "__main__":
    raise SystemExit(main())
