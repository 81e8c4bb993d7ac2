// The list of microgrids, the worst first.

import { byId, element, list, put, say, show, tell } from "./dom.js";
import { read, Refused } from "./stream.js";
import { kw, plural } from "./text.js";

const LIST_EVERY_MS = 2000;
const WORST_FIRST = ["no_data", "not_decided", "over_limit", "infeasible", "stopped", "not_honoured", "chargers_silent", "meter_silent", "meter_contradicted", "within_limits", "retired"];
const rank = (each) => WORST_FIRST.indexOf(each.state.code);

const pause = () => new Promise((resume) => setTimeout(resume, LIST_EVERY_MS));

// What there is, once there is anything.
export async function anyMicrogrids() {
  let items = await everyMicrogrid();
  while (items.length === 0) {
    tell("waiting", "No microgrid is configured yet");
    await pause();
    items = await everyMicrogrid();
  }
  return items;
}

export async function runList(items) {
  for (;;) {
    if (items !== null) {
      showList(items);
      tell("fresh", `Live, ${plural(items.length, "microgrid")}`);
    }
    await pause();
    items = await everyMicrogrid().catch((error) => {
      if (error instanceof Refused) throw error;
      tell("lost", "Service not reached, trying again");
      return null;
    });
  }
}

async function everyMicrogrid() {
  const items = [];
  let query = "?limit=500";
  do {
    const page = await read(`/v1/microgrids${query}`);
    items.push(...page.items);
    query = page.next_cursor && `?limit=500&cursor=${encodeURIComponent(page.next_cursor)}`;
  } while (query);
  return items;
}

function showList(everyone) {
  const items = [...everyone].sort((one, other) => rank(one) - rank(other)); // stable: by id among equals
  show(byId("list"), true);
  say(byId("title"), "Microgrids");
  list(byId("microgrids"), items, (each) => each.microgrid_id, (each) =>
    element("li", {}, element("a", { href: `/microgrids/${encodeURIComponent(each.microgrid_id)}` },
      element("b"), " ", element("span", { class: "id" })), ...["outcome", "totals", "over"].flatMap((name) => [" ", element("span", { class: name })])),
  (row, each) => {
    const [link, outcome, totals, over] = row.children;
    say(link.children[0], each.name);
    say(link.children[1], each.microgrid_id);
    say(outcome, each.state.sentence);
    put(row, { "data-state": each.state.code });
    say(totals, each.totals === null ? "" : `${kw(each.totals.measured_w)} kW measured, ${kw(each.totals.allocated_w)} kW allocated`);
    say(over, each.open_breaches ? `▲ ${plural(each.open_breaches, "open breach", "open breaches")}` : "no breach");
    put(over, { class: each.open_breaches ? "over open" : "over" });
  });
}
