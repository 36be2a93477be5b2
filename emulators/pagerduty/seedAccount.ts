import type { Account } from "./account/account.ts";
import { integrationKey } from "./account/ids.ts";
import type { AutomationAction, CatalogueItem, User } from "./account/documents.ts";
import { restTime } from "./account/time.ts";
import { BASE_TYPE } from "./incidents/customFields.ts";
import { resetNumbers } from "./incidents/open.ts";

import { CLOUDWATCH, SEED } from "./seed.ts";

/** Fills an account that has nothing yet. */
export function seed(account: Account): void {
  const { store } = account;
  store.transaction(() => {
    seedPeople(account);
    seedServices(account);
    seedCatalogue(account);
    seedAutomation(account);
    resetNumbers(account);
  });
}

function seedPeople({ store }: Account): void {
  const { users, emails, teams, schedules, escalationPolicies: policies } = SEED;
  const people: Omit<User, "timeZone">[] = [
    {
      id: users.gate,
      name: "Gate Robot",
      email: emails.gate,
      role: "user",
      jobTitle: "Runs what was approved",
      teams: [teams.gate],
    },
    {
      id: users.jo,
      name: "Jo Keller",
      email: emails.jo,
      role: "admin",
      jobTitle: "On-call engineer",
      teams: [teams.database, teams.platform],
    },
    {
      id: users.dba,
      name: "Dana Ruiz",
      email: emails.dba,
      role: "user",
      jobTitle: "Database lead",
      teams: [teams.database],
    },
    {
      id: users.agent,
      name: "AI agent",
      email: emails.agent,
      role: "limited_user",
      jobTitle: "Proposes remediations",
      teams: [],
    },
  ];
  for (const user of people) {
    store.put("users", { ...user, timeZone: "Etc/UTC" });
  }
  const groups: [string, string][] = [
    [teams.database, "Database"],
    [teams.platform, "Platform"],
    [teams.gate, "Approval gate"],
  ];
  for (const [id, name] of groups) {
    store.put("teams", { id, name, description: "", parent: null });
  }
  store.put("schedules", {
    id: schedules.platform,
    name: "Platform rota",
    description: "",
    timeZone: "Etc/UTC",
    users: [users.jo],
  });
  const ladders = [
    {
      id: policies.dbOnCall,
      name: "DB on-call",
      team: teams.database,
      levels: [
        { id: users.jo, type: "user_reference" },
        { id: users.dba, type: "user_reference" },
      ],
    },
    {
      id: policies.dbaLeads,
      name: "DBA leads",
      team: teams.database,
      levels: [{ id: users.dba, type: "user_reference" }],
    },
    {
      id: policies.platformOnCall,
      name: "Platform on-call",
      team: teams.platform,
      levels: [{ id: schedules.platform, type: "schedule_reference" }],
    },
  ];
  for (const { id, name, team, levels } of ladders) {
    store.put("escalationPolicies", {
      id,
      name,
      description: null,
      numLoops: 0,
      teams: [team],
      rules: levels.map((target, index) => ({
        id: `${id}R${index + 1}`,
        delayMinutes: 30,
        targets: [target],
      })),
      rest: {},
    });
  }
}

function seedServices(account: Account): void {
  const { store } = account;
  const { services, integrations, escalationPolicies: policies } = SEED;
  const createdAtMs = account.now();
  const all = [
    {
      id: services.paymentsDb,
      integration: integrations.paymentsDb,
      name: "payments-db",
      policy: policies.dbOnCall,
    },
    {
      id: services.checkoutApi,
      integration: integrations.checkoutApi,
      name: "checkout-api",
      policy: policies.platformOnCall,
    },
    {
      id: services.search,
      integration: integrations.search,
      name: "search",
      policy: policies.platformOnCall,
    },
  ];
  for (const { id, integration, name, policy } of all) {
    store.put("services", {
      id,
      name,
      description: null,
      escalationPolicy: policy,
      createdAtMs,
      lastIncidentAtMs: null,
      disabled: false,
      rest: {
        auto_resolve_timeout: null,
        acknowledgement_timeout: null,
        alert_creation: "create_alerts_and_incidents",
        incident_urgency_rule: { type: "constant", urgency: "high" },
      },
    });
    store.put("integrations", {
      id: integration,
      service: id,
      type: "events_api_v2_inbound_integration",
      name: "Events API v2",
      integrationKey: integrationKey(),
      createdAtMs,
      vendor: null,
      rest: {},
    });
  }
}

function seedCatalogue({ store, now }: Account): void {
  const { priorities, customFields, vendors, extensionSchema } = SEED;
  const descriptions = ["Critical", "High", "Medium", "Low", "Informational"];
  for (const [index, id] of Object.values(priorities).entries()) {
    const description = descriptions[index] ?? "";
    store.put("priorities", item(id, `P${index + 1}`, { description, order: 5 - index }));
  }
  for (const [id, name] of [
    [vendors.cloudWatch, CLOUDWATCH],
    [vendors.eventBridge, "Amazon EventBridge"],
    [vendors.datadog, "Datadog"],
  ] as const) {
    store.put(
      "vendors",
      item(id, name, { generic_service_type: "event_transformer_api_inbound_integration" }),
    );
  }
  store.put("extensionSchemas", item(extensionSchema, "Generic V2 Webhook", {}));
  const fields = [
    { id: customFields.maxReplicas, name: "max_replicas", label: "Max replicas", type: "integer" },
    {
      id: customFields.affectedRegions,
      name: "affected_regions",
      label: "Affected regions",
      type: "string",
    },
    {
      id: customFields.proposedAction,
      name: "proposed_action",
      label: "Proposed action",
      type: "string",
    },
  ];
  for (const { id, name, label, type } of fields) {
    store.put("customFields", {
      id,
      incidentType: BASE_TYPE,
      name,
      displayName: label,
      dataType: type,
      fieldType: "single_value",
      description: "",
      enabled: true,
      defaultValue: null,
      createdAtMs: now(),
      updatedAtMs: now(),
    });
  }
}

function item(id: string, name: string, fields: Record<string, unknown>): CatalogueItem {
  return { id, name, fields };
}

function seedAutomation(account: Account): void {
  const { store } = account;
  const { actions, runner, services, teams, workflows } = SEED;
  const atMs = account.now();
  store.put(
    "runners",
    item(runner, "Private runner", {
      runner_type: "sidecar",
      status: "Configured",
      creation_time: restTime(atMs),
    }),
  );
  const every = Object.values(services);
  const all = [
    {
      id: actions.dbFailover,
      name: "DB failover primary to replica",
      classification: "remediation",
      script: "failover --from primary --to replica",
      services: [services.paymentsDb],
      teams: [teams.gate],
    },
    {
      id: actions.restartDb,
      name: "Restart DB primary",
      classification: "remediation",
      script: "systemctl restart postgresql",
      services: [services.paymentsDb],
      teams: [teams.gate],
    },
    {
      id: actions.restartApi,
      name: "Restart service",
      classification: "remediation",
      script: "systemctl restart service",
      services: every,
      teams: [teams.gate],
    },
    {
      id: actions.diagnose,
      name: "Diagnose",
      classification: "diagnostic",
      script: "collect-diagnostics",
      services: every,
      teams: [],
    },
  ];
  for (const { script, ...rest } of all) {
    const action: AutomationAction = {
      ...rest,
      description: "",
      actionType: "script",
      data: { script, invocation_command: "/bin/sh" },
      runner,
      onlyOnUnresolved: false,
      createdAtMs: atMs,
      modifiedAtMs: atMs,
      lastRunAtMs: null,
      lastRunBy: null,
      outcome: "completed",
      rest: {},
    };
    store.put("actions", action);
  }
  store.put("workflows", {
    id: workflows.remediate,
    name: "Remediate",
    description: "",
    enabled: true,
    team: null,
    steps: [],
    createdAtMs: atMs,
  });
}
