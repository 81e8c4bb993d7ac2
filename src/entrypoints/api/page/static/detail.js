// The selected node: its path and load, for a connector why it may draw what it may, else what draws below it.

import { draw } from "./chart.js";
import { bar, byId, element, fillBar, list, put, say, show } from "./dom.js";
import { read } from "./stream.js";
import { accessibleName, exactKw, factor, held, KINDS, kw, label, QUALITIES, REASONS, stateOf, takesLess, titled, TYPES } from "./text.js";

const HISTORY_EVERY_MS = 5000;

export class Detail {
  constructor(path, select) {
    this.path = path;
    this.select = select;
    this.drawn = { nodeId: null, at: -Infinity };
  }

  update(view, nodeId, vehicle) {
    const nodes = new Map(view.nodes.map((each) => [each.node_id, each]));
    const node = nodes.get(nodeId) ?? view.nodes[0];
    const chain = [node];
    while (nodes.has(chain.at(-1).parent_id)) chain.push(nodes.get(chain.at(-1).parent_id));
    say(byId("path"), chain.slice(1).reverse().map((each) => each.name).join(" › ") || "Whole site");
    say(byId("detail-title"), node.node_id);
    say(byId("detail-load"), `${kw(node.measured_w)}${held(node)}${node.limit_w === null ? "" : ` / ${kw(node.limit_w)}`} kW`);
    const name = node.name === node.node_id ? TYPES[node.node_type] : titled(node, node.name);
    const kind = node.limit_kind && node.setpoint === null ? `, the limit is its ${KINDS[node.limit_kind]}` : "";
    say(byId("detail-state"), `${name}: ${stateOf(node)}${kind}${node.quality in QUALITIES ? `; ${QUALITIES[node.quality]}` : ""}`);
    put(byId("detail"), { "data-state": node.state });
    this.#explain(node, chain, view, vehicle);
    const below = view.nodes.filter((each) => each.parent_id === node.node_id);
    below.sort((one, other) => (other.measured_w ?? 0) - (one.measured_w ?? 0));
    list(byId("children"), below, (each) => each.node_id, () => this.#child(), (child, each) => {
      const [button, line, figure] = child.children;
      say(button, each.node_id);
      put(button, { "aria-label": label(each) });
      fillBar(line, each);
      say(figure, `${each.state === "over_limit" ? "▲ " : ""}${kw(each.measured_w)} / ${kw(each.limit_w)}`);
      put(child, { "data-state": each.state });
    });
    this.#drawHistory(node.node_id, view.as_of.at);
  }

  #child() {
    const button = element("button", { type: "button", class: "link" });
    const child = element("li", {}, button, " ", bar(), element("span", { class: "figure" }));
    button.addEventListener("click", () => this.select(child.dataset.key));
    return child;
  }

  #explain(node, chain, view, vehicle) {
    const setpoint = node.setpoint;
    show(byId("explanation"), setpoint !== null);
    if (setpoint === null) return;
    say(byId("because"), why(node, setpoint));
    const pairs = [
      ["Reason", reason(node, view), setpoint.reason],
      ["Setpoint", watts(setpoint.limit_w), setpoint.limit_w],
      ["Target", watts(setpoint.target_w), setpoint.target_w],
      ["Asked for", setpoint.requested_w === null ? "as much as it may" : watts(setpoint.requested_w), setpoint.requested_w],
      ["Status", setpoint.status ?? "never heard", setpoint.status],
    ];
    if (vehicle) pairs.push(["Vehicle", vehicle, setpoint.session?.session_id]);
    if (factor(setpoint)) pairs.push(["Draws", factor(setpoint), setpoint.factor]);
    list(byId("setpoint"), pairs, (pair) => pair[0], () => element("div", {}, element("dt"), element("dd")), (child, pair) => {
      say(child.children[0], pair[0]);
      say(child.children[1], pair[1]);
      put(child.children[1], { "data-value": pair[2] ?? "" });
    });
    list(byId("chain"), chain, (each) => each.node_id,
      () => element("li", {}, element("span", { class: "link-name" }), " ", element("b"), " ", element("span", { class: "kind" }), bar()),
      (child, each) => {
        const binds = each.node_id === setpoint.binding_node_id;
        say(child.children[0], each.name === each.node_id ? each.node_id : `${each.name} (${each.node_id})`);
        say(child.children[1], each.limit_w === null ? "no limit" : `${exactKw(each.limit_w)} kW`);
        const kind = [binds ? "binds" : "", KINDS[each.limit_kind] ?? "", each.mode === "safe" ? "safe mode" : "", QUALITIES[each.quality] ?? ""];
        say(child.children[2], kind.filter(Boolean).join(" · "));
        fillBar(child.children[3], each);
        put(child, { class: binds ? "binds" : "", "data-node": each.node_id, "data-limit-w": each.limit_w ?? "" });
      });
  }

  async #drawHistory(nodeId, at) {
    if (at === null) return;
    const now = performance.now();
    if (this.drawn.nodeId === nodeId && now - this.drawn.at < HISTORY_EVERY_MS) return;
    this.drawn = { nodeId, at: now };
    const since = new Date(Date.parse(at) - 600_000).toISOString();
    const query = `from=${encodeURIComponent(since)}&limit=61`;
    try {
      const history = await read(`${this.path}/history/${nodeId}?${query}`);
      if (this.drawn.nodeId === nodeId) draw(byId("chart"), history.items, at);
    } catch {
      this.drawn.at = -Infinity; // the stream notices what is wrong, and the next cycle asks again
    }
  }
}

// A node in a sentence, as a screen reader says it once it is chosen.
export function explained(view, nodeId) {
  const node = view.nodes.find((each) => each.node_id === nodeId);
  if (node === undefined) return "";
  const { setpoint } = node;
  return setpoint === null ? accessibleName(node) : `${label(node)}. ${why(node, setpoint)} ${reason(node, view)}.`;
}

function reason(node, view) {
  const said = REASONS[node.setpoint.reason](node.setpoint, view);
  return takesLess(node) ? `${said}, but ${stateOf(node)}` : said;
}

const watts = (value) => (value === null ? "none" : `${exactKw(value)} kW`);

function why(node, setpoint) {
  if (setpoint.limit_w === null) return "It was never told anything.";
  return `It may draw ${watts(setpoint.limit_w)} and draws ${node.measured_w === null ? "an unknown power" : watts(node.measured_w)}.`;
}
