import { sabotagesOf } from "../sabotage.ts";
import {
  CLIENT,
  DRY_RUN,
  EVALUATE,
  EXECUTIONS,
  FIELDS,
  LAST_LOOK,
  PARAMETERS,
  SIGNATURE,
  WINDOW,
} from "./tests.ts";

/** What a gating says of a proposal, what PagerDuty signed, and how it is told to do something. */
export const GATING = [
  ...sabotagesOf(
    "functions/gate/gating/evaluate/evaluate.ts",
    [EVALUATE],
    [
      [
        "a rule in its dry run decides",
        "return dryRun !== true;",
        "return true;",
        { tests: [DRY_RUN] },
      ],
      ["what no rule matches runs", "decision: gating.otherwise,", 'decision: "allow",'],
      ["the last rule that matches counts", "      break;\n", ""],
      [
        "a rule that may allow counts as a stricter one",
        'if (mightMatch && rule.decision !== "allow") possible.push({ rule, entry });',
        "if (mightMatch) possible.push({ rule, entry });",
      ],
      [
        "nobody looks for a stricter rule that may apply",
        'if (mightMatch && rule.decision !== "allow") possible.push({ rule, entry });',
        "",
      ],
      [
        "a rule that is no stricter takes the place of the one that matches",
        'laxity("requireApproval", terms) < laxity(found.decision, found.terms)',
        'laxity("requireApproval", terms) <= laxity(found.decision, found.terms)',
      ],
      [
        "the laxest of the rules that may apply is asked by",
        '.sort((a, b) => laxity("requireApproval", a.terms) - laxity("requireApproval", b.terms))[0];',
        '.sort((a, b) => laxity("requireApproval", b.terms) - laxity("requireApproval", a.terms))[0];',
      ],
      ["silence that approves is as strict as a human", "? 2 : 1;", "? 1 : 1;"],
      [
        "a rule that denies lends its terms to a question",
        'return rule.decision === "deny" ? defaultTerms() : termsOf(rule);',
        "return termsOf(rule);",
      ],
      [
        "what is not known fits every rule",
        "if (wanted === null || (found !== null && wanted.includes(found))) return null;",
        "if (wanted === null || found === null || wanted.includes(found)) return null;",
      ],
      [
        "P1 and p1 are two priorities",
        "return wanted.some((value) => value.toLowerCase() === lower)",
        "return wanted.some((value) => value === found)",
      ],
      [
        "one region of several is not enough",
        "found.some((region) => wanted.includes(region))",
        "found.every((region) => wanted.includes(region))",
      ],
      [
        "every pattern of a title has to be found",
        "return titlePattern.some((pattern)",
        "return titlePattern.every((pattern)",
      ],
      ["every window has to hold", "return during.some((window)", "return during.every((window)"],
      [
        "who states no severity is past a rule for one",
        '(field === "severity" && subject.severity === null) ||',
        "",
      ],
      [
        "who states no region is past a rule for one",
        '(field === "region" && subject.regions.length === 0)',
        "false",
      ],
      ["windows are not looked at", '  ["during", duringTest],\n', ""],
      ["titles are not looked at", '  ["titlePattern", titleTest],\n', ""],
      [
        "the runbook is not looked at",
        '  ["runbook", ({ runbook }, subject) => exactly(runbook, subject.runbook)],\n',
        "",
      ],
      [
        "the action is not looked at",
        '  ["action", ({ action }, subject) => exactly(action, subject.action)],\n',
        "",
      ],
      [
        "the proposer is not looked at",
        '  ["proposer", ({ proposer }, subject) => exactly(proposer, subject.proposer)],\n',
        "",
      ],
      [
        "the urgency is not looked at",
        '  ["urgency", ({ urgency }, subject) => exactly(urgency, subject.urgency)],\n',
        "",
      ],
      [
        "the priority is not looked at",
        '  ["priority", ({ priority }, subject) => folded(priority, subject.priority)],\n',
        "",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/gating/evaluate/window.ts",
    [WINDOW, EVALUATE],
    [
      [
        "a freeze begins a moment late",
        "atMs >= instantOf(window.start, window.timeZone) &&",
        "atMs > instantOf(window.start, window.timeZone) &&",
      ],
      [
        "a freeze ends a moment late",
        "atMs < instantOf(window.end, window.timeZone)",
        "atMs <= instantOf(window.end, window.timeZone)",
      ],
      [
        "a weekly window begins a minute late",
        "return begins(day) && minute >= from && minute < to;",
        "return begins(day) && minute > from && minute < to;",
      ],
      [
        "a weekly window ends a minute late",
        "return begins(day) && minute >= from && minute < to;",
        "return begins(day) && minute >= from && minute <= to;",
      ],
      [
        "a window over midnight belongs to the day on which it ends",
        "(begins(day - 1) && minute < to)",
        "(begins(day) && minute < to)",
      ],
      [
        "the time zone is not heeded",
        "const local = atMs + offsetMs(window.timeZone, atMs);",
        "const local = atMs;",
      ],
      [
        "a window that ends when it begins is empty",
        "if (from < to) return begins(day)",
        "if (from <= to) return begins(day)",
        {
          equivalent:
            "the check of a gating refuses a window that ends when it begins, so that `from` and `to` always differ",
        },
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/gating/evaluate/parameters.ts",
    [PARAMETERS],
    [
      [
        "a parameter that the runbook does not know is let through",
        ".filter((name) => !Object.hasOwn(runbook.parameters, name))",
        ".filter(() => false)",
      ],
      ["a required parameter may be missing", "if (spec.required) {", "if (false) {"],
      [
        "a value that is not among the allowed ones is accepted",
        "(spec.enum === null || spec.enum.includes(value));",
        "true;",
      ],
      [
        "the longest text is refused",
        "value.length <= spec.maxLength) &&",
        "value.length < spec.maxLength) &&",
      ],
      ["a text may hide characters", "hiddenCharacter(value) === null", "true"],
      [
        "a whole number need not be one",
        "return Number.isSafeInteger(value) && isInRange(spec, value);",
        "return isInRange(spec, value);",
      ],
      [
        "infinity is a number",
        "return Number.isFinite(value) && isInRange(spec, value);",
        "return isInRange(spec, value);",
      ],
      ["the smallest number is refused", "value >= spec.minimum)", "value > spec.minimum)"],
      ["the largest number is refused", "value <= spec.maximum)", "value < spec.maximum)"],
    ],
  ),
  ...sabotagesOf(
    "functions/pagerduty/signature.ts",
    [SIGNATURE],
    [
      ["an empty secret is one", 'if (secret === "") continue;', ""],
      [
        "only the last of several signatures counts",
        "matched = timingSafeEqual(expected, signature) || matched;",
        "matched = timingSafeEqual(expected, signature);",
      ],
      ["what has no signature is right", "let matched = false;", "let matched = true;"],
      [
        "what follows a signature is not looked at",
        "const V1 = /^v1=([0-9a-f]{64})$/;",
        "const V1 = /^v1=([0-9a-f]{64})/;",
      ],
      [
        "what precedes a signature is not looked at",
        "const V1 = /^v1=([0-9a-f]{64})$/;",
        "const V1 = /v1=([0-9a-f]{64})$/;",
      ],
      [
        "a signature may be written in capitals",
        "const V1 = /^v1=([0-9a-f]{64})$/;",
        "const V1 = /^v1=([0-9a-f]{64})$/i;",
      ],
      [
        "another version's signature counts",
        "const V1 = /^v1=([0-9a-f]{64})$/;",
        "const V1 = /^v[0-9]=([0-9a-f]{64})$/;",
      ],
      [
        "only the first of several signatures counts",
        'return (header ?? "").split(",").flatMap((part) => {',
        'return (header ?? "").split(",").slice(0, 1).flatMap((part) => {',
      ],
      [
        "only the beginning of a body is signed",
        'Buffer.from(secret, "utf8")).update(rawBody).digest();',
        'Buffer.from(secret, "utf8")).update(rawBody.subarray(0, 16)).digest();',
      ],
      [
        "the secret is taken for what it encodes",
        'Buffer.from(secret, "utf8")',
        'Buffer.from(secret, "base64")',
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/pagerduty/execute.ts",
    [CLIENT, FIELDS, LAST_LOOK, EXECUTIONS],
    [
      [
        "nothing is looked at between the fields and the start",
        "await permission?.look();",
        "",
        { tests: [LAST_LOOK, FIELDS, "test/e2e/claims.test.ts", EXECUTIONS] },
      ],
      [
        "the start is sent on a look of any age",
        "const before = permission === undefined ? undefined : () => permission.stillFresh();",
        "const before = undefined;",
        { tests: [LAST_LOOK, "test/e2e/claims.test.ts", FIELDS, EXECUTIONS] },
      ],
      [
        "a field that somebody else wrote is not noticed",
        "if (other === undefined) return;",
        "return;",
      ],
      ["a run of another action is taken for this one", "invocation.actionId === actionId && ", ""],
      [
        "a run on another incident is taken for this one",
        "(found === null || found === incidentId)",
        "true",
      ],
      [
        "a start is sent although the fields could not be set",
        "nothingDone: true,\n      retryable,\n      status,",
        "nothingDone: false,\n      retryable,\n      status,",
      ],
    ],
  ),
];
