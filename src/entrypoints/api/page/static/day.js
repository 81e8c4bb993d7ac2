// A node over the last hour, day or week: its mean load, its highest, and the limit that was in force, as steps; and
// the mean load of other nodes that are kept beside it.

import { USUAL } from "./address.js";
import { byId, drawn, element, list, put, save, say, show } from "./dom.js";
import { grid } from "./chart.js";
import { Series } from "./series.js";
import { Missing, readTable } from "./stream.js";
import { clockOf, exactKw, kw } from "./text.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const QUARTER_MS = 15 * MINUTE_MS;

// How long a bucket is, and how long what it says holds where nothing follows: a cycle that changes nothing is not
// published for up to 40 s. `marks`: minutes between marks on the axis, in a narrow chart too.
const RANGES = {
  "1h": { span: HOUR_MS, step: "10s", bucket: 10_000, holds: MINUTE_MS, marks: [10, 15], title: "Last hour", mean: "ten seconds" },
  "24h": { span: 24 * HOUR_MS, step: "1m", bucket: MINUTE_MS, holds: MINUTE_MS, marks: [180, 360], title: "Last 24 hours", mean: "minute" },
  "7d": { span: 168 * HOUR_MS, step: "15m", bucket: QUARTER_MS, holds: QUARTER_MS, marks: [1440, 1440], title: "Last 7 days", mean: "quarter of an hour" },
};
const [LEFT, TOP, BOTTOM, HEIGHT] = [44, 12, 176, 200];
const NARROW = 560;
const MOST_KEPT = 3; // each has a line of its own kind

export class Day {
  // `chosen` is called where another range or other nodes were chosen here.
  constructor(path, chosen) {
    this.path = path;
    this.main = new Series(path, null);
    this.kept = [];
    this.range = USUAL;
    this.timeZone = "UTC";
    this.svg = byId("day-chart");
    this.told = byId("day-minute");
    byId("day-table").onclick = async () => save(
      await readTable(this.main.asked(RANGES[this.range].step, this.#begin())), `${this.main.nodeId.replaceAll("/", "-")}.csv`);
    byId("day-ranges").onclick = ({ target }) => {
      if (!target.dataset.range || target.dataset.range === this.range) return;
      this.over(target.dataset.range, this.keptIds);
      chosen();
    };
    this.keep = (nodeId) => {
      const others = this.keptIds.filter((each) => each !== nodeId);
      this.over(this.range, this.keptIds.includes(nodeId) ? others : [...others, nodeId].slice(-MOST_KEPT));
      chosen();
    };
    byId("day-keep").onclick = () => this.keep(this.main.nodeId);
    this.told.oninput = () => this.#point();
    this.svg.onpointermove = (event) => this.#pointed(event.offsetX);
    new ResizeObserver(() => this.#draw()).observe(this.svg);
  }

  get minutes() {
    return this.main.minutes;
  }

  get keptIds() {
    return this.kept.map((each) => each.nodeId);
  }

  // Those that are drawn beside the node that is looked at.
  get others() {
    return this.kept.filter((each) => each.nodeId !== this.main.nodeId);
  }

  // From now on over the last hour, day or week, and these nodes stay in it whichever is looked at.
  over(range, keptIds) {
    const another = range !== this.range;
    const other = another || String(keptIds) !== String(this.keptIds);
    const known = another ? [] : this.kept;
    if (another) this.main = new Series(this.path, this.main.nodeId);
    this.kept = keptIds.map((nodeId) => known.find((each) => each.nodeId === nodeId) ?? new Series(this.path, nodeId));
    this.range = range;
    const { title, mean } = RANGES[range];
    say(byId("day-title"), title);
    say(byId("day-mean"), `mean of a ${mean}`.replace("a ten", "ten"));
    put(this.told, { "aria-label": mean[0].toUpperCase() + mean.slice(1) });
    for (const each of byId("day-ranges").children) put(each, { "aria-pressed": each.dataset.range === range });
    if (!other) return;
    this.#draw();
    this.read().catch(() => undefined); // the stream tells of a service that is gone
  }

  async of(nodeId, now) {
    this.now = now;
    if (nodeId === this.main.nodeId || now === null) return;
    this.main = new Series(this.path, nodeId);
    await this.read();
  }

  async read() {
    const { main, now, range } = this;
    if (main.nodeId === null) return;
    const reading = [main, ...this.others].map((each) => each.read(RANGES[range].step, this.#begin(), now).catch((error) => {
      if (each === main || !(error instanceof Missing)) throw error;
      this.kept = this.kept.filter((other) => other !== each); // a configuration took it away
      return true;
    }));
    const came = await Promise.all(reading);
    if (came.some(Boolean) && this.main === main && this.range === range) this.#draw();
  }

  #begin() {
    return new Date(Date.parse(this.now) - RANGES[this.range].span).toISOString();
  }

  #draw() {
    const { minutes, svg } = this;
    const width = svg.clientWidth;
    const highest = worst(minutes);
    const { nodeId } = this.main;
    say(byId("day-node"), nodeId === null ? "" : `of ${nodeId}`);
    put(svg, { "aria-label": highest === null ? "No load is known" : `The highest load was ${this.#words(highest)}` });
    put(byId("day-keep"), { "aria-pressed": this.keptIds.includes(nodeId) });
    show(byId("day-kept"), this.others.length > 0);
    list(byId("day-kept"), this.others, (each) => each.nodeId, () => this.#leaving(), (child, each) => {
      put(child.firstChild.firstChild, { class: `key ${this.#kind(each)}` });
      say(child.firstChild.lastChild, each.nodeId);
    });
    show(byId("day-reading"), minutes.length > 0);
    put(this.told, { max: Math.max(0, minutes.length - 1) });
    if (!this.chosen) this.told.value = minutes.length - 1;
    if (width > 0 && nodeId !== null) svg.replaceChildren(...this.#parts(width));
    this.#point();
  }

  // Leaves a node out that was kept.
  #leaving() {
    const button = element("button", { type: "button", class: "quiet" }, element("i"),
      element("span", { class: "unseen" }, "Leave out "), element("span"));
    const child = element("li", {}, button);
    button.addEventListener("click", () => this.keep(child.dataset.key));
    return child;
  }

  #kind(series) {
    return `kept-${this.kept.indexOf(series) + 1}`;
  }

  #parts(width) {
    put(this.svg, { viewBox: `0 0 ${width} ${HEIGHT}` });
    const top = 1.08 * Math.max(1000, ...this.minutes.flatMap((each) => [each.measured_max_w ?? 0, each.limit_w ?? 0]),
      ...this.others.flatMap((other) => other.minutes.map((each) => each.measured_w ?? 0)));
    const { span, bucket, holds } = RANGES[this.range];
    const end = Date.parse(this.now) + bucket;
    this.x = (at) => Math.max(LEFT, LEFT + (1 - (end - at) / span) * (width - LEFT));
    const y = (watts) => BOTTOM - (Math.max(0, watts) / top) * (BOTTOM - TOP);
    const drawnOf = (minutes) => lines(withEnds(minutes, bucket, holds, end), this.x, y);
    const { load, highest, limit, over } = drawnOf(this.minutes);
    return [
      ...grid(top).flatMap((watts) => [
        drawn("line", { class: "grid", x1: LEFT, x2: width, y1: y(watts), y2: y(watts) }),
        drawn("text", { x: LEFT - 6, y: y(watts) + 3.5, class: "end" }, exactKw(watts))]),
      ...this.#marks(width, end),
      drawn("path", { class: "excess", d: over }), drawn("path", { class: "highest", d: highest }),
      ...this.others.map((each) => drawn("path", { class: `kept ${this.#kind(each)}`, d: drawnOf(each.minutes).load })),
      drawn("path", { class: "line", d: load }), drawn("path", { class: "bound", d: limit }),
      drawn("line", { class: "pointer", y1: TOP, y2: BOTTOM }),
    ];
  }

  // Marks where the clock of the site strikes, whatever quarter its time zone begins at; at midnight the day.
  #marks(width, end) {
    const { span, marks } = RANGES[this.range];
    const every = marks[width < NARROW ? 1 : 0];
    const step = Math.min(every, 15) * MINUTE_MS;
    const clock = clockOf(this.timeZone);
    const drawnMarks = [];
    for (let at = Math.ceil((end - span) / step) * step; at < end; at += step) {
      const text = clock.minute(at);
      const [hours, minutes] = text.split(":").map(Number);
      if ((60 * hours + minutes) % every || this.x(at) > width - 16) continue;
      const x = this.x(at);
      drawnMarks.push(drawn("line", { class: "grid", x1: x, x2: x, y1: BOTTOM, y2: BOTTOM + 5 }),
        drawn("text", { x, y: HEIGHT - 5, class: "middle" }, hours + minutes ? text : clock.day(at)));
    }
    return drawnMarks;
  }

  #pointed(x) {
    if (this.minutes.length === 0) return;
    const distances = this.minutes.map((each) => Math.abs(this.x(Date.parse(each.at) + RANGES[this.range].bucket / 2) - x));
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
    const others = this.others.map((each) => `; ${each.nodeId} ${kw(each.at(at))} kW`).join("");
    return `${clockOf(this.timeZone).tellMinute(at, this.now)}: ${load}, ${limit_w === null ? "no limit" : `limit ${kw(limit_w)} kW`}${others}`;
  }
}

function worst(minutes) {
  const known = minutes.filter((each) => each.measured_max_w !== null);
  return known.reduce((most, each) => (most === null || each.measured_max_w > most.measured_max_w ? each : most), null);
}

// Each with when it ends: where the next begins, unless that is later than it holds.
function withEnds(minutes, bucket, holds, end) {
  return minutes.map((each, index) => {
    const from = Date.parse(each.at);
    const next = index + 1 < minutes.length ? Date.parse(minutes[index + 1].at) : end;
    return { ...each, from, to: next - from <= holds ? next : Math.min(from + bucket, end) };
  });
}

// As paths. What was not measured is a gap, and so is a time in which nothing was decided.
function lines(minutes, x, y) {
  const paths = { load: "", highest: "", limit: "", over: "" };
  const until = {};
  const step = (name, watts, from, to) => {
    if (watts === null) return;
    paths[name] += `${until[name] === from ? "L" : "M"}${x(from).toFixed(1)} ${y(watts).toFixed(1)}H${x(to).toFixed(1)}`;
    until[name] = to;
  };
  for (const { from, to, measured_w, measured_max_w, limit_w } of minutes) {
    step("load", measured_w, from, to);
    step("highest", measured_max_w, from, to);
    step("limit", limit_w, from, to);
    if (limit_w !== null && measured_max_w > limit_w) {
      paths.over += `M${x(from).toFixed(1)} ${y(limit_w).toFixed(1)}V${y(measured_max_w).toFixed(1)}H${x(to).toFixed(1)}V${y(limit_w).toFixed(1)}z`;
    }
  }
  return paths;
}
