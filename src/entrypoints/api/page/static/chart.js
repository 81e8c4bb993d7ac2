// Ten minutes of a node's load against the limit that was in force, as steps of ten seconds.

import { drawn } from "./dom.js";
import { exactKw, kw } from "./text.js";

const SPAN_MS = 600_000;
const BUCKET_MS = 10_000;
const HOLDS_MS = 60_000; // a cycle that changes nothing is not published for up to 40 s: what was, still is
const [LEFT, RIGHT, TOP, BOTTOM] = [34, 336, 16, 160];

export function draw(svg, buckets, endsAt) {
  const end = Date.parse(endsAt) + BUCKET_MS;
  const all = [...buckets].reverse();
  const known = all.filter((each) => each.measured_w !== null);
  const top = 1.08 * Math.max(1000, ...known.map((each) => Math.max(each.measured_w, each.limit_w ?? 0)));
  const x = (at) => Math.min(RIGHT, Math.max(LEFT, RIGHT - ((end - at) / SPAN_MS) * (RIGHT - LEFT)));
  const y = (watts) => BOTTOM - (Math.max(0, watts) / top) * (BOTTOM - TOP);
  let load = "", area = "", over = "", limit = "";
  let until = null;
  for (const [index, each] of all.entries()) {
    if (each.measured_w === null) continue; // a gap: what nobody measured is not drawn
    const at = Date.parse(each.at);
    const next = index + 1 < all.length ? Date.parse(all[index + 1].at) : end;
    const ends = next - at <= HOLDS_MS ? next : at + BUCKET_MS;
    const [from, to] = [x(at).toFixed(1), x(ends).toFixed(1)];
    const height = y(each.measured_w).toFixed(1);
    const joins = until === at;
    load += `${joins ? "L" : "M"}${from} ${height}H${to}`;
    area += `M${from} ${BOTTOM}V${height}H${to}V${BOTTOM}z`;
    if (each.limit_w !== null) {
      const bound = y(each.limit_w).toFixed(1);
      limit += `${joins && limit ? "L" : "M"}${from} ${bound}H${to}`;
      if (each.measured_w > each.limit_w) over += `M${from} ${bound}V${height}H${to}V${bound}z`;
    }
    until = ends;
  }
  const last = known.at(-1);
  svg.replaceChildren(
    ...grid(top).flatMap((watts) => [
      drawn("line", { class: "grid", x1: LEFT, x2: RIGHT, y1: y(watts), y2: y(watts) }),
      drawn("text", { x: LEFT - 5, y: y(watts) + 3.5, class: "end" }, exactKw(watts)),
    ]),
    drawn("path", { class: "area", d: area }), drawn("path", { class: "excess", d: over }),
    drawn("path", { class: "line", d: load }), drawn("path", { class: "bound", d: limit }),
    drawn("text", { x: RIGHT, y: last?.limit_w == null ? 10 : Math.max(10, y(last.limit_w) - 5), class: "end strong" },
      last?.limit_w == null ? "" : `limit ${kw(last.limit_w)} kW`),
    drawn("text", { x: LEFT, y: 175 }, "10 min ago"), drawn("text", { x: (LEFT + RIGHT) / 2, y: 175, class: "middle" }, "5 min ago"),
    drawn("text", { x: RIGHT, y: 175, class: "end" }, "now"));
}

// The powers at which lines stand below `top`: round ones, four or so.
export function grid(top) {
  const rough = top / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough);
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step);
}
