// What the fragment of the page's address says: the node that is looked at, and over how long.

export const RANGES = ["1h", "24h", "7d"];
export const USUAL = "24h";

// `nodeId` is null where the fragment names none.
export function named(hash) {
  const [first, ...rest] = hash.slice(1).split("&");
  const range = rest.find((each) => each.startsWith("range="))?.slice("range=".length);
  return { nodeId: decoded(first) || null, range: RANGES.includes(range) ? range : USUAL };
}

export function written(nodeId, range) {
  return `#${encodeURIComponent(nodeId)}${range === USUAL ? "" : `&range=${range}`}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
