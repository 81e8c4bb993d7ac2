// The single-line diagram: a tree of the network, built once for a configuration and changed in place.

import { bar, drawn, element, fillBar, level, put, say } from "./dom.js";
import { accessibleName, held, kw, sleeps, STATES } from "./text.js";

const COLLAPSES_FROM = 600;
const FEW = 12; // connectors that are drawn large
const OPENED_FOR = 20;
const CASE_WIDTH = 14;
const LOUD = ["over_limit", "safe", "stale", "unresponsive"];

export class Tree {
  constructor(root, selected) {
    this.root = root;
    this.selected = selected;
    this.shape = "";
    this.views = new Map();
    this.current = null;
    root.onclick = (event) => this.#chosen(event.target.closest("[role=treeitem]"));
    root.onkeydown = (event) => this.#pressed(event);
  }

  update(nodes) {
    const shape = JSON.stringify(nodes.map((node) => [node.node_id, node.parent_id, node.name, node.rating_w]));
    if (shape !== this.shape) this.#build(nodes);
    this.shape = shape;
    for (const node of nodes) {
      const view = this.views.get(node.node_id);
      put(view.item, { "aria-label": accessibleName(node), "data-state": node.state });
      view.update(node);
      if (view.wrap?.classList.contains("collapsed") && node.state === "over_limit") this.#expand(view, true);
    }
  }

  mark(nodeId) {
    for (const { item } of this.views.values()) {
      const chosen = item.dataset.node === nodeId;
      if ((item.getAttribute("aria-selected") === "true") !== chosen) put(item, { "aria-selected": chosen });
    }
  }

  // Shows where these are; null where nothing is looked for. Circuits are opened for a few of them.
  find(nodeIds) {
    for (const [nodeId, { item }] of this.views) {
      const found = nodeIds !== null && nodeIds.has(nodeId);
      if (item.classList.contains("found") !== found) item.classList.toggle("found", found);
    }
    if (nodeIds === null || nodeIds.size > OPENED_FOR) return;
    for (const nodeId of nodeIds) {
      for (let view = this.views.get(nodeId); view; view = this.views.get(view.parent)) {
        if (view.item.getAttribute("aria-expanded") === "false") this.#expand(view, true);
      }
    }
  }

  #build(nodes) {
    const focused = this.root.contains(document.activeElement) ? this.current : null;
    this.root.replaceChildren();
    this.views = new Map();
    const connectors = nodes.filter((each) => each.node_type === "connector");
    this.root.classList.toggle("few", connectors.length <= FEW);
    const largest = Math.max(1, ...connectors.map((each) => each.rating_w));
    for (const node of nodes) {
      const parent = this.views.get(node.parent_id);
      const depth = parent ? parent.depth + 1 : 1;
      const view = BUILDERS[node.node_type](node, parent, this.root, largest);
      Object.assign(view, { depth, parent: node.parent_id });
      put(view.item, { role: "treeitem", tabindex: -1, "aria-level": depth, "aria-selected": false,
        "data-node": node.node_id });
      view.item.classList.add("item");
      this.views.set(node.node_id, view);
    }
    if (nodes.length >= COLLAPSES_FROM) {
      for (const node of nodes) {
        const view = this.views.get(node.node_id);
        if (node.node_type === "circuit") this.#expand(view, LOUD.includes(node.state));
      }
    }
    this.#tabStop((this.views.get(this.current) ?? this.views.values().next().value).item);
    if (focused !== null) this.views.get(this.current)?.item.focus();
  }

  #expand(view, expanded) {
    view.wrap.classList.toggle("collapsed", !expanded);
    put(view.item, { "aria-expanded": expanded });
  }

  #tabStop(item) {
    this.views.get(this.current)?.item.setAttribute("tabindex", -1);
    item.setAttribute("tabindex", 0);
    this.current = item.dataset.node;
  }

  #chosen(item) {
    if (item === null) return;
    const view = this.views.get(item.dataset.node);
    if (item.getAttribute("aria-expanded") === "false") this.#expand(view, true);
    this.#tabStop(item);
    item.focus({ preventScroll: true });
    this.selected(item.dataset.node);
  }

  #pressed(event) {
    const item = event.target.closest("[role=treeitem]");
    if (item === null || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") this.#chosen(item);
    else {
      const next = this.#next(event.key, item);
      if (next === undefined) return;
      if (next) {
        this.#tabStop(next);
        next.focus();
      }
    }
    event.preventDefault();
  }

  #next(key, item) {
    const items = [...this.root.querySelectorAll("[role=treeitem]")].filter((each) => each.getClientRects().length);
    const position = items.indexOf(item);
    const view = this.views.get(item.dataset.node);
    const expanded = item.getAttribute("aria-expanded");
    switch (key) {
      case "ArrowDown": return items[position + 1] ?? null;
      case "ArrowUp": return items[position - 1] ?? null;
      case "Home": return items[0];
      case "End": return items.at(-1);
      case "ArrowLeft":
        if (expanded === "true") return this.#expand(view, false) ?? null;
        return this.views.get(view.parent)?.item ?? null;
      case "ArrowRight":
        if (expanded === "false") return this.#expand(view, true) ?? null;
        return items.find((each) => this.views.get(each.dataset.node).parent === item.dataset.node) ?? null;
      default: return undefined;
    }
  }
}

const BUILDERS = { microgrid: aMicrogrid, grid_connection: aConnection, circuit: aCircuit, charge_point: aCharger,
  connector: aConnector };

function figure(node, more) {
  const over = node.state === "over_limit" ? "▲ " : "";
  return `${over}${kw(node.measured_w)}${more}${node.limit_w === null ? "" : ` / ${kw(node.limit_w)}`} kW`;
}

function row(parent, glyph, node, kind) {
  const name = element("span", { class: "name" }, node.name);
  const chip = element("span", { class: "chip" });
  const load = element("span", { class: "figure" });
  const line = bar();
  const item = element("div", { class: kind }, glyph, name, " ", chip, " ", line, load);
  const below = element("div", { class: "below", role: "none" });
  const wrap = element("div", { class: `${kind}-wrap`, role: "none" }, item, below);
  parent.append(wrap);
  return { item, below, wrap, update(each) {
    say(load, figure(each, kind === "circuit" ? "" : held(each)));
    say(chip, ["safe", "at_limit"].includes(each.state) ? STATES[each.state] : "");
    fillBar(line, each);
  } };
}

function aMicrogrid(node, _parent, root) {
  return row(root, glyph("M2 6 8 2l6 4v8H2z"), node, "root");
}

function aConnection(node, parent) {
  return row(parent.below, glyph("M8 0v2M8 14v2", [8, 5.5, 3.5], [8, 10.5, 3.5]), node, "connection");
}

function aCircuit(node, parent) {
  parent.wrap.classList.add("nesting");
  return row(parent.below, glyph("M3 3h10v10H3z"), node, "circuit");
}

function glyph(path, ...circles) {
  return drawn("svg", { class: "glyph", viewBox: "0 0 16 16", "aria-hidden": "true" }, drawn("path", { d: path }),
    ...circles.map(([cx, cy, r]) => drawn("circle", { cx, cy, r })));
}

function aCharger(node, parent) {
  if (parent.busbar === undefined) {
    parent.busbar = element("div", { class: "busbar", role: "none" });
    parent.below.prepend(parent.busbar);
  }
  const load = element("b");
  const item = element("div", { class: "charger" }, load, " ", element("span", {}, node.node_id.split("-").at(-1)));
  const columns = element("div", { class: "columns", role: "none" });
  parent.busbar.append(element("div", { class: "charger-wrap", role: "none" }, item, columns));
  return { item, columns, update(each) {
    const shown = each.measured_w === null || each.measured_w >= 500 ? kw(each.measured_w) : "";
    say(load, each.state === "over_limit" ? `▲${kw(each.measured_w)}` : shown);
  } };
}

function aConnector(node, parent, _root, largest) {
  const height = Math.round(16 + (20 * node.rating_w) / largest);
  const load = drawn("rect", { x: 1, width: CASE_WIDTH - 2 });
  const told = drawn("line", { x1: 1, x2: CASE_WIDTH - 1 });
  const mark = drawn("path");
  const item = element("div", { class: "connector" },
    drawn("svg", { width: CASE_WIDTH, height, viewBox: `0 0 ${CASE_WIDTH} ${height}`, "aria-hidden": "true" },
      drawn("rect", { class: "case", x: 0.5, y: 0.5, width: CASE_WIDTH - 1, height: height - 1 }), load, told, mark));
  parent.columns.append(item);
  return { item, update(each) {
    const at = (watts) => ((height - 2) * Math.min(1, Math.max(0, (watts ?? 0) / (each.rating_w || 1)))).toFixed(1);
    const limit = each.setpoint?.limit_w;
    put(load, { y: (height - 1 - at(each.measured_w)).toFixed(1), height: at(each.measured_w), class: `load ${level(each)}` });
    const y = (height - 1 - at(limit)).toFixed(1);
    put(told, { y1: y, y2: y, class: limit > 0 && each.state !== "idle" ? "told" : "none" });
    const other = each.measured_w === null ? UNKNOWN : sleeps(each) ? ASLEEP : null;
    put(mark, { class: "mark", d: (MARKS[each.state] ?? other)?.(height) ?? "" });
  } };
}

const UNKNOWN = (height) => `M4 ${height / 2 - 1}h6v2h-6z`;

const ASLEEP = (height) => `M4 ${height / 2}a3 3 0 1 0 6 0a3 3 0 1 0-6 0z`;

const MARKS = {
  stale: (height) => `M1 ${height - 1}L${CASE_WIDTH - 1} 1M1 ${height / 2}L${CASE_WIDTH / 2} 1M${CASE_WIDTH / 2} ${height - 1}L${CASE_WIDTH - 1} ${height / 2}`,
  unresponsive: (height) => `M3 ${height / 2 - 4}l8 8m0-8l-8 8`,
  held_back: () => `M4 2.5h6L7 6.5z`,
  over_limit: () => `M3.5 8h7L7 2z`,
};
