import { Agent, setGlobalDispatcher } from "undici";

/** As in a new process: no connection of `fetch` is left over to a server that was on the same port before. */
export function newConnections(): void {
  setGlobalDispatcher(new Agent());
}
