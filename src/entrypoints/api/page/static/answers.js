// What is asked of a site first, in words: the verdict, the breaches, and four answers.

import { controlled, found } from "./controls.js";
import { byId, element, list, moveFocusFrom, put, say, show } from "./dom.js";
import { CAUSES, clockOf, count, duration, exactKw, held, KINDS, kw, kwh, label, plural, takesLess } from "./text.js";

const MANY = 3;
const OUTCOMES = { balanced: "no limit cuts any charging", curtailed: "limits cut some charging", infeasible: "limits cannot be kept" };
const ALARMS = { within_limits: "calm", retired: "calm", over_limit: "over", infeasible: "over" };

// What was accepted in the configuration but ought to be looked at.
export function warnings(view, select) {
  show(byId("warnings"), view.warnings.length > 0);
  list(byId("warning-lines"), view.warnings, (each) => `${each.code} ${each.node_id}`, (each) => {
    const button = element("button", { type: "button", class: "link" }, each.node_id);
    button.addEventListener("click", () => select(each.node_id));
    return element("li", { "data-code": each.code }, button, " ", element("span"));
  }, (row, each) => say(row.lastChild, each.message));
}

export function verdict(view) {
  say(byId("verdict"), view.state.sentence);
  put(byId("verdict-bar"), { class: `verdict ${ALARMS[view.state.code] ?? "warned"}`, "data-state": view.state.code });
  const open = new Set(view.open_breaches.map((each) => each.node_id));
  const brief = view.nodes.filter((each) => each.state === "over_limit" && !open.has(each.node_id)).length;
  say(byId("brief"), `${plural(brief, "node")} over just now, not long enough for a breach`);
  show(byId("brief"), brief > 0);
  say(byId("load"), kw(view.load_w));
  say(byId("limit"), `${held(view.nodes[0])}${view.limit_w === null ? "" : ` / ${kw(view.limit_w)}`} kW`.trim());
  say(byId("headroom"), kw(view.headroom_w));
  say(byId("charging"), view.offline < view.connectors ? count(view.charging) : kw(null));
  say(byId("connectors"), `of ${count(view.connectors)}${lastHeard(view)}`);
  say(byId("offline"), count(view.offline));
  const cycle = view.latest_cycle;
  const clock = clockOf(view.time_zone);
  const how = cycle && (OUTCOMES[cycle.outcome] ?? cycle.outcome) + (cycle.degraded ? ", not all of it is known" : "");
  say(byId("cycle"), cycle === null ? "" : `${clock.tell(view.as_of.at, view.as_of.at)} ${clock.zone} · ${how}`);
  put(byId("cycle"), { title: cycle === null ? "" : `${cycle.outcome}${cycle.degraded ? ", degraded" : ""}, decided on ${cycle.trigger}` });
}

// Those that charged when they were heard last, and are not heard now.
function lastHeard(view) {
  const charged = view.nodes.filter((each) => each.state === "stale" && each.setpoint.status === "Charging").length;
  return charged === 0 ? "" : `, ${count(charged)} last heard charging`;
}

export function breaches(view, select) {
  const clock = clockOf(view.time_zone);
  const causes = [...new Set(view.open_breaches.map((each) => each.cause))];
  list(byId("open-breaches"), causes.length ? causes : ["none"], (cause) => cause,
    () => element("div", { class: "cause" }, element("h3"), element("ul")), (group, cause) => {
      const items = view.open_breaches.filter((each) => each.cause === cause);
      say(group.children[0], cause === "none" ? "None open" : CAUSES[cause]);
      list(group.children[1], items, (each) => each.breach_id, (each) => aBreach(each, select), (row, each) => {
        const [node, excess, rest] = row.firstChild.children;
        say(node, each.node_id);
        say(excess, `+${kw(each.excess_w)} kW`);
        say(rest, `${kw(each.observed_w)} of ${kw(each.limit_w)} kW, over since ${clock.tell(each.first_observed_at, view.as_of.at)}, for ${duration(lasted(each, view))}${each.severity === "critical" ? ", critical" : ""}`);
      });
    });
}

function aBreach(breach, select) {
  const button = element("button", { type: "button", class: "breach" }, element("b"), " ", element("b", { class: "excess-figure" }), " ", element("span"));
  button.addEventListener("click", () => select(breach.node_id));
  return element("li", {}, button);
}

const seconds = (from, to) => (Date.parse(to) - Date.parse(from)) / 1000;
const lasted = (breach, view) => Math.max(breach.duration_s, seconds(breach.first_observed_at, view.as_of.at));

export function past(items, timeZone) {
  const clock = clockOf(timeZone);
  const rows = items.map((each) => [
    each.node_id, `+${exactKw(each.peak_excess_w)} kW`,
    `${CAUSES[each.cause]}, ${duration(each.duration_s)}, ${kwh(each.energy_over_limit_wh)} kWh over the limit`,
    `since ${clock.tell(each.first_observed_at, null)}`, each.breach_id]);
  list(byId("past"), rows.length ? rows : [["None yet", "", "", "", "none"]], (row) => row[4],
    () => element("div", { class: "past-row" }, element("b"), " ", element("b"), " ", element("span"), " ", element("span", { class: "when" })),
    (child, row) => [...child.children].forEach((cell, index) => say(cell, row[index])));
}

export function answers(view) {
  lines(byId("answer-binding"), view.binding.length ? "" : "None", view.binding.map((each) =>
    `${each.node_id} (${each.limit_w === null ? "no limit" : `${exactKw(each.limit_w)} kW`}, ${KINDS[each.limit_kind] ?? "no limit"}) binds ${plural(each.connectors, "connector")}`));
  put(byId("answer-binding"), { "data-node-ids": ids(view.binding, "node_id"), "data-limits-w": ids(view.binding, "limit_w") });

  const of = view.limit_w === null ? "" : ` of ${exactKw(view.limit_w)} kW`;
  say(byId("answer-headroom"), view.headroom_w === null ? "No limit" : `${exactKw(view.headroom_w)} kW${of}${undrawn(view)}`);
  put(byId("answer-headroom"), { "data-headroom-w": view.headroom_w ?? "", "data-limit-w": view.limit_w ?? "" });

  const waiting = view.held_back;
  lines(byId("answer-held"), waiting.length ? causes(view) : `None${takers(view, "vehicle")}`, waiting.map((each) =>
    `${each.node_id} wants ${each.wants_w === null ? "all it can take" : `${exactKw(each.wants_w)} kW`}, gets ${each.gets_w === null ? "nothing yet" : `${exactKw(each.gets_w)} kW`}, ${why(each)}`));
  put(byId("answer-held"), { "data-node-ids": ids(waiting, "node_id"), "data-gets-w": ids(waiting, "gets_w"), "data-wants-w": ids(waiting, "wants_w"), "data-binding-node-ids": ids(waiting, "binding_node_id") });

  const last = view.last_breach;
  say(byId("answer-breach"), last === null ? "None" : lastBreach(last, view));
  put(byId("answer-breach"), last === null ? { "data-node-id": "" } : { "data-node-id": last.node_id, "data-breach-id": last.breach_id,
    "data-peak-excess-w": last.peak_excess_w, "data-duration-s": last.duration_s, "data-energy-over-limit-wh": last.energy_over_limit_wh });

  for (const shown of ["answer-control", "control-term"]) show(byId(shown), view.controls.length > 0);
  lines(byId("answer-control"), controlled(view.controls), found(view.controls));
}

// "44 vehicles. Grid connection 1, gc-1, holds back 40 to 45 kW each; they could take 4,300 kW": what holds back most.
function causes(view) {
  const nodes = new Map(view.nodes.map((each) => [each.node_id, each]));
  const groups = [...new Set(view.held_back.map((each) => each.binding_node_id))].filter((by) => nodes.has(by))
    .map((by) => ({ by, held: view.held_back.filter((each) => each.binding_node_id === by) }))
    .filter(({ held }) => held.length >= MANY).sort((one, other) => other.held.length - one.held.length);
  const said = groups.slice(0, MANY).map(({ by, held }) => {
    const gets = held.reduce((sum, each) => sum + (each.gets_w ?? 0), 0) / held.length;
    const wants = held.reduce((sum, each) => sum + (each.wants_w ?? nodes.get(each.node_id)?.rating_w ?? 0), 0);
    return `${label(nodes.get(by))}, holds back ${count(held.length)} to ${exactKw(gets)} kW each; they could take ${kw(wants)} kW`;
  });
  return `${[plural(view.held_back.length, "vehicle") + takers(view, "other"), ...said].join(". ")}:`;
}

// Those that no limit holds down now, although they asked for more than they get: they take less than that.
function takers(view, one) {
  const found = view.nodes.filter(takesLess).length;
  return found === 0 ? "" : `; ${plural(found, one)} ${found === 1 ? "takes less than it may" : "take less than they may"}`;
}

// Why, and the node that is why where there is one.
const WHY = {
  limited: ["limited", " by"], below_minimum: ["its minimum does not fit", " at"],
  awaiting_decrease: ["waits for others to come down", ", limited by"],
};
function why({ reason, binding_node_id: node }) {
  const [words, at] = WHY[reason];
  return node === null ? words : `${words}${at} ${node}`;
}

// Room that is promised and not used: a vehicle takes less than it may. Nothing where the load is not known.
function undrawn(view) {
  const left = view.load_w === null ? 0 : Math.min(view.nodes[0].allocated_w, view.limit_w - view.headroom_w - view.load_w);
  return left < 1000 ? "" : `; ${kw(left)} kW that are allocated are not drawn`;
}

const ids = (items, key) => items.map((each) => each[key] ?? "").join(" ");

function lines(target, head, items) {
  if (target.children.length === 0) target.append(element("span"), element("ul"));
  say(target.children[0], head);
  show(target.children[1], items.length > 0);
  if (items.length > 6) put(target.children[1], { tabindex: 0, "aria-label": "All of them" });
  else if (target.children[1].hasAttribute("tabindex")) {
    moveFocusFrom(target.children[1]);
    target.children[1].removeAttribute("tabindex");
  }
  list(target.children[1], items, (each) => each.split(" ")[0], () => element("li"), say);
}

function lastBreach(last, view) {
  const size = `${exactKw(last.peak_excess_w)} kW over since ${clockOf(view.time_zone).tell(last.first_observed_at, view.as_of.at)}`;
  const ago = `${duration(seconds(last.first_observed_at, view.as_of.at))} ago`;
  const lasts = last.cleared_at === null ? "still open" : `lasted ${duration(last.duration_s)}`;
  return `${last.node_id}, ${size}, ${ago}, ${lasts}, ${kwh(last.energy_over_limit_wh)} kWh over the limit`;
}
