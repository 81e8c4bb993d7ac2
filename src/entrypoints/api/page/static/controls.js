// What gateways found chargers to do, in words: which are controlled, and why others are not.

import { plural } from "./text.js";

export function controlled(chargers) {
  const not = chargers.filter((each) => each.control.why !== null);
  return not.length === 0 ? `All of ${plural(chargers.length, "charger")}:` : `${not.length} of ${plural(chargers.length, "charger")} not:`;
}

// Those that are not controlled first.
export function found(chargers) {
  const not = (each) => Number(each.control.why !== null);
  return chargers.toSorted((one, other) => not(other) - not(one)).map(({ charge_point_id, control }) =>
    `${charge_point_id} ${control.why === null ? "is controlled" : `is not controlled: ${control.why}`}${abilities(control)}`);
}

function abilities({ unit, reads_back, lapses }) {
  return [unit && `takes ${unit}`, known(reads_back, "read back"), known(lapses, "lapses by itself")].filter(Boolean).map((each) => `, ${each}`).join("");
}

const known = (is, what) => (is === null ? "" : is ? what : `not ${what}`);
