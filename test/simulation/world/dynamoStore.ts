import { channel } from "node:diagnostics_channel";
import { createDynamoGatingStore } from "../../../functions/aws/dynamoGatingStore.ts";
import { createDynamoLedger } from "../../../functions/aws/dynamoLedger.ts";
import {
  DEFAULTS_KEY,
  gatingTable,
  ledgerTable,
  nameKey,
  serviceKey,
} from "../../../functions/aws/tableDefinition.ts";
import type { GatingStore } from "../../../functions/gate/ports/index.ts";
import { DynamoModel } from "../../aws/dynamo/dynamoModel.ts";
import type { AwsCall } from "../../aws/fakeAws.ts";
import type { Boundary, Task } from "../engine/boundary.ts";
import type { Chance } from "../engine/chance.ts";
import { current } from "../engine/current.ts";
import type { Faults } from "../engine/faults.ts";
import type { Kernel } from "../engine/kernel.ts";
import type { Machine } from "../engine/machine.ts";
import { dynamoClientOf, plainItem } from "./dynamoClient.ts";
import { writtenGating, type SimGating } from "./gatings.ts";
import { eachCall, type OnWrite, type SimStore } from "./store.ts";

/** Tells every call of a function to its tables. */
export const databaseCalls = channel("simulation/database-calls");
export interface DatabaseCall {
  by: NonNullable<Task["by"]>;
  call: AwsCall;
}

const LEDGER = "ledger";
const GATING = "gating";

/** The deployed gate's adapters over a model of their tables: transactions meet, indexes lag, answers are lost. */
export async function dynamoStore(parts: {
  kernel: Kernel;
  chance: Chance;
  faults: Faults;
  boundary: Boundary;
  gatings: Readonly<Record<string, SimGating>>;
  serviceName: (id: string) => string | undefined;
  onWrite: OnWrite;
}): Promise<SimStore> {
  const { kernel, chance, faults, boundary, serviceName, onWrite } = parts;
  let transactions = 0;
  let isCalm = true;
  const model = new DynamoModel({
    tables: { [LEDGER]: ledgerTable, [GATING]: gatingTable },
    underWay: () => {
      const key = `transaction ${++transactions}`;
      return isCalm || faults.isOver || chance.of(key) < 0.7
        ? Promise.resolve()
        : kernel.wait(chance.between(`${key} takes`, 1, 15));
    },
  });
  const direct = dynamoClientOf((call) => model.answer(call));

  const setGating = async (id: string, gating: SimGating): Promise<void> => {
    const text = JSON.stringify(writtenGating(gating));
    const items = [
      { pk: serviceKey(id), serviceId: id, gating: text },
      { pk: nameKey(serviceName(id) ?? id), serviceId: id },
    ];
    for (const item of items) {
      const put = { operation: "PutItem", input: { TableName: GATING, Item: plainItem(item) } };
      // It may meet a transaction that looks at it, as a deployment may.
      while ("__type" in (await model.answer(put)).body) {
        await kernel.wait(7);
      }
    }
  };

  for (const [id, gating] of Object.entries(parts.gatings)) {
    await setGating(id, gating);
  }
  const defaults = { pk: DEFAULTS_KEY, gating: JSON.stringify({ proposals: "deny" }) };
  await model.answer({
    operation: "PutItem",
    input: { TableName: GATING, Item: plainItem(defaults) },
  });
  isCalm = false;
  lagNowAndThen(model, kernel, chance, faults);

  /** One for each machine: it keeps what it has parsed. */
  const gatingStores = new WeakMap<Machine, GatingStore>();
  const clientOf = (task: Task) =>
    dynamoClientOf((call) =>
      boundary.database(`dynamo ${call.operation}`, task, () => {
        const by = current.getStore()?.by;
        if (by !== undefined && databaseCalls.hasSubscribers) {
          databaseCalls.publish({ by, call } satisfies DatabaseCall);
        }
        return model.answer(call);
      }),
    );
  return {
    plain: createDynamoLedger(direct, LEDGER, { now: () => kernel.nowMs }, 10_000, GATING),
    ledger: (task) =>
      eachCall(
        createDynamoLedger(
          clientOf(task),
          LEDGER,
          { now: () => task.machine.now() },
          10_000,
          GATING,
        ),
        (method, args, call) =>
          boundary.watched(`ledger.${method}`, task, async () => {
            // What was written may stay although nobody hears of it.
            onWrite(task, `${method} begins`, args, null);
            const result = await call();
            onWrite(task, method, args, result);
            return result;
          }),
      ),
    gating(task) {
      const { machine } = task;
      const known =
        gatingStores.get(machine) ??
        createDynamoGatingStore(clientOf({ ...task, name: "gating" }), GATING);
      gatingStores.set(machine, known);
      return {
        ...known,
        find: (service) => boundary.watched("gating.find", task, () => known.find(service)),
      };
    },
    setGating,
    close: () => undefined,
  };
}

/** Indexes are behind for a while, again and again. */
function lagNowAndThen(model: DynamoModel, kernel: Kernel, chance: Chance, faults: Faults): void {
  const lag = (n: number): void => {
    if (faults.isOver) {
      return;
    }
    model.lag();
    kernel.after(chance.pick(`lag ${n}`, [40, 300, 1_500, 6_000]), () => {
      model.catchUp();
      kernel.after(chance.pick(`no lag ${n}`, [500, 5_000, 40_000]), () => lag(n + 1));
    });
  };
  kernel.after(chance.pick("first lag", [1_000, 3_500, 8_000, 60_000]), () => lag(1));
}
