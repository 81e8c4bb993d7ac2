"""The site as a single-line diagram: from the grid down to its chargers, a row a circuit or group of like chargers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from domain.site.power import Watts
from domain.site.power_tree import ROOT, NodeType, PowerTree

ROW: Final = 44
INDENT: Final = 48
LEFT: Final = 24
WIDTH: Final = 900


@dataclass(frozen=True, slots=True)
class Symbol:
    """What stands in a row: `kind` is `microgrid`, `circuit` or `charger`; `from_y` is the height of what feeds it."""

    kind: str
    x: int
    y: int
    from_x: int
    from_y: int
    label: str
    detail: str
    metered: bool = False
    is_unsafe: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """The symbols of a site, from top to bottom."""

    symbols: tuple[Symbol, ...]

    @property
    def height(self) -> int:
        return ROW * (len(self.symbols) + 1)


def diagram(tree: PowerTree, unsafe: frozenset[str]) -> Diagram:
    """The diagram of a site; the nodes that are not fail-safe are marked."""
    below: dict[int, list[int]] = {}
    for index, parent in enumerate(tree.parents):
        below.setdefault(parent, []).append(index)
    symbols: list[Symbol] = []
    _draw(tree, ROOT, unsafe, below=below, symbols=symbols, above=None)
    return Diagram(tuple(symbols))


def _draw(
    tree: PowerTree,
    index: int,
    unsafe: frozenset[str],
    *,
    below: Mapping[int, list[int]],
    symbols: list[Symbol],
    above: Symbol | None,
) -> None:
    node = tree.nodes[index]
    detail = f"capacity {_kw(node.default_capacity_w)}"
    if node.safe_operating_capacity_w is not None:
        detail += f", safe {_kw(node.safe_operating_capacity_w)}"
    here = _symbol(
        "microgrid" if index == ROOT else "circuit",
        _label(node.node_id, node.name),
        f"{detail}, fallbacks {_kw(tree.fallbacks_w[index])}",
        row=len(symbols),
        above=above,
        metered=node.metered,
        is_unsafe=node.node_id in unsafe,
    )
    symbols.append(here)
    children = below.get(index, [])
    chargers = [each for each in children if tree.nodes[each].node_type is NodeType.CHARGE_POINT]
    for label, detail, is_unsafe in _groups(tree, chargers, unsafe):
        symbols.append(_symbol("charger", label, detail, row=len(symbols), above=here, is_unsafe=is_unsafe))
    for child in children:
        if child not in chargers:
            _draw(tree, child, unsafe, below=below, symbols=symbols, above=here)


def _symbol(
    kind: str,
    label: str,
    detail: str,
    *,
    row: int,
    above: Symbol | None,
    metered: bool = False,
    is_unsafe: bool = False,
) -> Symbol:
    y = ROW * (row + 1)
    return Symbol(
        kind=kind,
        x=LEFT if above is None else above.x + INDENT,
        y=y,
        from_x=LEFT if above is None else above.x,
        from_y=y if above is None else above.y,
        label=label,
        detail=detail,
        metered=metered,
        is_unsafe=is_unsafe,
    )


def _groups(tree: PowerTree, chargers: list[int], unsafe: frozenset[str]) -> Iterator[tuple[str, str, bool]]:
    """Chargers in their order, those that are alike and follow each other together."""

    def alike(index: int) -> tuple[Watts | None, Watts, tuple[Watts, ...], bool]:
        ratings_w = tuple(tree.connectors[each].max_power_w for each in tree.connectors_of[index])
        node = tree.nodes[index]
        return node.default_capacity_w, tree.fallbacks_w[index], ratings_w, node.node_id in unsafe

    for (rating_w, fallback_w, ratings_w, is_unsafe), found in groupby(chargers, alike):
        nodes = [tree.nodes[each] for each in found]
        label = _label(nodes[0].node_id, nodes[0].name)
        if len(nodes) > 1:
            label = f"{len(nodes)} chargers, {nodes[0].node_id} to {nodes[-1].node_id}"
        connectors = "1 connector" if len(ratings_w) == 1 else f"{len(ratings_w)} connectors"
        each = " each" if len(nodes) > 1 else ""
        yield label, f"{_kw(rating_w)}{each}, fallback {_kw(fallback_w)}{each}, {connectors}{each}", is_unsafe


def _label(node_id: str, name: str) -> str:
    return node_id if name == node_id else f"{name} ({node_id})"


def _kw(watts: Watts | None) -> str:
    return "unlimited" if watts is None else f"{watts / 1000:,.10g} kW"
