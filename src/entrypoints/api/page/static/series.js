// What a node drew over the time that a chart shows: all of it at first, then what came since.

import { read } from "./stream.js";

export class Series {
  constructor(path, nodeId) {
    this.path = path;
    this.nodeId = nodeId;
    this.minutes = [];
    this.readAt = null;
  }

  // Where its table is, from an instant on.
  asked(step, since) {
    return `${this.path}/history/${this.nodeId}?step=${step}&from=${encodeURIComponent(since)}`;
  }

  // Whether it was read anew. `begin` and `now` are instants as the API writes them.
  async read(step, begin, now) {
    if (this.nodeId === null || this.readAt === now) return false;
    this.readAt = now;
    const since = this.minutes.at(-1)?.at ?? begin;
    const found = [];
    for (let cursor = ""; cursor !== null;) {
      const page = await read(`${this.asked(step, since)}&limit=500${cursor}`);
      found.push(...page.items);
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
    this.minutes = [...this.minutes.filter((each) => each.at < since && each.at >= begin), ...found.reverse()];
    return true;
  }

  // What it drew in the bucket that begins then; null where nobody knows.
  at(instant) {
    return this.minutes.find((each) => each.at === instant)?.measured_w ?? null;
  }
}
