import { FIRST_INCIDENT_NUMBER } from "./incidents/open.ts";

/** The vendor's name, by which programs look it up. */
export const CLOUDWATCH = "Amazon CloudWatch";

/** Ids of what a new account holds. They never change. */
export const SEED = {
  users: { gate: "PGATE01", jo: "PUSER01", dba: "PUSER02", agent: "PAIUSR1" },
  emails: {
    gate: "gate@example.com",
    jo: "jo@example.com",
    dba: "dana@example.com",
    agent: "ai-agent@example.com",
  },
  teams: { database: "PTEAM01", platform: "PTEAM02", gate: "PTEAM03" },
  schedules: { platform: "PSCHD01" },
  escalationPolicies: { dbOnCall: "PEP0001", dbaLeads: "PEP0002", platformOnCall: "PEP0003" },
  services: { paymentsDb: "PSVC001", checkoutApi: "PSVC002", search: "PSVC003" },
  integrations: { paymentsDb: "PINT001", checkoutApi: "PINT002", search: "PINT003" },
  priorities: { p1: "PPRIO01", p2: "PPRIO02", p3: "PPRIO03", p4: "PPRIO04", p5: "PPRIO05" },
  actions: {
    dbFailover: "01DBFAILOVER",
    restartDb: "01RESTARTDB",
    restartApi: "01RESTARTAPI",
    diagnose: "01DIAGNOSE",
  },
  runner: "01RUNNER",
  workflows: { remediate: "PWF0001" },
  customFields: {
    maxReplicas: "PFLD001",
    affectedRegions: "PFLD002",
    proposedAction: "PFLD003",
  },
  vendors: { cloudWatch: "PVEND01", eventBridge: "PVEND02", datadog: "PVEND03" },
  extensionSchema: "PEXTS01",
  firstIncidentNumber: FIRST_INCIDENT_NUMBER,
} as const;
