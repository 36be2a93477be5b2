// What each function may do with the tables, against what it does in random histories: nothing that it needs is missing,
// and nothing lies there unused.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { ApprovalGate } from "../../components/index.ts";
import { record } from "../components/mocks.ts";
import { allows, grantsIn, type Grant } from "../aws/iam/grants.ts";
import { usesOf, type Use } from "../aws/iam/uses.ts";
import { planOf } from "./draw.ts";
import { play } from "./history.ts";
import { databaseCalls, type DatabaseCall } from "./world/dynamoStore.ts";

const HISTORIES = 60;
const POLICY = "aws:iam/rolePolicy:RolePolicy";
/** As the component names what the histories call otherwise. */
const TABLES: Readonly<Record<string, string>> = {
  "table/ledger": "table/gate-ledger",
  "table/gating": "table/gate-ledger-gating",
};

const BY_RECEIVER = "no history sends it: test/components/permissions.test.ts does";
const BY_LOOK =
  "the sweep's look at services and gating, every five minutes: which services the gating lists, what is in force for the audit trail, what PagerDuty calls them by now";

/** What no history needs, with the reason. */
const SELDOM: Readonly<Record<string, string>> = {
  "middleware ListLedger dynamodb:Query": BY_RECEIVER,
  "middleware UseLedger dynamodb:BatchGetItem": BY_RECEIVER,
  "middleware WriteLedger dynamodb:PutItem ALARM#proposalRefused/*": BY_RECEIVER,
  "middleware WriteLedger dynamodb:PutItem ALARM#unintelligible/*": BY_RECEIVER,
  "middleware WriteLedger dynamodb:PutItem TRAIL#alarm/proposalRefused/*": BY_RECEIVER,
  "middleware WriteLedger dynamodb:PutItem TRAIL#alarm/unintelligible/*": BY_RECEIVER,
  "worker LearnNames dynamodb:PutItem called#*": BY_LOOK,
  "worker LearnNames dynamodb:PutItem current#*": BY_LOOK,
  "worker ReadGating dynamodb:Scan": BY_LOOK,
};

describe("What a function may do with the tables", () => {
  const uses = new Map<string, Use>();
  let functions: Readonly<Record<string, Grant[]>>;

  before(async function () {
    this.timeout(120_000);
    const listen = (message: unknown): void => {
      const { by, call } = message as DatabaseCall;
      for (const use of usesOf(by, `DynamoDB_20120810.${call.operation}`, call.input)) {
        const resource = use.resource.replace(/^table\/\w+/, (name) => TABLES[name] ?? name);
        uses.set(JSON.stringify(use), { ...use, resource });
      }
    };
    const { find } = await record(
      (opts) =>
        new ApprovalGate(
          "gate",
          {
            cheqpointConnectionKey: "ck",
            pagerdutyToken: "pt",
            pagerdutyFrom: "gate@example.com",
            operators: { sre: {} },
            callbackSigning: {},
          },
          opts,
        ),
    );
    functions = Object.fromEntries(
      ["middleware", "callback", "worker"].map((name) => [
        name,
        grantsIn(String(find(POLICY, `gate-${name}`).inputs["policy"])).filter(({ action }) =>
          action.startsWith("dynamodb:"),
        ),
      ]),
    );
    subscribe(databaseCalls.name, listen);
    for (let seed = 1; seed <= HISTORIES; seed += 1) {
      await play(planOf(seed, "dynamo"));
    }
    unsubscribe(databaseCalls.name, listen);
  });

  it("is all that it does", () => {
    const refused = [...uses.values()].filter(
      (use) =>
        // An operator's routes are those of a gate on one machine.
        use.by !== "operator" && functions[use.by]?.some((grant) => allows(grant, use)) !== true,
    );
    assert.deepEqual(
      refused.map(
        ({ by, action, resource, partition }) => `${by} ${action} ${resource} ${partition}`,
      ),
      [],
    );
  });

  it("is nothing else", () => {
    const named = (by: string, { sid, action, partition }: Grant): string =>
      [by, sid, action, ...(partition === null ? [] : [partition])].join(" ");
    const all = Object.entries(functions).flatMap(([by, granted]) =>
      granted.map((grant) => ({ by, grant, name: named(by, grant) })),
    );
    const isUsed = (by: string, grant: Grant): boolean =>
      [...uses.values()].some((use) => use.by === by && allows(grant, use));
    assert.deepEqual(
      all
        .filter(({ by, grant, name }) => SELDOM[name] === undefined && !isUsed(by, grant))
        .map(({ name }) => name),
      [],
    );
    const names = all.map(({ name }) => name);
    assert.deepEqual(
      Object.keys(SELDOM).filter((name) => !names.includes(name)),
      [],
    );
  });
});
