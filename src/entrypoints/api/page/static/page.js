// The page: which microgrid it is of, when it is read anew, and how old what it shows is.

import { answers, breaches, past, verdict } from "./answers.js";
import { byId, element, list, put, say, show } from "./dom.js";
import { Day } from "./day.js";
import { Detail } from "./detail.js";
import { Log } from "./log.js";
import { follow, forgetToken, hasToken, keepToken, Missing, read, Refused } from "./stream.js";
import { count, duration, kw, plural } from "./text.js";
import { Tree } from "./tree.js";
import { Vehicles } from "./vehicles.js";

const API = "/v1/microgrids";
const READ_EVERY_MS = 900;
const LIST_EVERY_MS = 2000;
const STALE_READ_EVERY_MS = 5000;
const PAST_EVERY_MS = 5000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

class MicrogridPage {
  constructor(microgridId) {
    this.path = `${API}/${encodeURIComponent(microgridId)}`;
    this.tree = new Tree(byId("tree"), (nodeId) => this.select(nodeId));
    this.detail = new Detail(this.path, (nodeId) => this.select(nodeId));
    this.log = new Log(this.path, (nodeId) => this.select(nodeId));
    this.vehicles = new Vehicles(this.path, (nodeId) => this.select(nodeId));
    this.day = new Day(this.path);
    this.view = null;
    this.selected = named(location.hash);
    this.connected = true;
    this.stale = false;
    this.reading = false;
    this.behind = false;
    this.breachIds = null;
    this.ended = new AbortController();
  }

  async run() {
    addEventListener("hashchange", () => this.follow(), { signal: this.ended.signal });
    await this.refresh();
    await this.readPast();
    const clocks = [setInterval(() => this.tellAge(), 1000), setInterval(() => this.keepPast(), PAST_EVERY_MS)];
    try {
      await Promise.race([this.followForEver(), new Promise((_, fail) => { this.fail = fail; })]);
    } finally {
      this.ended.abort();
      clocks.forEach(clearInterval);
    }
  }

  async followForEver() {
    let wait = FIRST_WAIT_MS;
    let lastEventId = null;
    while (!this.ended.signal.aborted) {
      try {
        await follow(`${this.path}/stream`, lastEventId, () => {
          wait = FIRST_WAIT_MS;
          this.connected = true;
          this.changed();
        }, (event) => {
          lastEventId = event.id;
          this.changed();
          if (!event.event.includes("cycle.completed")) this.keepPast();
        }, this.ended.signal);
      } catch (error) {
        if (error instanceof Refused || error instanceof Missing) throw error;
      }
      if (this.ended.signal.aborted) return;
      this.connected = false;
      this.tellAge();
      await pause(wait * (0.75 + Math.random() / 2));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  // Read anew now, or, where that was just done, a moment later.
  async changed() {
    this.behind = true;
    if (this.reading) return;
    this.reading = true;
    while (this.behind) {
      this.behind = false;
      const begun = performance.now();
      await this.refresh().catch((error) => {
        // The stream's end tells of a service that is gone.
        if (error instanceof Refused || error instanceof Missing) this.fail(error);
      });
      await pause(Math.max(0, READ_EVERY_MS - (performance.now() - begun)));
    }
    this.reading = false;
  }

  async refresh() {
    this.view = await read(`${this.path}/overview`);
    this.readAt = performance.now();
    this.render();
  }

  async readPast() {
    await Promise.all([
      read(`${this.path}/breaches?state=closed&limit=12`).then(({ items }) => past(items)),
      this.log.read(),
      this.vehicles.read(),
      this.day.read(),
    ]);
  }

  // Where that fails, the stream tells why, and the next time comes soon.
  keepPast() {
    this.readPast().catch(() => undefined);
  }

  render() {
    const view = this.view;
    document.title = `${view.state.code === "within_limits" ? "" : `▲ ${view.state.sentence} · `}${view.name} · Busbar`;
    say(byId("title"), view.name);
    show(byId("microgrid"), true);
    this.log.timeZone = this.vehicles.timeZone = this.day.timeZone = view.time_zone;
    verdict(view);
    breaches(view, (nodeId) => this.select(nodeId));
    this.tree.update(view.nodes);
    answers(view);
    if (!this.has(this.selected)) this.selected = view.open_breaches[0]?.node_id ?? view.binding[0]?.node_id ?? view.microgrid_id;
    this.showSelected();
    this.tellAge();
    this.announceBreaches();
  }

  has(nodeId) {
    return this.view.nodes.some((each) => each.node_id === nodeId);
  }

  // The address names the node: Back, a reload and a link to a colleague lead to it.
  select(nodeId) {
    if (nodeId !== named(location.hash)) history.pushState(null, "", `#${encodeURIComponent(nodeId)}`);
    this.selected = nodeId;
    this.showSelected();
    const detail = byId("detail");
    if (matchMedia("(max-width: 760px)").matches) detail.scrollIntoView({ block: "start" });
  }

  follow() {
    const nodeId = named(location.hash);
    this.selected = this.view === null || this.has(nodeId) ? nodeId : this.view.microgrid_id;
    if (this.view !== null) this.showSelected();
  }

  showSelected() {
    this.tree.mark(this.selected);
    this.detail.update(this.view, this.selected, this.vehicles.at(this.selected));
    this.day.of(this.selected, this.view.as_of.at).catch(() => undefined); // as in `keepPast`
  }

  announceBreaches() {
    const known = this.breachIds;
    this.breachIds = new Set(this.view.open_breaches.map((each) => each.breach_id));
    const fresh = known === null ? [] : this.view.open_breaches.filter((each) => !known.has(each.breach_id));
    if (fresh.length) announce(`New breach: ${fresh.map((each) => `${each.node_id}, ${kw(each.excess_w)} kilowatts over`).join("; ")}`);
  }

  tellAge() {
    const { as_of, age_s, stale_after_s, state } = this.view;
    const age = age_s === null ? null : age_s + (performance.now() - this.readAt) / 1000;
    const stale = as_of.state === "stale" || age > stale_after_s;
    const last = age === null ? "no cycle yet" : `last cycle ${duration(age)} ago`;
    const [mark, text] = !this.connected ? ["lost", `Service not reached, ${last}, trying again`]
      : state.code === "retired" ? ["silent", "Retired"]
      : stale ? ["stale", `Stale, ${last}`]
        : state.code === "no_data" ? ["silent", `No data, cycle ${count(as_of.cycle_seq)}`] : ["fresh", `Live, cycle ${count(as_of.cycle_seq)}`];
    tell(mark, text);
    const old = mark === "lost" || mark === "stale";
    // The server says how long nothing was decided; no event tells of that.
    if (stale && this.connected && performance.now() - this.readAt > STALE_READ_EVERY_MS) this.changed();
    if (old && !this.stale) announce(this.connected ? "The figures are stale" : "The service is not reached");
    this.stale = old;
    show(byId("known"), old && age !== null);
    document.body.classList.toggle("old", old);
  }
}

// The node that the fragment of an address names; null where it names none.
function named(hash) {
  try {
    return decodeURIComponent(hash.slice(1)) || null;
  } catch {
    return null;
  }
}

function tell(mark, text) {
  put(byId("live"), { class: `live ${mark}` });
  say(byId("live"), text);
}

function announce(text) {
  say(byId("announcer"), text);
}

const WORST_FIRST = ["no_data", "not_decided", "over_limit", "infeasible", "stopped", "not_honoured", "chargers_silent", "meter_silent", "within_limits", "retired"];
const rank = (each) => WORST_FIRST.indexOf(each.state.code);

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

async function runList(items) {
  for (;;) {
    if (items !== null) {
      showList(items);
      tell("fresh", `Live, ${plural(items.length, "microgrid")}`);
    }
    await pause(LIST_EVERY_MS);
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
    const page = await read(API + query);
    items.push(...page.items);
    query = page.next_cursor && `?limit=500&cursor=${encodeURIComponent(page.next_cursor)}`;
  } while (query);
  return items;
}

async function run() {
  const one = location.pathname.match(/^\/microgrids\/(.+)$/);
  if (one) return new MicrogridPage(decodeURIComponent(one[1])).run();
  let items = await everyMicrogrid();
  while (items.length === 0) {
    tell("waiting", "No microgrid is configured yet");
    await pause(LIST_EVERY_MS);
    items = await everyMicrogrid();
  }
  return items.length === 1 ? new MicrogridPage(items[0].microgrid_id).run() : runList(items);
}

async function start() {
  show(byId("entrance"), false);
  show(byId("problem"), false);
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Refused) return askForToken(error.message);
      if (error instanceof Missing) return explain(error.message);
      tell("lost", "Service not reached, trying again");
      await pause(wait);
    }
  }
}

function explain(message) {
  show(byId("microgrid"), false);
  tell("waiting", "Nothing to show");
  say(byId("problem"), message);
  show(byId("problem"), true);
}

function askForToken(message) {
  if (hasToken()) explain(message);
  forgetToken();
  show(byId("microgrid"), false);
  show(byId("list"), false);
  tell("waiting", "Waiting for a token");
  show(byId("entrance"), true);
  byId("token").focus();
}

byId("entrance").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(byId("token").value.trim());
  byId("token").value = "";
  start();
});

start();
