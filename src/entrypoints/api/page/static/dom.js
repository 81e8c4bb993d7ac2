// Making and changing elements. Nothing is touched that stays as it is.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function put(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    const text = String(value);
    if (target.getAttribute(name) !== text) target.setAttribute(name, text);
  }
}

export function say(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function show(target, shown) {
  if (target.hidden !== shown) return;
  if (!shown) moveFocusFrom(target);
  target.hidden = !shown;
}

// How live what is shown is, in the header.
export function tell(mark, text) {
  put(byId("live"), { class: `live ${mark}` });
  say(byId("live"), text);
}

// Said by a screen reader once it is done with what it says now.
export function announce(text) {
  say(byId("announcer"), text);
}

// Elements for these items, by key: those that are there are kept, and their focus with them. One that is moved would
// lose it, so others make room for the one that has it.
export function list(parent, items, key, make, update) {
  const focused = document.activeElement;
  const kept = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, position) => {
    const name = String(key(item));
    const child = kept.get(name) ?? make(item);
    kept.delete(name);
    child.dataset.key = name;
    update(child, item);
    if (child.contains(focused)) while (parent.children[position] !== child) parent.append(parent.children[position]);
    else if (parent.children[position] !== child) parent.insertBefore(child, parent.children[position] ?? null);
  });
  for (const gone of kept.values()) {
    moveFocusFrom(gone);
    gone.remove();
  }
}

// Where the focus is in what is about to go, the heading of its card has it next, that of the page where the card goes
// too: never the body.
export function moveFocusFrom(leaving) {
  if (!leaving.contains(document.activeElement)) return;
  const heading = leaving.parentElement.closest(".card")?.querySelector("h2") ?? byId("title");
  focusOn(heading);
}

export function focusOn(heading) {
  put(heading, { tabindex: -1 });
  heading.focus({ preventScroll: true });
}

export function save(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

// A bar scaled to the rating: what is drawn, what is withheld, and a tick at the limit in force.
export function bar() {
  return drawn("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawn("rect", { class: "track", height: 10 }), drawn("rect", { class: "withheld", height: 10 }),
    drawn("rect", { class: "load", height: 10 }), drawn("rect", { class: "held", height: 8, y: 1 }), drawn("line", { class: "limit", y1: -3, y2: 13 }));
}

const BEYOND = 1.12;

export function fillBar(svg, node) {
  const [track, withheld, load, held, limit] = svg.children;
  const full = node.rating_w || node.limit_w || node.measured_w || 1;
  const at = (watts) => Math.min(100, Math.max(0, (100 * (watts ?? 0)) / (full * BEYOND))).toFixed(1);
  const bound = node.limit_w === null ? full : Math.min(node.limit_w, full);
  const kind = node.measured_w === null ? "bar unknown" : node.rating_w === null && node.limit_w === null ? "bar unlimited" : "bar";
  put(svg, { class: kind });
  put(track, { width: at(full) });
  put(withheld, { x: at(bound), width: (at(full) - at(bound)).toFixed(1) });
  put(load, { width: at(node.measured_w), class: `load ${level(node)}` });
  const drawnTo = at(node.measured_w);
  put(held, { x: drawnTo, width: (at((node.measured_w ?? 0) + (node.held_w ?? 0)) - drawnTo).toFixed(1) });
  put(limit, { x1: at(bound), x2: at(bound), class: node.limit_w === null ? "limit none" : "limit" });
}

export function level(node) {
  if (node.state === "over_limit") return "over";
  if (node.measured_w === null) return "unknown";
  const share = (node.measured_w ?? 0) / (node.limit_w || node.rating_w || Infinity);
  return share < 0.5 ? "low" : share < 0.8 ? "mid" : "high";
}
