import type { Chance } from "./engine/chance.ts";
import type { Act, Deed } from "./plan.ts";
import { RUNBOOKS, usesField, type SimGating } from "./world/gatings.ts";

/** Where something that happens at exactly that moment matters. */
const AMBUSHES = [
  "ledger.save",
  "ledger.get",
  "ledger.killSwitch",
  "gating.find",
  "pagerduty GET /incidents/:id",
  "pagerduty PUT /incidents/:id/custom_fields/values",
  "pagerduty POST /automation_actions/actions/:id/invocations",
  "cheqpoint GET /api/approvals/:id",
  "cheqpoint POST /api/webhooks/inbound",
  // After it was done, so that who looked there knows it as it was before.
  "gating.find done",
  "ledger.killSwitch done",
  "pagerduty GET /incidents/:id done",
  "cheqpoint GET /api/approvals/:id done",
] as const;

/** What an agent would like people to read above what would run. */
export const HARMLESS = "Harmless log read on staging";

/** What everybody but the reviewers, who only answer, does in a history. */
export function actsOf(chance: Chance, gatings: Record<string, SimGating>): Act[] {
  const acts: Act[] = [];
  const incidents = chance.between("incidents", 1, 2);
  const serviceOf = (incident: string): string =>
    chance.happens(`${incident} elsewhere`, 0.25) ? "PSVC002" : "PSVC001";
  for (let i = 1; i <= incidents; i++) {
    const incident = `PINC00${i}`;
    acts.push({
      id: `open${i}`,
      when: { afterMs: (i - 1) * 2_000 },
      deed: { kind: "open", incident, service: serviceOf(incident) },
    });
  }
  const incidentFor = (id: string): string =>
    `PINC00${chance.between(`${id} incident`, 1, incidents)}`;
  const proposals = chance.pick("proposals", [1, 1, 2, 2, 2, 3, 4]);
  const favourite = chance.pick("favourite", [
    "failover",
    "failover",
    "alias",
    "drain",
    "workflow",
    "handover",
  ]);
  for (let i = 1; i <= proposals; i++) {
    const id = `p${i}`;
    const runbook = chance.happens(`${id} as usual`, 0.6)
      ? favourite
      : chance.pick(`${id} runbook`, RUNBOOKS);
    const incident = incidentFor(id);
    const deed: Deed = {
      kind: "propose",
      proposer: chance.pick(`${id} proposer`, ["agent", "agent", "looper", "trusted"]),
      channel: chance.happens(`${id} orchestrated`, 0.15) ? "orchestration" : "api",
      service: serviceOf(incident),
      runbook,
      incident,
      parameters: usesField(runbook) ? parametersOf(chance, id, runbook) : {},
      idempotencyKey: chance.happens(`${id} key`, 0.3) ? `key-${id}` : null,
      ...(chance.happens(`${id} headline`, 0.1) ? { summary: HARMLESS } : {}),
    };
    const afterMs = 3_000 + chance.pick(`${id} when`, [0, 500, 5_000, 20_000, 60_000]);
    acts.push({ id, when: { afterMs }, deed });
    if (chance.happens(`${id} loops`, 0.15)) {
      acts.push({
        id: `${id}again`,
        when: { afterMs: afterMs + chance.pick(`${id} pause`, [300, 30_000, 100_000]) },
        deed,
      });
    }
  }
  const others = chance.pick("others", [0, 0, 1, 1, 2, 3]);
  for (let i = 1; i <= others; i++) {
    acts.push(...somebody(chance, `x${i}`, gatings, incidents));
  }
  return acts;
}

function parametersOf(chance: Chance, id: string, runbook: string): Record<string, unknown> {
  return {
    ...(chance.happens(`${id} value`, 0.7)
      ? { max_replicas: chance.between(`${id} replicas`, 1, 3) }
      : {}),
    ...(runbook !== "drain" && chance.happens(`${id} ticket`, 0.4) ? { ticket: `T-${id}` } : {}),
  };
}

/** One who is neither agent nor reviewer: an insider, an operator, a team, a forger, a clock. */
function somebody(
  chance: Chance,
  id: string,
  gatings: Record<string, SimGating>,
  incidents: number,
): Act[] {
  const incident = `PINC00${chance.between(`${id} incident`, 1, incidents)}`;
  const when: Act["when"] = chance.happens(`${id} ambush`, 0.5)
    ? {
        place: chance.pick(`${id} place`, AMBUSHES),
        nth: chance.pick(`${id} nth`, [0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 30]),
      }
    : { afterMs: chance.between(`${id} when`, 0, 200_000) };
  const act = (deed: Deed): Act[] => [{ id, when, deed }];
  const service = chance.pick(`${id} service`, ["PSVC001", "PSVC001", "PSVC002"]);
  const now = gatings[service] ?? gatings["PSVC001"];
  if (now === undefined) {
    return [];
  }
  const kind = chance.weighted(`${id} kind`, {
    killSwitch: 0.2,
    gating: 0.2,
    resolve: 0.1,
    move: 0.05,
    merge: 0.04,
    rename: 0.02,
    handRun: 0.12,
    writeField: 0.08,
    jump: 0.05,
    forgeCallback: 0.06,
    forgeRecord: 0.06,
    withdraw: 0.07,
    forgeWebhook: 0.03,
    rotate: 0.06,
    acknowledge: 0.04,
  });
  switch (kind) {
    case "killSwitch": {
      const over = chance.pick(`${id} over`, [
        {},
        {},
        {},
        { service },
        { runbook: "failover" },
        { service, runbook: "alias" },
      ]);
      const off: Act = {
        id: `${id}off`,
        when: { afterMs: chance.between(`${id} off`, 60_000, 280_000) },
        deed: { kind, on: false, ...over },
      };
      return [...act({ kind, on: true, ...over }), off];
    }
    case "gating": {
      const back: Act[] = chance.happens(`${id} back`, 0.3)
        ? [
            {
              id: `${id}back`,
              when: { afterMs: chance.between(`${id} back at`, 100_000, 280_000) },
              deed: { kind, service, to: now },
            },
          ]
        : [];
      return [...act({ kind, service, to: changed(chance, id, now) }), ...back];
    }
    case "resolve": {
      const again: Act[] = chance.happens(`${id} again`, 0.3)
        ? [
            {
              id: `${id}again`,
              when: { afterMs: chance.between(`${id} again at`, 60_000, 280_000) },
              deed: { kind: "reopen", incident },
            },
          ]
        : [];
      return [...act({ kind, incident }), ...again];
    }
    case "move":
      return act({
        kind,
        incident,
        to: chance.pick(`${id} to`, ["PSVC002", "PSVC003", "PSVC001"]),
      });
    case "merge":
      return act({ kind, incident, into: incident === "PINC001" ? "PINC002" : "PINC001" });
    case "rename":
      return act({ kind, service, to: `${service} renamed` });
    case "handRun":
      return act({
        kind,
        incident,
        target: chance.pick(`${id} target`, [
          "action:01FAILOVER",
          "action:01FAILOVER",
          "action:01DRAIN",
          "workflow:PWF0001",
        ]),
      });
    case "writeField":
      return act({ kind, incident, value: chance.between(`${id} value`, 1, 5) });
    case "jump":
      return act({
        kind,
        machine: chance.between(`${id} machine`, 0, 2),
        ms: chance.pick(`${id} by`, [-240_000, -40_000, 40_000, 150_000, 900_000]),
      });
    case "forgeWebhook":
    case "acknowledge":
      return act({ kind, incident });
    case "forgeCallback":
      return act({
        kind,
        how: chance.pick(`${id} how`, ["unknown", "unsigned", "badlySigned", "replayed"]),
        of: chance.between(`${id} of`, 0, 2),
      });
    case "forgeRecord":
      return act({
        kind,
        what: chance.pick(`${id} what`, [
          "human",
          "human",
          "policy",
          "autoRule",
          "onExpiry",
          "approval",
        ]),
        of: chance.between(`${id} of`, 0, 2),
      });
    case "withdraw":
      return act({
        kind,
        by: chance.pick(`${id} by`, ["proposer", "proposer", "operator", "stranger"]),
        of: chance.between(`${id} of`, 0, 2),
      });
    case "rotate": {
      const after = [0, 2_000, 30_000, 120_000] as const;
      return act({
        kind,
        what: chance.pick(`${id} what`, ["webhook", "callback", "pagerDuty", "cheqpoint"]),
        keptAfterMs: chance.pick(`${id} kept`, after),
        revokedAfterMs: chance.pick(`${id} revoked`, after),
      });
    }
  }
}

function changed(chance: Chance, id: string, now: SimGating): SimGating {
  switch (
    chance.weighted(`${id} change`, { freeze: 0.45, ask: 0.25, target: 0.2, noSilence: 0.1 })
  ) {
    case "freeze":
      return { ...now, rules: [{ name: "freeze", match: {}, decision: "deny" }] };
    case "ask":
      return { ...now, rules: now.rules.filter(({ decision }) => decision !== "allow") };
    case "target":
      return { ...now, actionId: "01OTHER" };
    case "noSilence":
      return {
        ...now,
        rules: now.rules.map(({ onExpiry: _, acknowledgeRisk: __, ...rule }) => rule),
      };
  }
}
