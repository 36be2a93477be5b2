import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { compareServices, summaryLines } from "../functions/gate/gating/compare/index.ts";
import {
  parseServiceGating,
  rulesInOrder,
  type ServiceGating,
} from "../functions/gate/gating/index.ts";
import { serviceKey } from "../functions/aws/tableDefinition.ts";

/** A record of gating as the store is to hold it. */
export interface NewRecord {
  serviceId: string;
  /** As `gatingItem` writes it. */
  item: string;
}

/**
 * In a preview, tells beside the resource what a change of the record changes in what is answered. It only reads, and where
 * the store cannot be read, or knows no such service yet, it says nothing: the preview itself shows what is written.
 */
export function tellChange(
  resource: pulumi.Resource,
  store: { tableName: pulumi.Input<string>; region: pulumi.Input<string> },
  next: pulumi.Input<NewRecord>,
): void {
  if (!pulumi.runtime.isDryRun()) {
    return;
  }
  pulumi
    .all([pulumi.output(store.tableName), pulumi.output(store.region), pulumi.output(next)])
    .apply(async ([tableName, region, { serviceId, item }]) => {
      const key = JSON.stringify({ pk: { S: serviceKey(serviceId) } });
      const kept = await aws.dynamodb
        .getTableItem(
          { tableName, region, key, projectionExpression: "gating" },
          { parent: resource },
        )
        .catch(() => null);
      const lines = kept === null ? [] : changeLines(kept.item, item, Date.now());
      if (lines.length > 0) {
        await pulumi.log.info(lines.join("\n"), resource);
      }
    });
}

/** What the new record changes, in at most five lines; none where it is the same, or what is kept cannot be read. */
export function changeLines(kept: string, item: string, nowMs: number): string[] {
  try {
    const [before, after] = [kept, item].map((text) => record.parse(JSON.parse(text)).gating.S);
    return before === undefined || after === undefined || before === after
      ? []
      : summaryLines(compareServices(read(before), read(after), { fromMs: nowMs }));
  } catch {
    // What another release wrote need not be what this one reads.
    return [];
  }
}

const record = z.object({ gating: z.object({ S: z.string() }) });

function read(text: string): ServiceGating {
  return parseServiceGating("service", rulesInOrder(JSON.parse(text)));
}
