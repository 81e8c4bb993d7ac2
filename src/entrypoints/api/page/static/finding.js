// Finds nodes: by id or name, by what is the matter with them, and as a table that is sorted by any of its columns.

import { byId, element, list, put, say, show } from "./dom.js";
import { count, kw, KINDS_OF_NODES, label, stateOf } from "./text.js";

const natural = new Intl.Collator("en", { numeric: true });
const byText = (of) => (one, other) => natural.compare(of(one), of(other));
const byFigure = (of) => (one, other) => (of(other) ?? -Infinity) - (of(one) ?? -Infinity); // the largest first, unknown last

const told = (node) => (node.setpoint === null ? node.limit_w : node.setpoint.limit_w);
const asked = (node) => node.setpoint?.requested_w ?? null;
const binding = (node) => (node.state === "held_back" ? node.setpoint.binding_node_id ?? "" : "");

// A column each: its heading, what stands in it, and what comes first.
const COLUMNS = [
  ["Node", (node) => label(node), byText((node) => node.node_id)],
  ["In", (node) => node.parent_id ?? "", byText((node) => node.parent_id ?? "")],
  ["State", stateOf, byText(stateOf)],
  ["Draws, kW", (node) => kw(node.measured_w), byFigure((node) => node.measured_w)],
  ["May draw, kW", (node) => kw(told(node)), byFigure(told)],
  ["Asks for, kW", (node) => kw(asked(node)), byFigure(asked)],
  ["Room left, kW", (node) => kw(node.headroom_w), byFigure((node) => node.headroom_w)],
  ["Held back by", (node) => binding(node), byText(binding)],
];
const FIGURES = [3, 4, 5, 6];

export class Finding {
  // `found` gets the ids of what is looked for, null where nothing is.
  constructor(select, found) {
    this.select = select;
    this.found = found;
    this.nodes = [];
    this.kinds = new Set();
    this.opened = false;
    this.sorted = null;
    this.field = byId("find");
    this.field.oninput = () => this.#tell();
    this.field.onkeydown = (event) => this.#pressed(event);
    addEventListener("keydown", (event) => this.#slash(event));
    byId("table-open").onclick = () => {
      this.opened = !this.opened;
      this.#tell();
    };
    byId("chips").replaceChildren(...KINDS_OF_NODES.map(([kind]) => this.#chip(kind)));
    byId("nodes-head").replaceChildren(...COLUMNS.map(([heading], index) => this.#heading(heading, index)));
  }

  update(nodes) {
    this.nodes = nodes;
    this.#tell();
  }

  mark(nodeId) {
    this.marked = nodeId;
    for (const row of byId("nodes-body").children) put(row, { class: row.dataset.key === nodeId ? "marked" : "" });
  }

  #chip(kind) {
    const chip = element("button", { type: "button", class: "quiet", "aria-pressed": false });
    chip.addEventListener("click", () => {
      if (!this.kinds.delete(kind)) this.kinds.add(kind);
      this.#tell();
    });
    return chip;
  }

  #heading(heading, index) {
    const button = element("button", { type: "button" }, heading);
    button.addEventListener("click", () => {
      this.sorted = this.sorted?.index === index ? { index, turned: !this.sorted.turned } : { index, turned: false };
      this.#tell();
    });
    return element("th", { scope: "col", class: FIGURES.includes(index) ? "number" : "" }, button);
  }

  #slash(event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
    event.preventDefault();
    this.field.focus();
  }

  #pressed(event) {
    if (event.key === "Escape") {
      this.field.value = "";
      this.#tell();
    } else if (event.key === "Enter") {
      const [first] = this.#wanted();
      if (first) this.select(first.node_id);
    }
  }

  // What is looked for, that whose id is just that before what has it in its id or name.
  #wanted() {
    const text = this.field.value.trim().toLowerCase();
    const tests = KINDS_OF_NODES.filter(([kind]) => this.kinds.has(kind)).map(([, , test]) => test);
    const wanted = this.nodes.filter((node) => (tests.length === 0 || tests.some((test) => test(node)))
      && (node.node_id.toLowerCase().includes(text) || node.name.toLowerCase().includes(text)));
    if (this.sorted !== null) {
      wanted.sort(COLUMNS[this.sorted.index][2]);
      if (this.sorted.turned) wanted.reverse();
    } else if (text) wanted.sort((one, other) => (other.node_id.toLowerCase() === text) - (one.node_id.toLowerCase() === text));
    return wanted;
  }

  #tell() {
    [...byId("chips").children].forEach((chip, index) => {
      const [kind, name, test] = KINDS_OF_NODES[index];
      const found = this.nodes.filter(test).length;
      say(chip, `${name} ${count(found)}`);
      show(chip, kind !== "less" || found > 0 || this.kinds.has(kind)); // that one is no trouble, and takes room
      put(chip, { "aria-pressed": this.kinds.has(kind) });
    });
    const looking = this.field.value.trim() !== "" || this.kinds.size > 0;
    const opened = looking || this.opened;
    const wanted = opened ? this.#wanted() : [];
    this.found(looking ? new Set(wanted.map((each) => each.node_id)) : null);
    put(byId("table-open"), { "aria-expanded": opened });
    say(byId("found"), looking ? (wanted.length ? `${count(wanted.length)} of ${count(this.nodes.length)}` : "Nothing like that") : "");
    show(byId("nodes"), opened && wanted.length > 0);
    if (opened) this.#fill(wanted);
  }

  #fill(wanted) {
    [...byId("nodes-head").children].forEach((heading, index) => {
      const largestFirst = FIGURES.includes(index) !== (this.sorted?.turned ?? false);
      if (this.sorted?.index === index) put(heading, { "aria-sort": largestFirst ? "descending" : "ascending" });
      else heading.removeAttribute("aria-sort");
    });
    list(byId("nodes-body"), wanted, (each) => each.node_id, () => this.#row(), (row, node) => {
      say(row.firstChild.firstChild, label(node));
      COLUMNS.forEach(([, text], index) => {
        if (index > 0) say(row.children[index], text(node));
      });
      put(row, { "data-state": node.state, class: node.node_id === this.marked ? "marked" : "" });
    });
  }

  #row() {
    const button = element("button", { type: "button", class: "link" });
    const row = element("tr", {}, element("th", { scope: "row" }, button),
      ...COLUMNS.slice(1).map((_, index) => element("td", { class: FIGURES.includes(index + 1) ? "number" : "" })));
    button.addEventListener("click", () => this.select(row.dataset.key));
    return row;
  }
}
