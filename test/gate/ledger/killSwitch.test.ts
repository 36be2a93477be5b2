import assert from "node:assert/strict";
import {
  ALL_OFF,
  switchOver,
  withSwitch,
  type KillSwitches,
  type SwitchScope,
} from "../../../functions/gate/ledger/killSwitch.ts";
import type { KillSwitch } from "../../../functions/gate/ports/index.ts";
import { newProposal } from "../../../functions/gate/proposal/intake.ts";
import type { Proposal } from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { INCIDENT } from "../lifecycle/bench.ts";

const EVERYTHING: SwitchScope = {};
const SERVICE: SwitchScope = { service: "payments-db" };
const RUNBOOK: SwitchScope = { runbook: "failover" };
const BOTH: SwitchScope = { service: "payments-db", runbook: "failover" };

function turned(on: boolean, scope: SwitchScope): KillSwitch {
  return { ...scope, on, reason: JSON.stringify(scope), by: "ana", atMs: START_MS };
}

/** Thrown one after the other. */
function thrown(...scopes: SwitchScope[]): KillSwitches {
  return scopes.reduce((before, scope) => withSwitch(before, turned(true, scope)).next, ALL_OFF);
}

/** Of payments-db, as its gating calls it, before its incident is known and after. */
function proposal(incident: Proposal["incident"], service = "payments-db"): Proposal {
  const { proposal: fresh } = newProposal({
    id: "prop_1",
    source: { kind: "api" },
    proposer: "agent",
    request: {
      runbook: "failover",
      service,
      incidentId: "PINC1",
      alertKey: null,
      parameters: {},
      justification: "lag",
      evidence: [],
      severity: null,
      regions: [],
      summary: null,
    },
    nowMs: START_MS,
  });
  return { ...fresh, incident };
}

/** The switch that holds it; null: none. */
function holding(switches: KillSwitches, held = proposal(null)): SwitchScope | null {
  const { on, service, runbook } = switchOver(switches, held);
  return on
    ? {
        ...(service === undefined ? {} : { service }),
        ...(runbook === undefined ? {} : { runbook }),
      }
    : null;
}

describe("the kill switch", () => {
  for (const scope of [EVERYTHING, SERVICE, RUNBOOK, BOTH]) {
    it(`that is thrown for ${JSON.stringify(scope)} holds, and no longer once it is released`, () => {
      const on = thrown(scope);
      assert.deepEqual(holding(on), scope);
      assert.equal(holding(withSwitch(on, turned(false, scope)).next), null);
    });

    it(`that is released for ${JSON.stringify(scope)} leaves every other one on`, () => {
      const scopes = [EVERYTHING, SERVICE, RUNBOOK, BOTH];
      let switches = withSwitch(thrown(...scopes), turned(false, scope)).next;
      for (const other of scopes.filter((one) => one !== scope)) {
        assert.deepEqual(holding(switches), other);
        switches = withSwitch(switches, turned(false, other)).next;
      }
      assert.equal(holding(switches), null);
    });
  }

  for (const scope of [
    { service: "search" },
    { runbook: "restart" },
    { service: "search", runbook: "failover" },
    { service: "payments-db", runbook: "restart" },
  ]) {
    it(`for ${JSON.stringify(scope)} holds nothing else`, () => {
      assert.equal(holding(thrown(scope), proposal(INCIDENT)), null);
    });
  }

  for (const name of [INCIDENT.serviceId, INCIDENT.serviceName]) {
    it(`holds a service by ${name}, whatever its gating's key, once its incident is known`, () => {
      for (const scope of [{ service: name }, { service: name, runbook: "failover" }]) {
        assert.deepEqual(holding(thrown(scope), proposal(INCIDENT, "key")), scope);
        assert.equal(holding(thrown(scope), proposal(null, "key")), null);
      }
    });
  }

  it("tells of the one for everything before a narrower one", () => {
    assert.deepEqual(holding(thrown(SERVICE, EVERYTHING)), EVERYTHING);
    assert.deepEqual(holding(thrown(EVERYTHING, SERVICE)), EVERYTHING);
  });
});
