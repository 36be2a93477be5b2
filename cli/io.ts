/** What a command does to the world, so that a test can stand in for it. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Width of the terminal; null when the output goes elsewhere. */
  columns: number | null;
  fetch: typeof fetch;
  /** Ends early when `stopping` fires. */
  sleep(ms: number): Promise<void>;
  /** Somebody pressed Ctrl-C. */
  stopping: AbortSignal;
}
