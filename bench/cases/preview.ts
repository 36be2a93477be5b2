import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Project, missingEngine } from "../../test/engine/engine.ts";
import { missingAws } from "../../test/engine/localAws.ts";
import type { BenchCase } from "./benchCase.ts";

const GATED = `
import * as pagerduty from "@pulumi/pagerduty";
import { ApprovalGate } from "./components/index.ts";

const provider = new pagerduty.Provider("pagerduty", {
  token: "none",
  apiUrlOverride: process.env.PAGERDUTY_API_URL ?? "",
});
const count = Number(process.env.SERVICES);
const rules = Array.from({ length: 5 }, (_, index) => ({
  name: "rule-" + index,
  match: { priority: "P" + (index + 1) },
  decision: "requireApproval",
  sla: "5m",
}));
new ApprovalGate(
  "gate",
  {
    cheqpointConnectionKey: "none",
    pagerdutyToken: "none",
    pagerdutyFrom: "gate@example.com",
    gating: {
      services: Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          "service-" + index,
          { runbooks: { restart: { automationAction: "01RESTART" } }, rules },
        ]),
      ),
    },
  },
  { providers: { pagerduty: provider } },
);
`;

/** As many resources, in as many components, of which nothing is asked or checked. */
const PLAIN = `
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

const services = Number(process.env.SERVICES);
for (let index = 0; index < services; index += 1) {
  const parent = new pulumi.ComponentResource("plain:index:Service", "service-" + index);
  for (const name of ["item-" + index, "name-" + index]) {
    const item = JSON.stringify({ pk: { S: name } });
    new aws.dynamodb.TableItem(name, { tableName: "plain", hashKey: "pk", item }, { parent });
  }
}
const others = Number(process.env.RESOURCES) - 3 * services;
for (let index = 0; index < others; index += 1) {
  new aws.sqs.Queue("queue-" + index, {});
}
`;

/** A preview of a stack that does not exist yet, with that many gated services. */
export function preview(services: number): BenchCase {
  return async (scale) => {
    const missing =
      scale === "tiny" ? "a tiny run leaves the engine out" : (missingEngine() ?? missingAws());
    if (missing !== null) {
      return { skipped: missing };
    }
    const directory = await startDirectory();
    const project = async (
      program: string,
      env: Readonly<Record<string, string>>,
    ): Promise<Project> => {
      const made = new Project(
        {
          "index.ts": program,
          "package.json": '{"name":"bench","type":"module","main":"index.ts"}',
          "Pulumi.yaml":
            "name: bench\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
        },
        {
          SERVICES: String(services),
          PAGERDUTY_API_URL: directory.url,
          PAGERDUTY_TOKEN: "none",
          ...env,
        },
      );
      await made.pulumi(["stack", "init", "bench"]);
      return made;
    };
    const gated = await project(GATED, {});
    gated.copy("components", "functions");
    // The stack itself is a step too, in both programs.
    const told = await gated.pulumi(["preview", "--json"]);
    const { steps } = JSON.parse(told.slice(told.indexOf("{"))) as { steps: unknown[] };
    const resources = steps.length - 1;
    const plain = await project(PLAIN, { RESOURCES: String(resources) });
    const time = async (made: Project): Promise<number> => {
      const began = performance.now();
      await made.pulumi(["preview"]);
      return performance.now() - began;
    };
    return {
      rounds: 3,
      pair: {
        name: `pulumi preview of ${services} gated services, ${resources} resources`,
        baseline: "a program with as many resources that checks and looks up nothing",
        unit: "ms",
        operations: 1,
        runSubject: () => time(gated),
        runBaseline: () => time(plain),
      },
      stop: async () => {
        gated.remove();
        plain.remove();
        await directory.stop();
      },
    };
  };
}

/** A PagerDuty that knows every service that it is asked for. */
async function startDirectory(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://localhost").searchParams.get("query") ?? "";
    const id = `P${name.replace(/\D/g, "").padStart(6, "0")}`;
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ services: [{ id, name, type: "service" }], more: false }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
