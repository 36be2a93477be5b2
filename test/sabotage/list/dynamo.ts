import { sabotagesOf } from "../sabotage.ts";
import { DYNAMO, DYNAMO_GATING, DYNAMO_TABLE, DYNAMO_WRITES } from "./tests.ts";

const ALWAYS = "attribute_exists(pk) OR attribute_not_exists(pk)";

/** Every guard of the ledger in DynamoDB, which have to be noticed without an engine. */
export const DYNAMO_GUARDS = [
  ...sabotagesOf(
    "functions/aws/dynamoProposals.ts",
    [DYNAMO],
    [
      [
        "a write on an old version goes through",
        'expression: "version = :before AND dedupeKey = :heldKey",\n    values: { ":before": next.version - 1, ":heldKey": heldKey },',
        'expression: "dedupeKey = :heldKey",\n    values: { ":heldKey": heldKey },',
      ],
      [
        "a dedupe key changes by the way",
        'expression: "version = :before AND dedupeKey = :heldKey",\n    values: { ":before": next.version - 1, ":heldKey": heldKey },',
        'expression: "version = :before",\n    values: { ":before": next.version - 1 },',
      ],
      [
        "two workers take one proposal over",
        '{ refusal: "stale", write: { put: proposalItem(next), condition: ABSENT } },',
        '{ refusal: "stale", write: { put: proposalItem(next) } },',
      ],
      [
        "what was received is taken over unseen",
        '{ refusal: "stale", write: { remove: receivedKey(next.id), condition: before } },',
        '{ refusal: "stale", write: { remove: receivedKey(next.id) } },',
      ],
      [
        "the record is no condition of the next one",
        '[{ refusal: "stale", write: { put: proposalItem(next), condition: before } }]',
        '[{ refusal: "stale", write: { put: proposalItem(next) } }]',
      ],
      [
        "what a decision rests on may change",
        "for (const seen of options.unchanged ?? []) {",
        "for (const seen of []) {",
      ],
      [
        "the kill switch does not stop a claim",
        "if (requireKillSwitchOff === true) {",
        "if (false) {",
      ],
      ["two proposals are counted as one", "if (options.collect !== undefined) {", "if (false) {"],
      ["a full brake takes one more", "if (places.full !== null) {", "if (false) {"],
      [
        "nobody has a key alone",
        "for (const key of new Set(hold?.keys)) {",
        "for (const key of []) {",
      ],
      [
        "a key that a proposal moves to is not held",
        'if (dedupe?.kind === "move") {\n    guards.push(',
        "if (false) {\n    guards.push(",
      ],
      ["a run is not taken", "if (options.take !== undefined) {", "if (false) {"],
      [
        "a key that another open proposal holds is taken",
        'condition: { expression: "attribute_not_exists(openId) OR openId = :id" },',
        `condition: { expression: "${ALWAYS}" },`,
      ],
      [
        "a proposal cannot take its own key again",
        'condition: { expression: "attribute_not_exists(openId) OR openId = :id" },',
        'condition: { expression: "attribute_not_exists(openId)" },',
      ],
      [
        "two executions take one run",
        'condition: { expression: "attribute_not_exists(proposalId) OR proposalId = :id" },',
        `condition: { expression: "${ALWAYS}" },`,
      ],
      [
        "a link is led elsewhere",
        'expression: "SET proposalId = if_not_exists(proposalId, :id)",',
        'expression: "SET proposalId = :id",',
      ],
      [
        "a proposal is received over another one of its id",
        "{ put: receivedItem(proposal), condition: ABSENT },",
        "{ put: receivedItem(proposal) },",
      ],
      [
        "an idempotency key is used by two",
        "[{ put: idempotencyItem(idempotency, proposalId, nowMs), condition: ABSENT }];",
        "[{ put: idempotencyItem(idempotency, proposalId, nowMs) }];",
      ],
      [
        "an idempotency key answers another request",
        "joined: requestHash === idempotency.requestHash ?",
        "joined: true ?",
      ],
      [
        "an event of the history is written over",
        '...recordAttribute("event", `event ${event.seq} of ${pk}`, event),\n    },\n    condition: ABSENT,',
        '...recordAttribute("event", `event ${event.seq} of ${pk}`, event),\n    },',
      ],
      [
        "hints that are too many for one write are never removed",
        "for (const id of consume.slice(HINTS_IN_TRANSACTION)) {",
        "for (const id of []) {",
      ],
      [
        "the history is lost when a proposal is taken over",
        "for (const item of received?.events ?? []) {",
        "for (const item of []) {",
      ],
      [
        "a key that is left is never free",
        'const after = afterwards(state, next.id, { kind: "release" });',
        "const after = state;",
      ],
      ["a human's no is not written", "if (options.no !== undefined) {", "if (false) {"],
      [
        "a write that meets another is not prepared anew",
        "const { guards, preparedWrites, heldKey } = prepared;",
        'const { guards, preparedWrites, heldKey } = prepared;\n    if (round > 0) throw new Error("not again");',
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoHolds.ts",
    [DYNAMO],
    [
      [
        "two proposals have one key alone",
        'expression: "attribute_not_exists(proposalId) OR proposalId = :id OR untilMs <= :at",\n      values: { ":at": atMs },',
        `expression: "${ALWAYS}",`,
      ],
      [
        "who has a key is kept from it",
        'expression: "attribute_not_exists(proposalId) OR proposalId = :id OR untilMs <= :at",',
        'expression: "attribute_not_exists(proposalId) OR untilMs <= :at",',
      ],
      [
        "a key that was let go is never free",
        'expression: "attribute_not_exists(proposalId) OR proposalId = :id OR untilMs <= :at",\n      values: { ":at": atMs },',
        'expression: "attribute_not_exists(proposalId) OR proposalId = :id",',
      ],
      [
        "a key is another's in the moment in which it is free",
        "OR untilMs <= :at",
        "OR untilMs < :at",
      ],
      [
        "a key that was had for a time stays so",
        'expression: "SET proposalId = :id REMOVE untilMs, expiresAt",',
        'expression: "SET proposalId = :id",',
      ],
      [
        "another proposal's key is let go where it was had before",
        'const condition = { expression: "proposalId = :id", values: { ":id": proposalId } };',
        `const condition = { expression: "${ALWAYS}" };`,
      ],
      [
        "who lets another's key go cannot end",
        "const own = given.filter((_, i) => holders[i]?.proposalId === proposalId);",
        "const own = given;",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoPlaces.ts",
    [DYNAMO_WRITES, DYNAMO],
    [
      [
        "a proposal that has a place takes a second one",
        "if (Object.hasOwn(taken, proposalId)) {",
        "if (false) {",
      ],
      [
        "a brake lets one more",
        "if (Object.keys(taken).length >= limit) {",
        "if (Object.keys(taken).length > limit) {",
      ],
      [
        "two take the last place",
        '{ expression: "revision = :before", values: { ":before": before.revision } };',
        `{ expression: "${ALWAYS}" };`,
      ],
      [
        "two take the first place",
        "    before === null\n      ? ABSENT\n",
        `    before === null\n      ? { expression: "${ALWAYS}" }\n`,
      ],
      [
        "a place is taken in the moment in which it is free",
        "return untilMs === null || untilMs > atMs;",
        "return untilMs === null || untilMs >= atMs;",
      ],
      [
        "an open proposal's place is free",
        "return untilMs === null || untilMs > atMs;",
        "return untilMs !== null && untilMs > atMs;",
      ],
      ["a revision does not rise", "revision: (before?.revision ?? 0) + 1,", "revision: 1,"],
      [
        "a place that has to be given back is forgotten by TTL",
        "return times.length < untils.length || times.length === 0 ? {}",
        "return times.length === 0 ? {}",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoSwitches.ts",
    [DYNAMO],
    [
      [
        "only the switch for everything stops a claim",
        '`(attribute_not_exists(turnedOn) OR turnedOn = :off)${narrower}`,\n      values: { ":off": false, ...Object.fromEntries(keys) },',
        '`(attribute_not_exists(turnedOn) OR turnedOn = :off)`,\n      values: { ":off": false },',
      ],
      [
        "only narrower switches stop a claim",
        '`(attribute_not_exists(turnedOn) OR turnedOn = :off)${narrower}`,\n      values: { ":off": false, ...Object.fromEntries(keys) },',
        "`attribute_not_exists(nothing)${narrower}`,\n      values: { ...Object.fromEntries(keys) },",
      ],
      [
        "a gate that was never told of a switch runs nothing",
        "(attribute_not_exists(turnedOn) OR turnedOn = :off)",
        "(turnedOn = :off)",
      ],
      [
        "one of two operators' switches is lost",
        "{ put, condition: unchanged(item, revision) },",
        "{ put },",
      ],
      ["a switch's revision does not rise", "revision: revision + 1,", "revision: 1,"],
      [
        "the first of two operators' switches is lost",
        "if (item === null) {\n    return ABSENT;",
        `if (item === null) {\n    return { expression: "${ALWAYS}" };`,
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoSeen.ts",
    [DYNAMO_WRITES, DYNAMO],
    [
      [
        "noes are not compared",
        "condition: unchanged({ version: numberOrNull(version) }) };",
        `condition: { expression: "${ALWAYS}" } };`,
      ],
      ["of two noes at once one is lost", "    condition: unchanged({ version }),", ""],
      ["a second no looks like the first", "version: (version ?? 0) + 1,", "version: 1,"],
      [
        "a no is forgotten by TTL while it stands",
        "...goneAfter(Math.max(joined.atMs, joined.untilMs)),",
        "...goneAfter(joined.atMs - 86_400_000),",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoCollections.ts",
    [DYNAMO],
    [
      [
        "a task of another generation is counted on",
        'expression: "generation = :generation AND counted = :counted",\n            values: { ":generation": before.generation, ":counted": before.count },',
        'expression: "counted = :counted",\n            values: { ":counted": before.count },',
      ],
      [
        "two at once count as one",
        'expression: "generation = :generation AND counted = :counted",\n            values: { ":generation": before.generation, ":counted": before.count },',
        'expression: "generation = :generation",\n            values: { ":generation": before.generation },',
      ],
      [
        "two begin to count at once",
        "before === null\n        ? ABSENT",
        `before === null\n        ? { expression: "${ALWAYS}" }`,
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoAlarms.ts",
    [DYNAMO],
    [
      [
        "a known alarm is new",
        "{ put: alarmItem(alarm), condition: ABSENT },\n    ...trailWrites(null, to, [raisedFact(alarm)], alarm.atMs),",
        "{ put: alarmItem(alarm) },",
      ],
      [
        "a second acknowledgement takes the first one's place",
        "if (alarm === null || alarm.acknowledged !== undefined) {",
        "if (alarm === null) {",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoTrails.ts",
    [DYNAMO_WRITES, DYNAMO],
    [
      [
        "a trail is written over",
        ': { expression: "seq = :before", values: { ":before": before.head.seq } },',
        `: { expression: "${ALWAYS}" },`,
      ],
      [
        "a trail begins twice",
        "before === null\n          ? ABSENT",
        `before === null\n          ? { expression: "${ALWAYS}" }`,
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoAdmission.ts",
    [DYNAMO],
    [
      [
        "of two proposals at once one counts",
        ': { expression: "revision = :before", values: { ":before": before.revision } };',
        `: { expression: "${ALWAYS}" };`,
      ],
      [
        "of two first proposals at once one counts",
        "before === null\n        ? ABSENT",
        `before === null\n        ? { expression: "${ALWAYS}" }`,
      ],
      ["a revision does not rise", "revision: (before?.revision ?? 0) + 1,", "revision: 1,"],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoLedger.ts",
    [DYNAMO],
    [
      ["a delivery is taken twice", "{ put: item, condition: ABSENT },", "{ put: item },"],
      [
        "an event in two deliveries is taken twice",
        "{ put: { ...eventIdKey(eventId), ...keptUntil(receivedAtMs) }, condition: ABSENT },",
        "{ put: { ...eventIdKey(eventId), ...keptUntil(receivedAtMs) } },",
      ],
      [
        "the switch of a service is not looked at",
        "return over === undefined ? found.all : switchOver(found, over);",
        "return found.all;",
      ],
      ["what was reported a moment ago is not seen", "        ConsistentRead: true,\n", ""],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoRecords.ts",
    [DYNAMO],
    [
      ["a proposal is read as it was a moment ago", "      ConsistentRead: true,\n", ""],
      [
        "a proposal that is taken over is nowhere",
        "const found = own ?? (received === null ? await table.get(proposalKey(id)) : null);",
        "const found = received === null ? own : null;",
      ],
      [
        "hints of an earlier release are not read",
        "const hints = [...ownItems, ...hintItems]",
        "const hints = [...hintItems]",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoTable.ts",
    [DYNAMO_TABLE, DYNAMO],
    [
      [
        "an item is read as it was a moment ago",
        "new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }),",
        "new GetCommand({ TableName: tableName, Key: key }),",
      ],
      [
        "items are read as they were a moment ago",
        "RequestItems: { [tableName]: { Keys: asked, ConsistentRead: true } },",
        "RequestItems: { [tableName]: { Keys: asked } },",
      ],
      ["a conflict is taken for a refusal", '  "TransactionConflict",\n', ""],
      ["throttling is taken for a refusal", '  "ThrottlingError",\n', ""],
      [
        "a refusal beside a conflict is taken for an answer",
        "if (!(error instanceof TransactionCanceledException) || isBusy(error)) {",
        "if (!(error instanceof TransactionCanceledException)) {",
      ],
      [
        "a cancelled write counts as written",
        "if (!failed.includes(true)) {\n          throw error;",
        "if (!failed.includes(true)) {\n          return null;",
      ],
      [
        "a write whose answer was lost counts as somebody else's",
        'return error.Item?.["writer"]?.S === writer;',
        "return false;",
      ],
      [
        "somebody else's write counts as ours",
        'return error.Item?.["writer"]?.S === writer;',
        "return true;",
      ],
      [
        "a single write that meets a transaction is lost",
        "untilFree(write, (error) => error instanceof TransactionConflictException);",
        "untilFree(write, () => false);",
      ],
      ["only the first page is read", "from = last;", "from = undefined;"],
      [
        "keys that were left unprocessed are left out",
        "wanted = [...again, ...wanted.slice(BATCH)];",
        "wanted = [...wanted.slice(BATCH)];",
      ],
      ["a condition is not sent", "ConditionExpression: condition.expression,", ""],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/ledgerItems.ts",
    [DYNAMO],
    [
      [
        "whoever can write what was received can write a later version",
        "if (version !== 1 || forged.length > 0) {",
        "if (forged.length > 0) {",
      ],
      [
        "whoever can write what was received can approve",
        "if (version !== 1 || forged.length > 0) {",
        "if (version !== 1) {",
      ],
      [
        "a closed proposal that is due again is not",
        "return dueAtMs === null ? {} : { dueShard: shardName(shardOf(id)), dueAtMs };",
        "return {};",
      ],
      ["who holds a dedupe key may change meanwhile", "    openId: before.openId,\n", ""],
      [
        "who cools down under a key may change meanwhile",
        "    coolDownId: before.coolDown?.proposalId ?? null,\n",
        "",
      ],
      [
        "a denial answers under every gating",
        "...(coolDown.gatingHash === null ? {} : { coolDownGating: coolDown.gatingHash }),",
        "",
      ],
      [
        "what only events wait for answers an agent",
        "coolDownScope: coolDown.scope,",
        'coolDownScope: "all",',
      ],
      [
        "a delivery that still has to be looked at is forgotten by TTL",
        "...(dueAtMs === null ? keptUntil(receivedAtMs) : {}),",
        "...keptUntil(receivedAtMs),",
      ],
      [
        "one idempotency key is that of every proposer",
        "sha256(JSON.stringify([of.scope, of.key]))",
        "sha256(JSON.stringify([of.key]))",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/aws/dynamoGatingStore.ts",
    [DYNAMO_GATING],
    [
      [
        "gating is read as it was a moment ago",
        "Key: { pk: { S: key } }, ConsistentRead: true }),",
        "Key: { pk: { S: key } } }),",
      ],
      [
        "a name that was taken over leads to another service's gating",
        "(own === ownById || isMeant(service, serviceItem.parse(own).serviceId.S))",
        "true",
      ],
      [
        "the gating is no condition of a claim",
        ': { expression: `${attribute} = :seen`, values: { ":seen": version } },',
        `: { expression: "${ALWAYS}" },`,
      ],
      [
        "gating that comes after the look is no condition of a claim",
        "version === null\n        ? ABSENT",
        `version === null\n        ? { expression: "${ALWAYS}" }`,
      ],
      [
        "the services' defaults are no condition of a claim",
        "const seen = [...first.seen, ...second.seen, seenAs(DEFAULTS_KEY, gating.S)];",
        "const seen = [...first.seen, ...second.seen];",
      ],
      [
        "a service that is listed by its id meanwhile is not noticed",
        "ownById === null ? onceEach([...first.seen, ...second.seen, ...third.seen]) : first.seen;",
        "ownById === null ? onceEach([...second.seen, ...third.seen]) : first.seen;",
      ],
      [
        "the gating of a renamed service is no condition of a claim",
        "ownById === null ? onceEach([...first.seen, ...second.seen, ...third.seen]) : first.seen;",
        "ownById === null ? onceEach([...first.seen, ...second.seen]) : first.seen;",
      ],
    ],
  ),
];
