// A node over the last 24 hours, by the minute: its mean load, its highest, and the limit that was in force, as steps.

import { byId, drawn, put, save, say, show } from "./dom.js";
import { grid } from "./chart.js";
import { read, readTable } from "./stream.js";
import { clockOf, kw } from "./text.js";

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const SPAN_MS = 24 * 60 * MINUTE_MS;
const [LEFT, TOP, BOTTOM, HEIGHT] = [44, 12, 176, 200];
const NARROW = 560;

export class Day {
  constructor(path) {
    this.path = path;
    this.nodeId = null;
    this.minutes = [];
    this.timeZone = "UTC";
    this.svg = byId("day-chart");
    this.told = byId("day-minute");
    byId("day-table").onclick = async () => save(await readTable(this.#asked(this.#begin())), `${this.nodeId.replaceAll("/", "-")}.csv`);
    this.told.oninput = () => this.#point();
    this.svg.onpointermove = (event) => this.#pointed(event.offsetX);
    new ResizeObserver(() => this.#draw()).observe(this.svg);
  }

  async of(nodeId, now) {
    const another = nodeId !== this.nodeId;
    this.now = now;
    if (!another || now === null) return;
    Object.assign(this, { nodeId, minutes: [], readAt: null });
    await this.read();
  }

  // All of the day for a node that was just chosen, else what came since.
  async read() {
    const { nodeId, now } = this;
    if (nodeId === null || this.readAt === now) return;
    this.readAt = now;
    const since = this.minutes.at(-1)?.at ?? this.#begin();
    const found = [];
    for (let cursor = ""; cursor !== null;) {
      const page = await read(`${this.#asked(since)}&limit=500${cursor}`);
      found.push(...page.items);
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
    if (this.nodeId !== nodeId) return;
    const begin = this.#begin();
    this.minutes = [...this.minutes.filter((each) => each.at < since && each.at >= begin), ...found.reverse()];
    this.#draw();
  }

  #begin() {
    return new Date(Date.parse(this.now) - SPAN_MS).toISOString();
  }

  #asked(since) {
    return `${this.path}/history/${this.nodeId}?step=1m&from=${encodeURIComponent(since)}`;
  }

  #draw() {
    const { minutes, svg } = this;
    const width = svg.clientWidth;
    const highest = worst(minutes);
    say(byId("day-node"), this.nodeId === null ? "" : `of ${this.nodeId}`);
    put(svg, { "aria-label": highest === null ? "No load is known" : `The highest load was ${this.#words(highest)}` });
    show(byId("day-reading"), minutes.length > 0);
    put(this.told, { max: Math.max(0, minutes.length - 1) });
    if (!this.chosen) this.told.value = minutes.length - 1;
    if (width > 0 && this.nodeId !== null) svg.replaceChildren(...this.#parts(width));
    this.#point();
  }

  #parts(width) {
    put(this.svg, { viewBox: `0 0 ${width} ${HEIGHT}` });
    const top = 1.08 * Math.max(1000, ...this.minutes.flatMap((each) => [each.measured_max_w ?? 0, each.limit_w ?? 0]));
    const end = Date.parse(this.now) + MINUTE_MS;
    this.x = (at) => Math.max(LEFT, LEFT + (1 - (end - at) / SPAN_MS) * (width - LEFT));
    const y = (watts) => BOTTOM - (Math.max(0, watts) / top) * (BOTTOM - TOP);
    const { load, highest, limit, over } = lines(this.minutes, this.x, y, end);
    return [
      ...grid(top).flatMap((watts) => [
        drawn("line", { class: "grid", x1: LEFT, x2: width, y1: y(watts), y2: y(watts) }),
        drawn("text", { x: LEFT - 6, y: y(watts) + 3.5, class: "end" }, kw(watts))]),
      ...this.#hours(width, end),
      drawn("path", { class: "excess", d: over }), drawn("path", { class: "highest", d: highest }),
      drawn("path", { class: "line", d: load }), drawn("path", { class: "bound", d: limit }),
      drawn("line", { class: "pointer", y1: TOP, y2: BOTTOM }),
    ];
  }

  // Marks where the clock of the site strikes, whatever quarter its time zone begins at.
  #hours(width, end) {
    const every = width < NARROW ? 6 : 3;
    const clock = clockOf(this.timeZone);
    const marks = [];
    for (let at = Math.ceil((end - SPAN_MS) / QUARTER_MS) * QUARTER_MS; at < end; at += QUARTER_MS) {
      const text = clock.minute(at);
      if (!text.endsWith(":00") || Number(text.slice(0, 2)) % every || this.x(at) > width - 16) continue;
      const x = this.x(at);
      marks.push(drawn("line", { class: "grid", x1: x, x2: x, y1: BOTTOM, y2: BOTTOM + 5 }), drawn("text", { x, y: HEIGHT - 5, class: "middle" }, text));
    }
    return marks;
  }

  #pointed(x) {
    if (this.minutes.length === 0) return;
    const distances = this.minutes.map((each) => Math.abs(this.x(Date.parse(each.at) + MINUTE_MS / 2) - x));
    this.told.value = distances.indexOf(Math.min(...distances));
    this.#point();
  }

  #point() {
    const minute = this.minutes[this.told.value];
    if (minute === undefined) return;
    this.chosen = Number(this.told.value) < this.minutes.length - 1;
    const said = this.#words(minute);
    say(byId("day-said"), said);
    put(this.told, { "aria-valuetext": said });
    const pointer = this.svg.querySelector(".pointer");
    if (pointer) put(pointer, { x1: this.x(Date.parse(minute.at)), x2: this.x(Date.parse(minute.at)) });
  }

  #words({ at, measured_w, measured_max_w, limit_w }) {
    const load = measured_w === null ? "not measured" : `${kw(measured_w)} kW, at most ${kw(measured_max_w)} kW`;
    return `${clockOf(this.timeZone).tellMinute(at, this.now)}: ${load}, ${limit_w === null ? "no limit" : `limit ${kw(limit_w)} kW`}`;
  }
}

function worst(minutes) {
  const known = minutes.filter((each) => each.measured_max_w !== null);
  return known.reduce((most, each) => (most === null || each.measured_max_w > most.measured_max_w ? each : most), null);
}

// As paths. What was not measured is a gap, and so is a minute in which nothing was decided.
function lines(minutes, x, y, end) {
  const paths = { load: "", highest: "", limit: "", over: "" };
  const until = {};
  const step = (name, watts, from, to) => {
    if (watts === null) return;
    paths[name] += `${until[name] === from ? "L" : "M"}${x(from).toFixed(1)} ${y(watts).toFixed(1)}H${x(to).toFixed(1)}`;
    until[name] = to;
  };
  for (const { at, measured_w, measured_max_w, limit_w } of minutes) {
    const from = Date.parse(at);
    const to = Math.min(from + MINUTE_MS, end);
    step("load", measured_w, from, to);
    step("highest", measured_max_w, from, to);
    step("limit", limit_w, from, to);
    if (limit_w !== null && measured_max_w > limit_w) {
      paths.over += `M${x(from).toFixed(1)} ${y(limit_w).toFixed(1)}V${y(measured_max_w).toFixed(1)}H${x(to).toFixed(1)}V${y(limit_w).toFixed(1)}z`;
    }
  }
  return paths;
}
