"""The events of a trial, as the service would publish them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from application.trial.record import Record
from application.trial.rungs import Rungs, Tells
from domain.events import ConfigurationApplied, CycleCompleted, DomainEvent, MicrogridProvisioned, TreeNode, Trigger
from domain.knowledge.limits import LimitKind, Mode
from domain.sharing.plan import NodeFigures, Outcome, Quality, Reason, Setpoint, Totals
from domain.site.configuration import SiteConfiguration
from domain.site.power import Watts
from domain.site.power_tree import NodeType, PowerNode, PowerTree


def introduced(configuration: SiteConfiguration, tree: PowerTree, now: datetime) -> Sequence[DomainEvent]:
    """The first two events of a stream: the microgrid is there, and its configuration is in force."""
    return [
        MicrogridProvisioned(
            microgrid_id=configuration.microgrid_id,
            event_seq=1,
            name=configuration.name,
            workspace_id=configuration.workspace_id,
            grid_connections=configuration.grid_connections,
            provisioned_at=now,
        ),
        ConfigurationApplied(
            microgrid_id=configuration.microgrid_id,
            event_seq=2,
            version=configuration.version,
            request_id=None,
            applied_at=now,
            configuration=configuration,
            nodes=tuple(TreeNode(each.node_id, each.node_type, each.parent_id, each.name) for each in tree.nodes),
            warnings=(),
        ),
    ]


def told(
    record: Record, tells: Tells, valid_for: timedelta, now: datetime, *, event_seq: int, cycle_seq: int
) -> CycleCompleted:
    """A cycle that tells every connector the same rung of its own; none is listed where there is no such rung."""
    configuration = record.configuration
    setpoints = tuple(
        _setpoint(each, limit_w, valid_for)
        for each in record.rungs.values()
        if (limit_w := each.told_w(tells)) is not None
    )
    allocated_w = sum(each.limit_w or 0 for each in setpoints)
    return CycleCompleted(
        microgrid_id=configuration.microgrid_id,
        event_seq=event_seq,
        cycle_seq=cycle_seq,
        trigger=Trigger.TIMER,
        decided_at=now,
        configuration_version=configuration.version,
        strategy=configuration.strategy,
        outcome=Outcome.CURTAILED,
        degraded=False,
        totals=Totals(allocated_w, allocated_w, None, 0, 0),
        nodes=tuple(map(_node, record.tree.nodes)),
        setpoints=setpoints,
    )


def _setpoint(rungs: Rungs, limit_w: Watts, valid_for: timedelta) -> Setpoint:
    return Setpoint(
        charge_point_id=rungs.connector.charge_point_id,
        connector_id=rungs.connector.connector_id,
        limit_w=limit_w,
        target_w=limit_w,
        previous_limit_w=None,
        requested_w=None,
        measured_w=None,
        reserved_w=0,
        status=None,
        reason=Reason.LIMITED,
        binding_node_id=None,
        valid_for_s=int(valid_for.total_seconds()),
        factor=1000,
        session=None,
    )


_KINDS = {NodeType.MICROGRID: LimitKind.MAX_IMPORT, NodeType.CHARGE_POINT: LimitKind.MAX_POWER}


def _node(node: PowerNode) -> NodeFigures:
    limit_w = node.default_capacity_w
    return NodeFigures(
        node_id=node.node_id,
        node_type=node.node_type,
        parent_id=node.parent_id,
        mode=Mode.NORMAL,
        limit_w=limit_w,
        limit_kind=None if limit_w is None else _KINDS.get(node.node_type, LimitKind.DEFAULT_CAPACITY),
        measured_w=None,
        background_w=0,
        reserved_w=0,
        allocated_w=0,
        headroom_w=limit_w,
        constrained=False,
        quality=Quality.MISSING,
    )
