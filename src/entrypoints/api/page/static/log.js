// What happened, newest first, in words and by the clock of the site.

import { byId, element, list, put, save, say, show } from "./dom.js";
import { read, readTable } from "./stream.js";
import { clockOf, count, duration, HAPPENINGS, plural } from "./text.js";

const AT_ONCE = 100; // entries, of which those of one kind and moment are one line
const MOST = 500; // what the API gives in one page; all of it is in the table
const NAMED = 20; // so many of those are named
const ALIKE = 4; // so many of one kind and moment are told as one, but for breaches, which each have a size

export class Log {
  constructor(path, select) {
    this.path = `${path}/log`;
    this.select = select;
    this.shown = AT_ONCE;
    this.timeZone = "UTC";
    const kinds = byId("log-code");
    kinds.replaceChildren(...Object.entries({ "": "Everything", ...HAPPENINGS }).map(([value, text]) => element("option", { value }, text)));
    kinds.onchange = () => this.#again(AT_ONCE);
    byId("log-earlier").onclick = () => this.#again(Math.min(MOST, this.shown + 3 * AT_ONCE));
    byId("log-table").onclick = async () => save(await readTable(this.#asked({})), "log.csv");
  }

  async read() {
    const asked = this.#asked({ limit: this.shown });
    const page = await read(asked);
    if (asked === this.#asked({ limit: this.shown })) this.#tell(page);
  }

  #asked(parameters) {
    const code = byId("log-code").value;
    return `${this.path}?${new URLSearchParams(code ? { ...parameters, code } : parameters)}`;
  }

  #again(count) {
    this.shown = count;
    this.read().catch(() => undefined); // the stream tells of a service that is gone
  }

  #tell({ items, next_cursor, as_of }) {
    const clock = clockOf(this.timeZone);
    say(byId("log-zone"), `Local time, ${clock.zone}`);
    show(byId("log-none"), items.length === 0);
    const seen = new Map(); // of two that read the same the later one is the second
    const named = [...items].reverse().map((each) => {
      const name = `${each.at} ${each.code} ${each.node_id}`;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      return { ...each, key: `${name} ${seen.get(name)}` };
    }).reverse();
    list(byId("log-entries"), together(named, next_cursor !== null), (each) => each.key, () => this.#entry(), (row, each) => {
      const [at, what] = row.children;
      say(at, clock.tell(each.at, as_of.at));
      put(at, { datetime: each.at });
      say(what, each.sentence + lasted(each) + others(each));
      put(row, { "data-code": each.code, "data-node": each.node_id });
    });
    show(byId("log-earlier"), next_cursor !== null && this.shown < MOST);
  }

  #entry() {
    const what = element("button", { type: "button", class: "link" });
    const row = element("li", {}, element("time"), " ", what);
    what.addEventListener("click", () => this.select(row.dataset.node));
    return row;
  }
}

const lasted = ({ duration_s }) => (duration_s === null ? "" : `, after ${duration(duration_s)}`);

function others({ alike, open }) {
  if (!alike) return "";
  const unnamed = alike.length - NAMED;
  const more = unnamed > 0 ? ` and ${count(unnamed)}${open ? " or" : ""} more` : open ? " and more" : "";
  return `, and so ${alike.length === 1 ? "is" : "are"} ${plural(alike.length, "other")}: ${alike.slice(0, NAMED).join(", ")}${more}`;
}

// A link that comes back brings all its chargers back: of many that are alike the first tells of the others.
function together(entries, goesOn) {
  const alike = (each) => entries.filter((other) => other.at === each.at && other.code === each.code && !each.code.startsWith("breach"));
  const first = new Map();
  return entries.flatMap((each) => {
    const moment = `${each.at} ${each.code}`;
    if (!first.has(moment)) first.set(moment, { each, all: alike(each) });
    const { each: told, all } = first.get(moment);
    if (all.length < ALIKE) return [each];
    return told === each ? [{ ...each, alike: all.slice(1).map((other) => other.node_id), open: goesOn && all.at(-1) === entries.at(-1) }] : [];
  });
}
