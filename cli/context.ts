import type { Command } from "commander";
import type { Io } from "./io.ts";

/** What a command is made with. */
export interface Context {
  io: Io;
  /** Ends with this code although nothing was thrown. */
  exitWith(code: 0 | 1 | 3 | 4): void;
}

export type MakeCommand = (context: Context) => Command;
