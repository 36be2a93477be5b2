import type { Log } from "../../functions/gate/ports/index.ts";

/** Everything that the gate logged, a line each. */
export class LogLines implements Log {
  readonly lines: string[] = [];
  #add(level: string, message: string, fields: object = {}): void {
    this.lines.push(JSON.stringify({ level, message, ...fields }));
  }
  debug(message: string, fields?: object): void {
    this.#add("debug", message, fields);
  }
  info(message: string, fields?: object): void {
    this.#add("info", message, fields);
  }
  warn(message: string, fields?: object): void {
    this.#add("warn", message, fields);
  }
  error(message: string, fields?: object): void {
    this.#add("error", message, fields);
  }
}
