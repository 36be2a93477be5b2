import { AsyncLocalStorage } from "node:async_hooks";
import type { Task } from "./boundary.ts";

/** The work in which something is called. */
export const current = new AsyncLocalStorage<Task>();
