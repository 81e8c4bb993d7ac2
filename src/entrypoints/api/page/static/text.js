// How figures and states are put in words.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0, signDisplay: "negative" });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1, roundingMode: "trunc", signDisplay: "negative" });

export const count = (number) => whole.format(number);
export const kw = (watts) => (watts === null || watts === undefined ? "–" : whole.format(watts / 1000));
export const exactKw = (watts) => tenths.format(Math.trunc(watts / 100) / 10);
export const kwh = (wattHours) => tenths.format(wattHours / 1000);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

// What counts beside what is measured: held for connectors that are not heard from.
export const held = (node) => (node.held_w >= 500 ? ` + ${kw(node.held_w)} held` : "");

export function duration(seconds) {
  if (seconds < 600) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

// Tells instants as a clock in this time zone shows them: with the day where it is not the day of `now`.
export function clockOf(timeZone) {
  if (!clocks.has(timeZone)) clocks.set(timeZone, newClock(timeZone));
  return clocks.get(timeZone);
}

const clocks = new Map(); // each takes a browser longer to make than a hundred instants to tell

function newClock(timeZone) {
  const at = (zone, shown) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...shown });
  let zone = timeZone;
  try {
    at(zone, {});
  } catch {
    zone = "UTC"; // one that this browser does not know
  }
  const day = at(zone, { day: "numeric", month: "short" });
  const time = at(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const minute = at(zone, { hour: "2-digit", minute: "2-digit" });
  const on = (instant, now) => (now && day.format(instant) === day.format(Date.parse(now)) ? "" : `${day.format(instant)} `);
  return {
    zone,
    day: (instant) => day.format(instant),
    minute: (instant) => minute.format(instant),
    tell: (instant, now) => `${on(Date.parse(instant), now)}${time.format(Date.parse(instant))}`,
    tellMinute: (instant, now) => `${on(Date.parse(instant), now)}${minute.format(Date.parse(instant))}`,
  };
}

export const HAPPENINGS = {
  breach_opened: "Breaches opened", breach_escalated: "Breaches escalated", breach_cleared: "Breaches cleared",
  configuration_applied: "Configurations applied", configuration_refused: "Configurations refused",
  limit_changed: "Limits changed", safe_mode_entered: "Safe mode entered", safe_mode_left: "Safe mode left",
  charger_silent: "Chargers silent", charger_back: "Chargers back", not_honouring: "Not honouring setpoints",
  honouring: "Honouring again", vehicle_stopped: "Vehicles stopped", vehicle_on_again: "Vehicles on again",
};

export const STATES = {
  undecided: "not decided yet", over_limit: "over limit", stale: "silent", unresponsive: "not honouring",
  safe: "safe mode", held_back: "held back", at_limit: "at limit", idle: "idle", normal: "within limit",
};

// What the service does not call held back although a limit is below what the vehicle asked for.
const CUT = ["limited", "below_minimum", "awaiting_decrease"];
export const takesLess = (node) => node.state === "normal" && CUT.includes(node.setpoint?.reason);

// A vehicle that is plugged in and draws next to nothing: no empty bay.
const PLUGGED = ["Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Occupied", "EVConnected"];
export const sleeps = (node) => ["idle", "normal"].includes(node.state) && node.measured_w !== null && node.measured_w < 500
  && PLUGGED.includes(node.setpoint?.status);

// How a node is, in words.
export const stateOf = (node) => (takesLess(node) ? "takes less than it may" : sleeps(node) ? "plugged in, takes nothing" : STATES[node.state]);

// What is looked for most: each with what a node has to be for it.
export const KINDS_OF_NODES = [
  ["over", "Over limit", (node) => node.state === "over_limit"],
  ["held", "Held back", (node) => node.state === "held_back"],
  ["stopped", "Stopped", (node) => node.state === "held_back" && node.setpoint.limit_w === 0],
  ["less", "Takes less", takesLess],
  ["silent", "Silent", (node) => node.state === "stale"],
  ["unresponsive", "Not honouring", (node) => node.state === "unresponsive"],
];

export const TYPES = {
  microgrid: "Microgrid", grid_connection: "Grid connection", circuit: "Circuit", charge_point: "Charger",
  connector: "Connector",
};

export const KINDS = {
  max_import: "maximum import", default_capacity: "default capacity",
  safe_operating_capacity: "safe operating capacity", max_power: "rating",
};

export const CAUSES = {
  limit_lowered: "Limit was lowered", setpoint_not_honoured: "Setpoints not honoured",
  unmanaged_load: "Load that is not managed", stale_telemetry: "Telemetry is missing", unknown: "Cause unknown",
};

// What follows is left out where no single node binds.
const because = (words, setpoint) => (setpoint.binding_node_id === null ? "" : `${words} ${setpoint.binding_node_id}`);

export const REASONS = {
  granted: () => "Granted, all that it asks for",
  limited: (setpoint) => `Limited${because(" by", setpoint)}`,
  below_minimum: (setpoint) => `Below minimum${because(", which does not fit at", setpoint)}`,
  awaiting_decrease: () => "Awaiting decrease, until others have come down",
  standby: (_setpoint, view) => `Standing by, it is full or asleep; asked again within ${duration(view.asked_again_within_s)}`,
  idle: () => "Idle, it asks for nothing",
  reserved: (setpoint) => `Reserved, it is not heard from or is about to fall back; ${kw(setpoint.reserved_w)} kW are held for it`,
  unresponsive: (setpoint) => `Unresponsive, it does not do as told; ${kw(setpoint.reserved_w)} kW are held for it`,
};

// How much it draws for what it is told; nothing to say where that is the same.
export const factor = (setpoint) => (setpoint.factor === 1000 ? "" : `${setpoint.factor / 1000} W for each W it is told`);

// What is to be known of what a node measures; nothing where that is good.
export const QUALITIES = {
  missing: "nothing of its load is measured", bad: "its meter shows too little, or stands still",
  estimated: "not all of its load is measured",
};

// Many are named by what they are: "Grid connection 1".
export function titled(node, name) {
  const type = TYPES[node.node_type];
  return name.toLowerCase().startsWith(type.toLowerCase()) ? name : `${type} ${name}`;
}

export const label = (node) => (node.name === node.node_id ? node.node_id : `${node.name}, ${node.node_id}`);

export function accessibleName(node) {
  const parts = [titled(node, label(node))];
  if (node.measured_w === null) parts.push("not measured");
  else if (node.limit_w === null) parts.push(`${kw(node.measured_w)} kilowatts, no limit`);
  else {
    parts.push(`${kw(node.measured_w)} of ${kw(node.limit_w)} kilowatts`);
    if (node.limit_w > 0) parts.push(`${Math.round((100 * node.measured_w) / node.limit_w)} percent`);
  }
  if (held(node)) parts.push(`${kw(node.held_w)} kilowatts held`);
  return [...parts, stateOf(node)].join(", ");
}
