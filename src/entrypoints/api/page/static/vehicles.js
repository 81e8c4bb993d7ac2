// The vehicles that are there: what each took and needs, and whether it will be ready; those that will not
// be first, in the order in which they leave.

import { byId, element, focusOn, list, put, save, say, show } from "./dom.js";
import { read, readTable } from "./stream.js";
import { clockOf, kw, kwh, plural } from "./text.js";

const AT_ONCE = 12;

export class Vehicles {
  constructor(path, select) {
    this.path = `${path}/sessions`;
    this.select = select;
    this.timeZone = "UTC";
    this.items = [];
    this.late = null;
    this.whole = false;
    byId("vehicles-all").onclick = () => {
      this.whole = !this.whole;
      this.#tell();
    };
    byId("not-ready").onclick = () => {
      byId("vehicles-title").scrollIntoView({ block: "start" });
      focusOn(byId("vehicles-title"));
    };
    byId("vehicles-table").onclick = async () => save(await readTable(this.path), "sessions.csv");
  }

  // Those that will not be ready, as the service says it; null where there are none.
  update(notReady) {
    const late = notReady?.sentence ?? null;
    show(byId("not-ready"), late !== null);
    say(byId("not-ready"), late ?? "");
    if (late === this.late) return;
    this.late = late;
    this.#tellVerdict();
  }

  async read() {
    const items = [];
    for (let query = "?limit=500"; query;) {
      const page = await read(this.path + query);
      items.push(...page.items);
      this.now = page.as_of.at;
      query = page.next_cursor && `?limit=500&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
    this.items = items.sort((one, other) => isShort(other) - isShort(one) || sooner(one, other));
    this.#tell();
  }

  // Of the vehicle at this connector, in words; nothing where there is none.
  at(connector) {
    const vehicle = this.items.find((each) => each.connector === connector);
    return vehicle && `${this.#readiness(vehicle)}; ${energy(vehicle)}${this.#since(vehicle.session)}`;
  }

  #tellVerdict() {
    const said = this.late ?? `${plural(this.items.length, "vehicle")}, none known to be late at present powers`;
    say(byId("vehicles-verdict"), this.items.length ? `${said}; local time, ${clockOf(this.timeZone).zone}` : "None");
  }

  #tell() {
    this.#tellVerdict();
    list(byId("vehicle-lines"), this.whole ? this.items : this.items.slice(0, AT_ONCE), (each) => each.connector, () => this.#line(), (row, each) => {
      const [where, ready, rest] = row.children;
      say(where, each.connector);
      say(ready, this.#readiness(each));
      say(rest, `${each.power_w === null ? "Power not known" : `${kw(each.power_w)} kW`}, ${energy(each)}${this.#since(each.session)}`);
      put(row, { class: isShort(each) ? "short" : "" });
    });
    const all = byId("vehicles-all");
    show(all, this.items.length > AT_ONCE);
    say(all, this.whole ? `Show ${AT_ONCE} alone` : `Show all ${this.items.length}`);
    put(all, { "aria-expanded": this.whole });
  }

  #line() {
    const where = element("button", { type: "button", class: "link" });
    const row = element("li", {}, where, " ", element("b"), " ", element("span"));
    where.addEventListener("click", () => this.select(row.dataset.key));
    return row;
  }

  #readiness({ session, ready_at, short_by_wh }) {
    const leaving = session.departs_at === null ? "" : this.#time(session.departs_at);
    if (short_by_wh > 0) return `Short by ${kwh(short_by_wh)} kWh at ${leaving}`;
    const leave = leaving && `, leaves ${leaving}`;
    if (session.energy_needed_wh === null) return `Not said what it needs${leave}`;
    if (session.energy_needed_wh <= 0) return `Ready${leave}`;
    return ready_at === null ? `Not known when it is ready${leave}` : `Ready by ${this.#time(ready_at)}${leave}`;
  }

  #since({ started_at }) {
    return started_at === null ? "" : `, since ${this.#time(started_at)}`;
  }

  #time(instant) {
    return clockOf(this.timeZone).tellMinute(instant, this.now);
  }
}

const isShort = (vehicle) => (vehicle.short_by_wh ?? 0) > 0;
const leaves = (vehicle) => vehicle.session.departs_at ?? "9999"; // all in one form: they order as text
const sooner = (one, other) => leaves(one).localeCompare(leaves(other));

function energy({ session }) {
  const needed = session.energy_needed_wh;
  return `${kwh(session.served_wh)} kWh taken${needed === null ? "" : `, ${kwh(Math.max(0, needed))} kWh needed`}`;
}
