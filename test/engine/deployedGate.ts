import assert from "node:assert/strict";
import { Project, repository } from "./engine.ts";
import { CREDENTIALS, json, until } from "./world.ts";
import type { Told, World } from "./world.ts";

/** Outputs of the stack program. */
export interface Outputs {
  proposalsUrl: string;
  webhookUrl: string;
  callbackUrl: string;
  proposerTokens: { agent: string };
  operatorTokens: { sre: string };
  ledgerTableName: string;
  gatingTableName: string;
  queueUrl: string;
  deadLetterQueueUrl: string;
  dashboardUrl: string;
  functionNames: Record<string, string>;
  subscriptionIds: Record<string, string>;
}

/** Where the program of a stack comes from. */
export const PROGRAM = ["components", "functions", "index.ts", "package.json", "Pulumi.yaml"];

/** Configuration of a stack that belongs to a test's world. */
export async function configureStack(
  project: Project,
  addresses: { pagerduty: string; cheqpoint: string; from: string },
): Promise<void> {
  await project.configure(
    {
      pagerdutyFrom: addresses.from,
      pagerdutyApiUrl: addresses.pagerduty,
      cheqpointApiUrl: addresses.cheqpoint,
      deletionProtection: "false",
      secretRecoveryDays: "0",
      "proposers[0]": "agent",
      "operators[0]": "sre",
    },
    {
      cheqpointConnectionKey: CREDENTIALS.connectionKey,
      pagerdutyToken: CREDENTIALS.pagerdutyToken,
      cheqpointCallbackSecret: CREDENTIALS.callbackSecret,
    },
  );
}

/** The stack program with one of its stack files, and what proposers and operators do with its gate. */
export class DeployedGate {
  readonly project: Project;
  readonly #world: World;
  #outputs: Outputs | undefined;
  #exists = false;

  private constructor(project: Project, world: World) {
    this.project = project;
    this.#world = world;
  }

  static async prepare(world: World, stack: "dev" | "prod"): Promise<DeployedGate> {
    const project = new Project({}, { PAGERDUTY_TOKEN: "" });
    project.copy(...PROGRAM, `Pulumi.${stack}.yaml`);
    await project.pulumi(["stack", "init", stack]);
    await configureStack(project, {
      pagerduty: world.doors.pagerduty.url,
      cheqpoint: world.doors.cheqpoint.url,
      from: world.pagerduty.from,
    });
    return new DeployedGate(project, world);
  }

  /** As of the last update. */
  get outputs(): Outputs {
    assert.ok(this.#outputs !== undefined, "the stack is up");
    return this.#outputs;
  }

  async up(): Promise<string[]> {
    this.#exists = true;
    const done = await this.project.up();
    this.#outputs = (await this.project.outputs()) as unknown as Outputs;
    return done;
  }

  async destroy(): Promise<void> {
    if (this.#exists) {
      await this.project.destroy();
      this.#exists = false;
    }
  }

  async propose(body: object, token = this.outputs.proposerTokens.agent): Promise<Told> {
    const request = { justification: "because", ...body };
    return (await json(this.outputs.proposalsUrl, "POST", request, bearer(token))) as Told;
  }

  async ended(id: string, seconds = 90): Promise<Told> {
    return until(
      `proposal ${id} ends`,
      async () => {
        const now = (await this.#read(`/${id}`)) as Told;
        // Its outcome is final before the last note is written.
        return now.final && now.status !== "ending" && now;
      },
      seconds,
    );
  }

  /** Id of the approval that a reviewer is asked for. */
  async asked(id: string): Promise<string> {
    // Where a busy local AWS keeps a function waiting, the next sweep takes the proposal up again.
    const asked = () => this.#world.pendingApproval(id);
    return until(`a reviewer is asked about ${id}`, asked, 180);
  }

  async proposalsOf(incidentId: string): Promise<Told[]> {
    const { proposals } = (await this.#read(`?incident_id=${incidentId}`)) as {
      proposals: Told[];
    };
    return proposals;
  }

  /** The only proposal for an incident, once there is one. */
  async proposedFor(incidentId: string): Promise<Told> {
    return until(`incident ${incidentId} leads to a proposal`, async () => {
      const [first, ...others] = await this.proposalsOf(incidentId);
      assert.equal(others.length, 0);
      return first;
    });
  }

  /** That no secret lies on the disk in clear text: none of these, and none that the engine knows. */
  async hidesSecrets(...known: string[]): Promise<void> {
    const exported = await this.project.pulumi(["stack", "export", "--show-secrets"]);
    const secrets = [...exported.matchAll(/"plaintext": ("(?:[^"\\]|\\.)*")/g)]
      .map(([, text]) => JSON.parse(JSON.parse(text ?? '""') as string) as unknown)
      .flatMap(textsIn)
      .filter((text) => text.length >= 16);
    const state = this.project.stateOnDisk();
    assert.match(state, /aws:lambda\/function:Function/);
    for (const secret of known) {
      assert.ok(secrets.includes(secret), "the state holds each of the secrets");
    }
    for (const [index, secret] of secrets.entries()) {
      assert.ok(!state.includes(secret), `secret ${index} is in the state in clear text`);
    }
  }

  #read(path: string): Promise<unknown> {
    const { proposalsUrl, operatorTokens } = this.outputs;
    return json(`${proposalsUrl}${path}`, "GET", undefined, bearer(operatorTokens.sre));
  }
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The program of `examples/<name>`, with the package taken from this checkout. */
export function exampleSource(text: string): string {
  return text.replaceAll(
    '"pagerduty-approval-gate"',
    JSON.stringify(`${repository}/components/index.ts`),
  );
}
