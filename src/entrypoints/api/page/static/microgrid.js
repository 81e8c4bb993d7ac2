// The page of a microgrid: when it is read anew, how old what it shows is, and which node is looked at.

import { answers, breaches, past, verdict, warnings } from "./answers.js";
import { named, written } from "./address.js";
import { announce, byId, say, show, tell } from "./dom.js";
import { Day } from "./day.js";
import { Detail, explained } from "./detail.js";
import { Finding } from "./finding.js";
import { Log } from "./log.js";
import { follow, Missing, read, Refused } from "./stream.js";
import { count, duration, kw } from "./text.js";
import { Tree } from "./tree.js";
import { Vehicles } from "./vehicles.js";

const READ_EVERY_MS = 900;
const STALE_READ_EVERY_MS = 5000;
const PAST_EVERY_MS = 5000;
const VEHICLES_EVERY_MS = 15_000; // at once where one came or left; else only what they took changes
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

export class MicrogridPage {
  constructor(path) {
    this.path = path;
    const select = (nodeId) => this.select(nodeId);
    this.tree = new Tree(byId("tree"), select);
    this.detail = new Detail(this.path, select);
    this.log = new Log(this.path, select);
    this.vehicles = new Vehicles(this.path, select);
    this.day = new Day(this.path, () => this.address());
    this.finding = new Finding(select, (found) => this.tree.find(found));
    this.view = null;
    this.selected = null;
    this.connected = true;
    this.stale = false;
    this.reading = false;
    this.behind = false;
    this.breachIds = null;
    this.ended = new AbortController();
  }

  async run() {
    this.follow();
    addEventListener("hashchange", () => this.follow(), { signal: this.ended.signal });
    await this.refresh();
    await Promise.all([this.readPast(), this.vehicles.read()]);
    const clocks = [setInterval(() => this.tellAge(), 1000), setInterval(() => this.keepPast(), PAST_EVERY_MS),
      setInterval(() => this.keep(this.vehicles.read()), VEHICLES_EVERY_MS)];
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
        await follow(`${this.path}/stream?data=false`, lastEventId, () => {
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
    this.view = await read(`${this.path}/overview?sessions=false`);
    this.readAt = performance.now();
    this.render();
  }

  async readPast() {
    await Promise.all([
      read(`${this.path}/breaches?state=closed&limit=12`).then(({ items }) => past(items, this.view.time_zone)),
      this.log.read(),
      this.day.read(),
    ]);
  }

  keepPast() {
    this.keep(this.readPast());
  }

  // Where that fails, the stream tells why, and the next time comes soon.
  keep(reading) {
    reading.catch(() => undefined);
  }

  render() {
    const view = this.view;
    document.title = `${view.state.code === "within_limits" ? "" : `▲ ${view.state.sentence} · `}${view.name} · Busbar`;
    say(byId("title"), view.name);
    show(byId("microgrid"), true);
    this.log.timeZone = this.vehicles.timeZone = this.day.timeZone = view.time_zone;
    verdict(view);
    warnings(view, (nodeId) => this.select(nodeId));
    breaches(view, (nodeId) => this.select(nodeId));
    this.tree.update(view.nodes);
    this.finding.update(view.nodes);
    answers(view);
    if (!this.has(this.selected)) this.selected = view.open_breaches[0]?.node_id ?? view.binding[0]?.node_id ?? view.microgrid_id;
    this.showSelected();
    this.tellAge();
    this.announceBreaches();
    this.vehicles.update(view.not_ready);
    this.lookForVehicles();
  }

  lookForVehicles() {
    const plugged = this.view.nodes.map((each) => each.setpoint?.status).join();
    if (this.plugged !== undefined && plugged !== this.plugged) this.keep(this.vehicles.read());
    this.plugged = plugged;
  }

  has(nodeId) {
    return this.view.nodes.some((each) => each.node_id === nodeId);
  }

  // The address names the node: Back, a reload and a link to a colleague lead to it.
  select(nodeId) {
    const other = nodeId !== this.selected;
    this.selected = nodeId;
    if (other || named(location.hash).nodeId !== nodeId) this.address();
    this.showSelected();
    announce(explained(this.view, nodeId));
    if (matchMedia("(max-width: 760px)").matches) byId("detail").scrollIntoView({ block: "start" });
  }

  address() {
    history.pushState(null, "", written(this.selected, this.day.range, this.day.keptIds));
  }

  follow() {
    const { nodeId, range, kept } = named(location.hash);
    this.day.over(range, kept);
    this.selected = this.view === null || this.has(nodeId) ? nodeId : this.view.microgrid_id;
    if (this.view !== null) this.showSelected();
  }

  showSelected() {
    this.tree.mark(this.selected);
    this.finding.mark(this.selected);
    this.detail.update(this.view, this.selected, this.vehicles.at(this.selected));
    this.keep(this.day.of(this.selected, this.view.as_of.at));
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
