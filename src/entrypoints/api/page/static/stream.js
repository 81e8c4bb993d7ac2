// The HTTP API: reads with entity tags, and the stream of events, both with the token of this tab.

const TOKEN = "busbar-token";
const SILENT_MS = 20_000; // a comment comes every 15 s at least

export class Refused extends Error {}
export class Missing extends Error {}

export const hasToken = () => sessionStorage.getItem(TOKEN) !== null;
export const keepToken = (token) => sessionStorage.setItem(TOKEN, token);
export const forgetToken = () => sessionStorage.removeItem(TOKEN);

function headers(more = {}) {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? more : { ...more, Authorization: `Bearer ${token}` };
}

async function checked(response) {
  if (response.ok || response.status === 304) return response;
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? `The service answered ${response.status}.`;
  if (response.status === 401 || response.status === 403) throw new Refused(detail);
  throw response.status === 404 ? new Missing(detail) : new Error(detail);
}

// The browser keeps what was answered and asks with If-None-Match.
export async function read(path) {
  const response = await fetch(path, { headers: headers(), cache: "no-cache" });
  return (await checked(response)).json();
}

// The same as a table of comma-separated values. A file has no media type that says UTF-8: its first mark does.
export async function readTable(path) {
  const response = await fetch(path, { headers: headers({ Accept: "text/csv" }), cache: "no-store" });
  return new Blob(["\ufeff", await (await checked(response)).blob()], { type: "text/csv" });
}

// Reads until the stream ends or fails. `heard` gets every event; returns the last id in any case by `heard`.
export async function follow(path, lastEventId, opened, heard, ended) {
  const aborter = new AbortController();
  let watch = setTimeout(() => aborter.abort(), SILENT_MS);
  try {
    const resume = lastEventId === null ? {} : { "Last-Event-ID": lastEventId };
    const response = await checked(
      await fetch(path, { headers: headers(resume), cache: "no-store", signal: AbortSignal.any([aborter.signal, ended]) }));
    opened();
    let text = "";
    for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watch);
      watch = setTimeout(() => aborter.abort(), SILENT_MS);
      const frames = (text + value).split("\n\n");
      text = frames.pop();
      for (const frame of frames) {
        const event = parsed(frame);
        if (event.id !== undefined) heard(event);
      }
    }
  } finally {
    clearTimeout(watch);
  }
}

function parsed(frame) {
  const event = {};
  for (const line of frame.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 2);
  }
  return event;
}
