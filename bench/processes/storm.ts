// In a process of its own, so that whoever sends does not share its thread: the gate, or what it is held against.
import { startLocalGate } from "../../local/gate.ts";
import type { PagerDuty } from "../../functions/gate/ports/index.ts";
import type { Incident } from "../../functions/gate/proposal/proposal.ts";
import { startBareServer, verifyAndParse } from "../bareServer.ts";

interface Start {
  what: "gate" | "bare";
  secret: string;
  dataDir: string;
  gatingFile: string;
}

const { what, secret, dataDir, gatingFile } = JSON.parse(process.argv[2] ?? "") as Start;

/** A PagerDuty that answers at once: only the gate's own work is measured. */
const pagerDuty: Partial<PagerDuty> = {
  incident: (id) => Promise.resolve(incidentOf(id)),
  createIncident: ({ incidentKey }) => Promise.resolve({ id: `T${incidentKey}`, url: null }),
  addNote: () => Promise.resolve({ id: "NOTE" }),
};

function incidentOf(id: string): Incident {
  return {
    id,
    number: 1,
    title: "Disk of the reporting host is filling up",
    status: "triggered",
    url: null,
    priority: "P3",
    urgency: "low",
    serviceId: "PBENCHS",
    serviceName: "reporting",
    escalationPolicyId: "PBENCHP",
    assigneeIds: [],
    incidentKey: null,
    createdAtMs: Date.now(),
  };
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
async function begin(): Promise<{ url: string }> {
  if (what === "bare") {
    return startBareServer(verifyAndParse(secret));
  }
  return startLocalGate({
    port: 0,
    dataDir,
    gatingFile,
    pagerDuty: { apiUrl: "http://127.0.0.1:9", token: "none", from: "bench@example.com" },
    cheqpoint: { apiUrl: "http://127.0.0.1:9", connectionKey: "none" },
    webhookSecrets: () => [secret],
    proposers: {},
    operators: {},
    clock: { now: () => Date.now() },
    log: silent,
    metrics: { count() {} },
    wrap: { pagerDuty: (real) => ({ ...real, ...pagerDuty }) },
  });
}

const { url } = await begin();
process.on("disconnect", () => process.exit());
process.send?.({ url });
