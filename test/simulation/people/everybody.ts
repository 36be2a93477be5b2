import { createHmac } from "node:crypto";
import type { Chance } from "../engine/chance.ts";
import type { Kernel } from "../engine/kernel.ts";
import type { Act, Deed, Plan } from "../plan.ts";
import type { Answered, Asked, SimCheqpoint } from "../world/cheqpoint.ts";
import { OPERATOR, PUBLIC_URL, tokenOf, type SimGate } from "../world/gate.ts";
import type { SimGating } from "../world/gatings.ts";
import type { Outbox } from "../world/outbox.ts";
import type { SimVault } from "../world/vault.ts";
import type { SimStore } from "../world/store.ts";
import type { SimPagerDuty, Since } from "../world/pagerduty.ts";
import { Intruders } from "./intruders.ts";

interface Parts {
  plan: Plan;
  kernel: Kernel;
  chance: Chance;
  gate: SimGate;
  pagerDuty: SimPagerDuty;
  cheqpoint: SimCheqpoint;
  gatings: Map<string, Since<SimGating>[]>;
  store: SimStore;
  outbox: Outbox;
  vault: SimVault;
  tell: (text: () => string) => void;
  /** Something happened, whatever state the proposals are in. */
  met: (event: string) => void;
}

/** What the gate answered to somebody who proposed. */
export interface Proposed {
  act: Act;
  status: number | null;
  id: string | null;
  atMs: number;
}

/** What a switch is for. */
type Over = { service?: string; runbook?: string };

const INSIDER = "PUSER01";
/** With lines as the gate writes them: what a proposer would like people to believe. */
const FORGED = "CPU at 98 %.\nDecision: FORGED approved by a reviewer.\nTo do: FORGED nothing.";

/** Agents, insiders, operators, teams and forgers: they do what the plan says, when it says so. */
export class Everybody {
  readonly #parts: Parts;
  readonly proposed: Proposed[] = [];
  /** When the switch was confirmed as on, and when it was asked to be off. */
  readonly killSwitch: { on: boolean; over: Over; askedAtMs: number; atMs: number }[] = [];
  readonly withdrawals: {
    item: string;
    by: "proposer" | "stranger" | "operator";
    caller: string;
    status: number | null;
    atMs: number;
  }[] = [];
  readonly intruders: Intruders;
  readonly handRuns: {
    runId: string;
    incidentId: string;
    serviceId: string;
    target: string;
    atMs: number;
  }[] = [];
  /** How often each place was passed at which somebody waits. */
  readonly #passed: Map<string, number>;
  readonly #ambushes: Act[];
  #isCalm = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.intruders = new Intruders(parts);
    this.#ambushes = parts.plan.acts.filter(({ when }) => "place" in when);
    this.#passed = new Map(
      this.#ambushes.flatMap(({ when }) => ("place" in when ? [[when.place, 0]] : [])),
    );
    parts.cheqpoint.onDecided = (asked, answered) => this.#callBack(asked, answered, 1);
  }

  begin(): void {
    const { plan, kernel } = this.#parts;
    for (const act of plan.acts) {
      if ("afterMs" in act.when) {
        kernel.after(act.when.afterMs, () => this.#begin(act));
      }
    }
  }

  /** A place was passed: whoever waited for that acts at this moment. */
  passed(place: string): void {
    const nth = this.#passed.get(place);
    if (nth === undefined || this.#isCalm) {
      return;
    }
    this.#passed.set(place, nth + 1);
    for (const act of this.#ambushes) {
      if ("place" in act.when && act.when.place === place && act.when.nth === nth) {
        this.#begin(act);
      }
    }
  }

  /** Faults are over: what stands in the way of an end is taken away. */
  calm(): void {
    this.#isCalm = true;
    const { gate, vault } = this.#parts;
    for (const what of ["webhook", "callback", "pagerDuty", "cheqpoint"] as const) {
      vault.store(what);
    }
    gate.machines.forEach((machine) => {
      machine.frozenUntilMs = 0;
    });
    this.#begin({ id: "calm", when: { afterMs: 0 }, deed: { kind: "killSwitch", on: false } });
  }

  #begin(act: Act): void {
    this.#parts.tell(() => `** ${act.id}: ${JSON.stringify(act.deed)}`);
    this.#parts.met(act.deed.kind);
    this.#do(act, act.deed).catch((error: unknown) => {
      this.#parts.kernel.problem ??= error;
    });
  }

  async #do(act: Act, deed: Deed): Promise<void> {
    const { pagerDuty, gatings, kernel, gate, outbox } = this.#parts;
    const incident = "incident" in deed ? pagerDuty.incidents.get(deed.incident) : undefined;
    switch (deed.kind) {
      case "propose":
        return this.#propose(act, deed, 1);
      case "open":
        pagerDuty.open({
          id: deed.incident,
          title: `primary of ${deed.service} unreachable`,
          serviceId: deed.service,
          alertKey: `alert-${deed.incident}`,
          priority: "P2",
        });
        return;
      case "resolve":
      case "reopen":
      case "acknowledge":
        if (incident !== undefined) {
          pagerDuty.change(
            incident,
            {
              status:
                deed.kind === "resolve"
                  ? "resolved"
                  : deed.kind === "reopen"
                    ? "triggered"
                    : "acknowledged",
            },
            INSIDER,
          );
        }
        return;
      case "move":
        if (incident !== undefined) pagerDuty.change(incident, { serviceId: deed.to }, INSIDER);
        return;
      case "merge":
        if (incident !== undefined && pagerDuty.incidents.has(deed.into)) {
          pagerDuty.change(incident, { status: "resolved", mergedInto: deed.into }, INSIDER);
        }
        return;
      case "rename":
        pagerDuty.services.set(deed.service, deed.to);
        return;
      case "handRun": {
        if (incident === undefined) return;
        const [kind, id = ""] = deed.target.split(":");
        const run = pagerDuty.start(kind === "action" ? "action" : "workflow", id, incident, {
          agentId: INSIDER,
          item: null,
          claimedAtMs: null,
          sentAtMs: kernel.nowMs,
          leftAtMs: kernel.nowMs,
        });
        this.handRuns.push({
          runId: run.id,
          incidentId: incident.id,
          serviceId: incident.serviceId,
          target: deed.target,
          atMs: kernel.nowMs,
        });
        return;
      }
      case "writeField":
        if (incident !== undefined)
          pagerDuty.writeFields(incident, [{ name: "max_replicas", value: deed.value }], INSIDER);
        return;
      case "killSwitch":
        return this.#switch(act.id, deed, 1);
      case "gating":
        await this.#parts.store.setGating(deed.service, deed.to);
        gatings.get(deed.service)?.push({ atMs: kernel.nowMs, value: deed.to });
        return;
      case "jump": {
        const machine = gate.machines[deed.machine % gate.machines.length];
        if (machine !== undefined) machine.skewMs += deed.ms;
        return;
      }
      case "forgeCallback":
      case "forgeRecord":
        return this.intruders.do(act.id, deed);
      case "withdraw":
        return this.#withdraw(act.id, deed);
      case "forgeWebhook": {
        const status = await outbox.post(
          act.id,
          JSON.stringify({
            event: {
              id: "01FORGED",
              event_type: "incident.resolved",
              data: { id: deed.incident, type: "incident" },
            },
          }),
          "not-the-secret",
        );
        this.intruders.knocks.push({ what: `${act.id}: a forged webhook`, status });
        return;
      }
      case "rotate":
        return this.#rotate(deed);
    }
  }

  async #rotate({
    what = "webhook",
    keptAfterMs = 0,
    revokedAfterMs = 60_000,
  }: Extract<Deed, { kind: "rotate" }>): Promise<void> {
    const { kernel, vault } = this.#parts;
    vault.issue(what);
    // The webhook's secret is kept by whoever makes the subscription, before anything is signed with it.
    kernel.after(what === "webhook" ? 0 : keptAfterMs, () => vault.store(what));
    kernel.after(revokedAfterMs, () => vault.revoke(what));
  }

  async #withdraw(id: string, { by, of }: Extract<Deed, { kind: "withdraw" }>): Promise<void> {
    const { gate, kernel } = this.#parts;
    const known = this.proposed.filter((one) => one.status === 202 && one.id !== null);
    const item = known[of % Math.max(known.length, 1)];
    if (item?.id === undefined || item.id === null || item.act.deed.kind !== "propose") {
      return;
    }
    const { proposer } = item.act.deed;
    const stranger = proposer === "agent" ? "looper" : "agent";
    const caller = by === "operator" ? by : by === "proposer" ? proposer : stranger;
    const answer = await gate.http(id, {
      method: "DELETE",
      route: "DELETE /proposals/{id}",
      path: `/proposals/${item.id}`,
      params: { id: item.id },
      headers: { authorization: `Bearer ${tokenOf(caller)}` },
      body: "",
    });
    this.#parts.tell(() => `gate → ${caller}: ${answer?.status ?? "no answer"} to withdrawing`);
    this.withdrawals.push({
      item: item.id,
      by,
      caller,
      status: answer?.status ?? null,
      atMs: kernel.nowMs,
    });
  }

  async #propose(
    act: Act,
    deed: Extract<Deed, { kind: "propose" }>,
    attempt: number,
  ): Promise<void> {
    const { gate, kernel, chance, pagerDuty } = this.#parts;
    const service = pagerDuty.services.get(deed.service) ?? deed.service;
    const { runbook, incident, parameters } = deed;
    const isApi = deed.channel === "api";
    const summary = deed.summary === undefined ? {} : { summary: deed.summary };
    const body = isApi
      ? { service, runbook, incident_id: incident, parameters, justification: FORGED, ...summary }
      : { service, runbook, dedup_key: `alert-${incident}`, justification: FORGED, ...parameters };
    const answer = await gate.http(attempt === 1 ? act.id : `${act.id}_try${attempt}`, {
      method: "POST",
      route: "POST /proposals",
      path: "/proposals",
      headers: {
        ...(isApi
          ? { authorization: `Bearer ${tokenOf(deed.proposer)}` }
          : { "x-gate-token": tokenOf(deed.proposer) }),
        ...(deed.idempotencyKey === null ? {} : { "idempotency-key": deed.idempotencyKey }),
      },
      body: JSON.stringify(body),
    });
    const told: unknown = answer === null ? null : JSON.parse(answer.body);
    const id = typeof told === "object" && told !== null && "id" in told ? String(told.id) : null;
    this.#parts.tell(
      () => `gate → ${deed.proposer}: ${answer?.status ?? "no answer"} ${id ?? answer?.body ?? ""}`,
    );
    this.proposed.push({ act, status: answer?.status ?? null, id, atMs: kernel.nowMs });
    if ((answer === null || answer.status >= 500) && attempt < 6) {
      await kernel.wait(chance.pick(`${act.id} again ${attempt}`, [1_000, 5_000, 15_000]));
      return this.#propose(act, deed, attempt + 1);
    }
  }

  /** Until it is confirmed: who throws the switch does not leave before. */
  async #switch(
    id: string,
    { on, service, runbook }: Over & { on: boolean },
    attempt: number,
  ): Promise<void> {
    const over = {
      ...(service === undefined ? {} : { service }),
      ...(runbook === undefined ? {} : { runbook }),
    };
    const { gate, kernel } = this.#parts;
    const askedAtMs = kernel.nowMs;
    if (!on) {
      this.killSwitch.push({ on, over, askedAtMs, atMs: kernel.nowMs });
    }
    const answer = await gate.http(`${id}_${attempt}`, {
      method: "PUT",
      route: "PUT /operator/kill-switch",
      path: "/operator/kill-switch",
      headers: { authorization: `Bearer ${OPERATOR}` },
      body: JSON.stringify({ on, reason: "stop everything", ...over }),
    });
    if (answer?.status !== 200) {
      await kernel.wait(2_000);
      if (on && this.#isCalm) {
        return;
      }
      return this.#switch(id, { on, ...over }, attempt + 1);
    }
    this.#parts.tell(() => `gate → operator: kill switch ${on ? "on" : "off"}`);
    this.killSwitch.push({ on, over, askedAtMs, atMs: kernel.nowMs });
  }

  /** Cheqpoint tells of a decision, late, twice, or never. */
  #callBack(asked: Asked, answered: Answered, attempt: number): void {
    const { kernel, chance, gate } = this.#parts;
    const token = asked.callbackUrl?.slice(`${PUBLIC_URL}/cheqpoint/callback/`.length);
    if (token === undefined) {
      return;
    }
    const { vault } = this.#parts;
    const key = `callback ${asked.item} ${asked.id} ${attempt}`;
    if (chance.happens(`${key} never`, 0.15)) {
      return;
    }
    const body = JSON.stringify({
      status: answered.status,
      details: asked.details,
      modifiedDetails: answered.modified,
      decisionNote: answered.note,
      ...(chance.happens("callbacks have ids", 0.5) ? { approvalId: asked.id } : {}),
    });
    const isSigned = chance.happens("callbacks are signed", 0.6);
    kernel.after(chance.pick(`${key} after`, [20, 200, 2_000, 12_000]), () => {
      const secret = vault.newest("callback");
      const signature = createHmac("sha256", secret).update(body).digest("hex");
      this.intruders.lastCallback = { body, signature };
      void gate.http(`cb_${asked.id}_${attempt}`, {
        method: "POST",
        route: "POST /cheqpoint/callback/{token}",
        path: `/cheqpoint/callback/${token}`,
        params: { token },
        ...(isSigned ? { headers: { "x-cheqpoint-signature": signature } } : {}),
        body,
      });
    });
    if (attempt === 1 && chance.happens(`${key} twice`, 0.1)) {
      this.#callBack(asked, answered, 2);
    }
  }
}
