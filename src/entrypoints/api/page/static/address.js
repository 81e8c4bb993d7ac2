// What the fragment of the page's address says: the node that is looked at, over how long, and with which others.

export const RANGES = ["1h", "24h", "7d"];
export const USUAL = "24h";

// `nodeId` is null where the fragment names none.
export function named(hash) {
  const [first, ...rest] = hash.slice(1).split("&");
  const range = rest.find((each) => each.startsWith("range="))?.slice("range=".length);
  const kept = rest.filter((each) => each.startsWith("with=")).map((each) => decoded(each.slice("with=".length)));
  return { nodeId: decoded(first) || null, range: RANGES.includes(range) ? range : USUAL, kept: kept.filter(Boolean) };
}

export function written(nodeId, range, kept) {
  const others = kept.map((each) => `&with=${encodeURIComponent(each)}`).join("");
  return `#${encodeURIComponent(nodeId)}${range === USUAL ? "" : `&range=${range}`}${others}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
