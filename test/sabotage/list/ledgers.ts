import { sabotagesOf } from "../sabotage.ts";
import {
  ADMISSION,
  BRAKES,
  BRAKES_PURE,
  HOLDING,
  KILL_SWITCH_PURE,
  NOES,
  READ_BACK,
  SQLITE,
} from "./tests.ts";

/** What both ledgers share, and the guards of the one in SQLite. */
export const LEDGERS = [
  ...sabotagesOf(
    "functions/gate/ledger/dedupe.ts",
    [SQLITE],
    [
      [
        "a cool-down lasts a moment longer",
        "if (coolDown === null || nowMs >= coolDown.untilMs) {",
        "if (coolDown === null || nowMs > coolDown.untilMs) {",
      ],
      [
        "a denial answers under every gating",
        "if (coolDown.gatingHash !== null && coolDown.gatingHash !== gatingHash) {",
        "if (false) {",
      ],
      [
        "an agent is answered by what only events wait for",
        'return coolDown.scope === "all" || source === "event"',
        "return true",
      ],
      ["an open equal proposal is asked for twice", "if (state.openId !== null) {", "if (false) {"],
      [
        "who ends gives back a key that another one holds",
        "const openId = state.openId === proposalId ? null : state.openId;",
        "const openId = null;",
      ],
      [
        "a denial shortens a human's no",
        "if (gatingHash !== null && state.coolDown !== null && outweighs(state.coolDown, untilMs)) {",
        "if (false) {",
      ],
      [
        "a release takes another proposal's cool-down away",
        "const coolDown = state.coolDown?.proposalId === proposalId ? null : state.coolDown;",
        "const coolDown = null;",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/ledger/holds.ts",
    [SQLITE],
    [
      ["who has a key is kept from it", "holder.proposalId !== proposalId &&", ""],
      [
        "a key is another's in the moment in which it is free",
        "(holder.untilMs === null || atMs < holder.untilMs)",
        "(holder.untilMs === null || atMs <= holder.untilMs)",
      ],
      [
        "a key that was not let go is free",
        "(holder.untilMs === null || atMs < holder.untilMs)",
        "(holder.untilMs !== null && atMs < holder.untilMs)",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/ledger/noes.ts",
    [SQLITE, NOES],
    [
      [
        "an earlier no that is heard later takes a later one's place",
        "atMs: Math.max(kept?.atMs ?? added.atMs, added.atMs),",
        "atMs: added.atMs,",
      ],
      [
        "a short no takes a long one's place",
        "untilMs: Math.max(kept?.untilMs ?? added.untilMs, added.untilMs),",
        "untilMs: added.untilMs,",
      ],
      [
        "a rule's no stands like a human's",
        'return decision?.outcome === "rejected" && decision.by === "human"',
        'return decision?.outcome === "rejected"',
        { tests: [READ_BACK, NOES] },
      ],
      [
        "a no counts from when it was heard",
        "atMs: decision.saidAtMs ?? decision.atMs }",
        "atMs: decision.atMs }",
        { tests: [READ_BACK, NOES] },
      ],
      [
        "a no after a yes is none for who asks by an earlier release's record",
        "return laterNo ?? decidedNo(decision);",
        "return decidedNo(decision);",
        { tests: [NOES] },
      ],
      [
        "a no stands from when it was said, not from when it was heard",
        "untilMs: heardAtMs + weighing.evaluation.terms.coolDownMs,",
        "untilMs: atMs + weighing.evaluation.terms.coolDownMs,",
        { tests: [READ_BACK, NOES] },
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/ledger/killSwitch.ts",
    [KILL_SWITCH_PURE, SQLITE, HOLDING],
    [
      [
        "a switch by the service's id or name holds nothing",
        "...(incident === null ? [] : [incident.serviceId, incident.serviceName]),",
        "",
      ],
      ["a switch for a service holds nothing", "      switchKey({ service }),\n", ""],
      [
        "a switch for one service's runbook holds nothing",
        "      switchKey({ service, runbook }),\n",
        "",
      ],
      ["a switch for a runbook holds nothing", "    switchKey({ runbook }),\n", ""],
      [
        "the switch for everything is forgotten beside a narrower one",
        "return all.on ? all : (",
        "return (",
      ],
      [
        "releasing one switch leaves it on",
        "narrower: now.on ? [...others, now] : others }, before };",
        "narrower: [...others, now] }, before };",
      ],
      [
        "releasing one switch releases the others",
        "narrower: now.on ? [...others, now] : others }, before };",
        "narrower: now.on ? [...others, now] : [] }, before };",
      ],
      [
        "the switch for everything releases the narrower ones",
        "return { next: { ...switches, all: now }, before };",
        "return { next: { all: now, narrower: [] }, before };",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/ledger/brakes.ts",
    [BRAKES_PURE, BRAKES],
    [
      [
        "what no human approved takes a human's place",
        'return by === "human" ? "approved" : "automatic";',
        'return "approved";',
      ],
      [
        "a place is taken in the moment in which it is free",
        ".filter((untilMs) => untilMs === null || untilMs > atMs);",
        ".filter((untilMs) => untilMs === null || untilMs >= atMs);",
      ],
      [
        "an open proposal's place is free",
        ".filter((untilMs) => untilMs === null || untilMs > atMs);",
        ".filter((untilMs) => untilMs !== null && untilMs > atMs);",
      ],
      [
        "a brake lets one more run",
        "ends[ends.length - brake.limit]",
        "ends[ends.length - brake.limit - 1]",
      ],
      [
        "the brake that is free first tells when it runs",
        ".sort((a, b) => b.freeAtMs - a.freeAtMs);",
        ".sort((a, b) => a.freeAtMs - b.freeAtMs);",
      ],
      [
        "a service's own brake is not looked at",
        "return limits.service === null\n",
        "return true\n",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/ledger/admission.ts",
    [ADMISSION, SQLITE],
    [
      [
        "what was proposed an hour ago counts for ever",
        ".filter((atMs) => atMs > nowMs - HOUR_MS)",
        "",
      ],
      ["a clock that is ahead shuts a proposer out", ".map((atMs) => Math.min(atMs, nowMs));", ";"],
      ["an hour's limit is not heeded", "waitFor(times, perHour, HOUR_MS, nowMs),", "0,"],
      [
        "what was refused counts",
        "return waitMs > 0 ? { times: null, waitMs }",
        "return waitMs > 0 ? { times: [...times, nowMs], waitMs }",
      ],
    ],
  ),
  ...sabotagesOf(
    "local/ledger/ledgerProposals.ts",
    [SQLITE],
    [
      [
        "a write on an old version goes through",
        'if (before === null || wholeNumber(before, "version") !== next.version - 1) {',
        "if (before === null) {",
      ],
      [
        "a dedupe key changes by the way",
        'if (dedupe?.kind !== "move" && text(before, "dedupeKey") !== next.dedupeKey) {',
        "if (false) {",
      ],
      [
        "what a decision rests on may change",
        "if (!(options.unchanged ?? []).every((seen) => isUnchanged(db, seen, versions))) {",
        "if (false) {",
      ],
      [
        "one thing that is as it was is enough",
        "if (!(options.unchanged ?? []).every((seen) => isUnchanged(db, seen, versions))) {",
        "if (options.unchanged && !options.unchanged.some((seen) => isUnchanged(db, seen, versions))) {",
      ],
      [
        "the kill switch does not stop a claim",
        "if (options.requireKillSwitchOff === true && switchOver(switches(db), next).on) {",
        "if (false) {",
      ],
      [
        "only the switch for everything stops a claim",
        "if (options.requireKillSwitchOff === true && switchOver(switches(db), next).on) {",
        "if (options.requireKillSwitchOff === true && switches(db).all.on) {",
      ],
      [
        "two proposals are counted as one",
        "if (isOtherwise(db, options.collect)) {",
        "if (false) {",
      ],
      [
        "a full brake takes one more",
        "if (reserve.some((place) => isFull(db, place, next.id))) {",
        "if (false) {",
      ],
      [
        "one free brake of two is enough",
        "if (reserve.some((place) => isFull(db, place, next.id))) {",
        "if (reserve.length > 0 && reserve.every((place) => isFull(db, place, next.id))) {",
      ],
      [
        "two proposals have one key alone",
        "if (isHeldFrom(db, next.id, options.hold)) {",
        "if (false) {",
      ],
      [
        "a key that another open proposal holds is taken",
        "if (openId !== null && openId !== next.id) {",
        "if (false) {",
      ],
      [
        "two executions take one run",
        'if (taken !== null && text(taken, "proposalId") !== next.id) {',
        "if (false) {",
      ],
      [
        "another proposal's place is given back",
        'db.run("DELETE FROM places WHERE key = ? AND proposalId = ?", key, next.id);',
        'db.run("DELETE FROM places WHERE key = ?", key);',
      ],
      [
        "a link is led elsewhere",
        '"INSERT INTO links (name, proposalId) VALUES (?, ?) ON CONFLICT DO NOTHING"',
        '"INSERT OR REPLACE INTO links (name, proposalId) VALUES (?, ?)"',
      ],
      ["a human's no is not written", "if (options.no !== undefined) {", "if (false) {"],
      [
        "an idempotency key answers another request",
        'text(known, "requestHash") === requestHash',
        "true",
      ],
      ["an idempotency key that joined leads nowhere", "    remember(other.proposalId);\n", ""],
      [
        "a key that is left is never free",
        'putDedupeState(db, from, afterwards(dedupeState(db, from), next.id, { kind: "release" }));',
        "",
      ],
    ],
  ),
  ...sabotagesOf(
    "local/ledger/ledgerPlaces.ts",
    [SQLITE],
    [
      [
        "a proposal that has a place is refused a second time",
        'wholeNumber(row, "own") === 0 && ',
        "",
      ],
      [
        "a brake lets one more",
        'wholeNumber(row, "n") >= limit;',
        'wholeNumber(row, "n") > limit;',
      ],
      [
        "a place is taken in the moment in which it is free",
        "WHERE key = ? AND (untilMs IS NULL OR untilMs > ?)`,",
        "WHERE key = ? AND (untilMs IS NULL OR untilMs >= ?)`,",
      ],
      [
        "a place is given anew with every claim",
        '"INSERT INTO places (key, proposalId, untilMs) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"',
        '"INSERT OR REPLACE INTO places (key, proposalId, untilMs) VALUES (?, ?, ?)"',
      ],
    ],
  ),
  ...sabotagesOf(
    "local/ledger/ledgerHolds.ts",
    [SQLITE],
    [
      [
        "another proposal's key is let go",
        '"DELETE FROM holds WHERE key = ? AND proposalId = ?", key, proposalId',
        '"DELETE FROM holds WHERE key = ?", key',
      ],
      [
        "another proposal's key is free from some time on",
        'const sql = "UPDATE holds SET untilMs = ? WHERE key = ? AND proposalId = ?";\n      db.run(sql, untilMs, key, proposalId);',
        'const sql = "UPDATE holds SET untilMs = ? WHERE key = ?";\n      db.run(sql, untilMs, key);',
      ],
      [
        "one free key of two is enough",
        "return wanted?.keys.some((key)",
        "return wanted?.keys.every((key)",
      ],
    ],
  ),
  ...sabotagesOf(
    "local/ledger/ledgerSeen.ts",
    [SQLITE],
    [
      [
        "whatever was seen is as it was",
        "(versions?.(name) ?? lastNo(db, name).seen.version) === version;",
        "true;",
      ],
      [
        "the gating is not compared",
        "(versions?.(name) ?? lastNo(db, name).seen.version) === version;",
        "lastNo(db, name).seen.version === version;",
        { tests: [SQLITE, "test/e2e/claims.test.ts"] },
      ],
      ["a second no looks like the first", "version = version + 1", "version = version"],
    ],
  ),
  ...sabotagesOf(
    "local/ledger/ledgerCollections.ts",
    [SQLITE],
    [
      [
        "a task of another generation is counted on",
        "return now?.generation !== before?.generation || now?.count !== before?.count;",
        "return now?.count !== before?.count;",
      ],
      [
        "two at once count as one",
        "return now?.generation !== before?.generation || now?.count !== before?.count;",
        "return now?.generation !== before?.generation;",
      ],
    ],
  ),
  ...sabotagesOf(
    "local/ledger/ledger.ts",
    [SQLITE],
    [
      ["a trail is written over", "if (seq !== (before?.head.seq ?? 0)) {", "if (false) {"],
      ["an event is taken twice", 'return added === 1 ? "new" : "duplicate";', 'return "new";'],
      [
        "a second acknowledgement takes the first one's place",
        "if (alarm === null || alarm.acknowledged !== undefined) {",
        "if (alarm === null) {",
      ],
      ["a known alarm is new", "        return added === 1;\n", "        return true;\n"],
      [
        "a no is forgotten while it stands",
        'db.run("DELETE FROM noes WHERE max(atMs, untilMs) < ?", nowMs - KEPT_MS);',
        'db.run("DELETE FROM noes WHERE atMs < ?", nowMs - 3_600_000);',
      ],
      [
        "a key is free when the gate is started anew",
        'db.run("DELETE FROM holds WHERE untilMs < ?", nowMs);',
        'db.run("DELETE FROM holds WHERE untilMs IS NULL OR untilMs < ?", nowMs);',
      ],
      [
        "an open proposal's key is free when the gate is started anew",
        "DELETE FROM dedupe WHERE openId IS NULL AND coolDownUntilMs < ?",
        "DELETE FROM dedupe WHERE coolDownUntilMs < ?",
      ],
      [
        "an event may be repeated when the gate is started anew",
        "DELETE FROM deliveries WHERE dueAtMs IS NULL AND receivedAtMs < ?",
        "DELETE FROM deliveries WHERE dueAtMs IS NULL OR receivedAtMs < ?",
      ],
      [
        "the switch of a service is not looked at",
        "return over === undefined ? found.all : switchOver(found, over);",
        "return found.all;",
        { tests: [SQLITE, HOLDING] },
      ],
    ],
  ),
];
