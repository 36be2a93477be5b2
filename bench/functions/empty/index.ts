/** What a function costs that does nothing but log: where nothing is logged, a local AWS waits for it. */
export const handler = (): Promise<{ statusCode: number; body: string }> => {
  console.log(JSON.stringify({ level: "INFO", message: "nothing to do" }));
  return Promise.resolve({ statusCode: 202, body: "{}" });
};
