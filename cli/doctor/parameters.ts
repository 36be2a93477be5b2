import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { baseUrlOf } from "../../functions/remote.ts";
import type { Endpoints } from "../../local/address.ts";
import { stackFile } from "../../local/gatingFile/stackFile.ts";
import { gateHere, noGateHere, type ConnectionOptions } from "../connection.ts";
import { baseOf } from "../deployed/ledgerGate.ts";
import { resourcesOfStack } from "../deployed/stackOutputs.ts";
import { targetOf, type DeployedOptions } from "../deployed/target.ts";
import { usage } from "../errors.ts";
import type { Io } from "../io.ts";
import type { GatingOptions } from "./gating.ts";
import type { Credential, Subject } from "./subject.ts";

export interface DoctorOptions extends ConnectionOptions, DeployedOptions, GatingOptions {
  pagerdutyApiUrl?: string;
  pagerdutyFrom?: string;
  cheqpointApiUrl?: string;
  json?: boolean;
}

const PAGERDUTY = "https://api.pagerduty.com";
const CHEQPOINT = "https://app.cheqpoint.co";

/** From the options, the environment, the stack's file, or what an embedded gate wrote; in this order. */
export function subjectOf(io: Io, options: DoctorOptions): Subject {
  const target = targetOf(io, options);
  const named = options.url ?? set(io, "GATE_URL");
  const here = target === null && named === undefined ? gateHere(io, options) : null;
  if (here !== null && here.endpoints !== null) {
    return embeddedSubject(here.url, here.endpoints);
  }
  const asked = named ?? here?.url;
  if (target === null && asked === undefined) {
    throw noGateHere(io, options);
  }
  const outputs = target?.outputs ?? null;
  const gateUrl =
    asked !== undefined
      ? baseOf(address("GATE_URL", asked))
      : outputs === null
        ? null
        : baseOf(outputs.proposalsUrl);
  // A gate behind a tunnel is told from outside by another address than it is asked at.
  const publicUrl = set(io, "GATE_PUBLIC_URL") ?? gateUrl;
  const kept = options.stack === undefined ? {} : keptSettings(io, options.stack);
  return {
    gateUrl,
    webhookUrl:
      outputs?.webhookUrl ?? (publicUrl === null ? null : `${baseOf(publicUrl)}/pagerduty/webhook`),
    proposalsUrl:
      outputs?.proposalsUrl ?? (publicUrl === null ? null : `${baseOf(publicUrl)}/proposals`),
    embedded: false,
    target,
    pagerDuty: {
      apiUrl: address(
        "PAGERDUTY_API_URL",
        options.pagerdutyApiUrl ??
          set(io, "PAGERDUTY_API_URL") ??
          kept["pagerdutyApiUrl"] ??
          PAGERDUTY,
      ),
      token: ofShell(io, "PAGERDUTY_TOKEN"),
      from: options.pagerdutyFrom ?? set(io, "PAGERDUTY_FROM") ?? kept["pagerdutyFrom"] ?? null,
    },
    cheqpoint: {
      apiUrl: address(
        "CHEQPOINT_API_URL",
        options.cheqpointApiUrl ??
          set(io, "CHEQPOINT_API_URL") ??
          kept["cheqpointApiUrl"] ??
          CHEQPOINT,
      ),
      key: ofShell(io, "CHEQPOINT_CONNECTION_KEY"),
    },
    secretArns:
      options.stack === undefined
        ? null
        : secretArnsOf(io, options.stack, target?.outputs?.gate.name ?? ""),
  };
}

/** The environment may hold the real services' tokens: none of them goes to the emulators. */
function embeddedSubject(url: string, { pagerduty, cheqpoint }: Endpoints): Subject {
  return {
    gateUrl: url,
    webhookUrl: `${url}/pagerduty/webhook`,
    proposalsUrl: `${url}/proposals`,
    embedded: true,
    target: null,
    pagerDuty: {
      apiUrl: pagerduty.url,
      token: { value: pagerduty.token, from: "gate" },
      from: pagerduty.from,
    },
    cheqpoint: { apiUrl: cheqpoint.url, key: { value: cheqpoint.connectionKey, from: "gate" } },
    secretArns: null,
  };
}

const settings = z.object({ config: z.record(z.string(), z.unknown()) });

/** Plain settings in `Pulumi.<stack>.yaml`; none where it cannot be read. */
function keptSettings(io: Io, stack: string): Partial<Record<string, string>> {
  let content: unknown;
  try {
    // A stack may be named with its organization.
    content = parse(readFileSync(stackFile(io.cwd, stack.split("/").at(-1) ?? stack), "utf8"));
  } catch {
    return {};
  }
  const { config = {} } = settings.safeParse(content).data ?? {};
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      typeof value === "string" && value !== "" ? [[key.split(":").at(-1) ?? key, value]] : [],
    ),
  );
}

const SECRET =
  /::([^:]+)-secret-(pagerduty-token|cheqpoint-key|proposers|operators|callback|webhook)$/;

/** Where the gate's secrets are, by the stack's state; their values stay encrypted in it. */
function secretArnsOf(io: Io, stack: string, gateName: string): Record<string, string> {
  const secrets = resourcesOfStack(io, stack).flatMap(({ urn, type, id }) => {
    const [, resource = "", name = ""] = SECRET.exec(urn) ?? [];
    return type === "aws:secretsmanager/secret:Secret" && name !== "" && id !== undefined
      ? [{ resource, name, id }]
      : [];
  });
  // A stack may hold another gate, which it does not export. A gate's name ends with its resource's and eight digits.
  const own = secrets.filter(({ resource }) =>
    gateName.replace(/-[0-9a-f]{8}$/, "").endsWith(`-${resource}`),
  );
  return Object.fromEntries((own.length > 0 ? own : secrets).map(({ name, id }) => [name, id]));
}

function address(setting: string, url: string): string {
  try {
    return baseUrlOf(setting, url);
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function ofShell(io: Io, name: string): Credential | null {
  const value = set(io, name);
  return value === undefined ? null : { value, from: "shell" };
}

function set(io: Io, name: string): string | undefined {
  const value = io.env[name]?.trim();
  return value === undefined || value === "" ? undefined : value;
}
