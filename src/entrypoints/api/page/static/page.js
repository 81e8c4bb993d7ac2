// The page: what the address names is shown, and a token asked for where that needs one.

import { byId, say, show, tell } from "./dom.js";
import { MicrogridPage } from "./microgrid.js";
import { anyMicrogrids, runList } from "./microgrids.js";
import { forgetToken, hasToken, keepToken, Missing, Refused } from "./stream.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));
const microgrid = (microgridId) => new MicrogridPage(`/v1/microgrids/${encodeURIComponent(microgridId)}`);

async function run() {
  const one = location.pathname.match(/^\/microgrids\/(.+)$/);
  if (one) return microgrid(decodeURIComponent(one[1])).run();
  const items = await anyMicrogrids();
  return items.length === 1 ? microgrid(items[0].microgrid_id).run() : runList(items);
}

async function start() {
  show(byId("entrance"), false);
  show(byId("problem"), false);
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Refused) return askForToken(error.message);
      if (error instanceof Missing) return explain(error.message);
      tell("lost", "Service not reached, trying again");
      await pause(wait);
    }
  }
}

function explain(message) {
  show(byId("microgrid"), false);
  tell("waiting", "Nothing to show");
  say(byId("problem"), message);
  show(byId("problem"), true);
}

function askForToken(message) {
  if (hasToken()) explain(message);
  forgetToken();
  show(byId("microgrid"), false);
  show(byId("list"), false);
  tell("waiting", "Waiting for a token");
  show(byId("entrance"), true);
  byId("token").focus();
}

byId("entrance").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(byId("token").value.trim());
  byId("token").value = "";
  start();
});

start();
