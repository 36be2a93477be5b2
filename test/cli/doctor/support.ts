import assert from "node:assert/strict";
import { z } from "zod";
import type { Check } from "../../../cli/doctor/check.ts";
import type { Io } from "../../../cli/io.ts";
import { DEV_STACK, GateBench, run } from "../support.ts";

const report = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      check: z.string(),
      about: z.string().nullable(),
      status: z.enum(["ok", "warn", "fail"]),
      found: z.string(),
      todo: z.string().nullable(),
    }),
  ),
  notSeen: z.array(z.string()).min(1),
});

const subscriptions = z.object({ webhook_subscriptions: z.array(z.object({ id: z.string() })) });

/** An embedded gate whose PagerDuty a test can bend. */
export class DoctorBench extends GateBench {
  /** Calls the PagerDuty emulator as an administrator would; answers the body. */
  async pagerDuty(method: string, path: string, body?: unknown): Promise<unknown> {
    const { url, token, from } = this.embedded.endpoints().pagerduty;
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Token token=${token}`,
        from,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** Empties the account, of the gate's subscription as well. */
  async clear(): Promise<void> {
    await this.pagerDuty("POST", "/_emulator/reset");
    // The gate that runs beside an emulator subscribes again by itself.
    let own: { id: string }[] = [];
    while (own.length === 0) {
      own = subscriptions.parse(
        await this.pagerDuty("GET", "/webhook_subscriptions"),
      ).webhook_subscriptions;
    }
    for (const { id } of own) {
      await this.pagerDuty("DELETE", `/webhook_subscriptions/${id}`);
    }
  }

  /** Empties the account and subscribes the gate again. */
  async reset(): Promise<void> {
    await this.clear();
    await this.subscribe();
  }

  async subscribe(changes: Record<string, unknown> = {}): Promise<string> {
    const made = await this.pagerDuty("POST", "/webhook_subscriptions", {
      webhook_subscription: {
        type: "webhook_subscription",
        delivery_method: {
          type: "http_delivery_method",
          url: `${this.embedded.gate.url}/pagerduty/webhook`,
        },
        events: [
          "incident.action_invocation.created",
          "incident.action_invocation.terminated",
          "incident.action_invocation.updated",
          "incident.custom_field_values.updated",
          "incident.reopened",
          "incident.resolved",
          "incident.service_updated",
          "incident.triggered",
          "incident.workflow.completed",
          "incident.workflow.started",
        ],
        filter: { type: "account_reference" },
        ...changes,
      },
    });
    return z.object({ webhook_subscription: z.object({ id: z.string() }) }).parse(made)
      .webhook_subscription.id;
  }

  /** Everything that is not ok. */
  async problems(
    args: readonly string[] = [],
    at: Partial<Pick<Io, "env" | "fetch" | "cwd">> = {},
  ): Promise<Check[]> {
    const { checks } = await this.examined(args, at);
    return checks.filter(({ status }) => status !== "ok");
  }

  async examined(
    args: readonly string[] = [],
    at: Partial<Pick<Io, "env" | "fetch" | "cwd">> = {},
  ): Promise<z.infer<typeof report>> {
    // The dev stack's file is what a call without one looks at.
    const given = this.gatingFile === DEV_STACK ? [] : ["--gating", this.gatingFile];
    const ran = await run(["doctor", "--json", ...given, ...args], {
      env: { GATE_DATA_DIR: this.dataDir },
      ...at,
    });
    assert.equal(ran.err, "");
    const found = report.parse(JSON.parse(ran.out));
    assert.equal(ran.code, found.ok ? 0 : 1);
    assert.equal(
      found.ok,
      found.checks.every(({ status }) => status !== "fail"),
    );
    return found;
  }
}

/** Where a stubbed `fetch` was asked to go. */
export function addressOf(asked: string | URL | Request): string {
  return asked instanceof Request ? asked.url : asked.toString();
}
