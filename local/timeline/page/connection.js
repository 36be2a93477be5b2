import { byId } from "./dom.js";
import { setNow } from "./format.js";

export async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const body = await answer.json();
  setNow(body.now);
  return body;
}

/** Sends what only this page may; resolves to the answer, or to why it was refused. */
export async function send(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  return answer.ok ? { ok: true, told } : { ok: false, problem: told.error ?? "It was refused." };
}

/** Calls `onChange` whenever the page should read again; also after a lost connection. */
export function listen(onChange) {
  const events = new EventSource("/timeline/events");
  events.addEventListener("open", onChange);
  events.addEventListener("change", (event) => {
    setNow(JSON.parse(event.data).now);
    onChange();
  });
  events.addEventListener("beat", (event) => setNow(JSON.parse(event.data).now));
  events.addEventListener("error", () => {
    connection("lost", "Reconnecting…");
    // Some browsers give up for good when nothing listens.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => listen(onChange), 3000);
  });
}

export function connection(state, text) {
  const element = byId("connection");
  element.dataset.state = state;
  element.textContent = text;
}
