import assert from "node:assert/strict";
import { resolve } from "node:path";
import { SettingError } from "../../../local/settings/environment.ts";
import { gateSettings } from "../../../local/settings/gateSettings.ts";

const WHOLE = {
  GATE_CONFIG: "gating.yaml",
  PAGERDUTY_TOKEN: "pd-token",
  PAGERDUTY_FROM: "gate@example.com",
  PAGERDUTY_WEBHOOK_SECRET: "secret-1",
  CHEQPOINT_CONNECTION_KEY: "cq-key",
};

describe("Settings of the gate alone", () => {
  it("need five values and have defaults for the rest", () => {
    const { webhookSecrets, ...settings } = gateSettings(WHOLE);
    assert.deepEqual(webhookSecrets(), ["secret-1"]);
    assert.deepEqual(settings, {
      port: 8787,
      host: "127.0.0.1",
      dataDir: resolve(".gate"),
      gatingFile: resolve("gating.yaml"),
      publicUrl: undefined,
      pagerDuty: {
        apiUrl: "https://api.pagerduty.com",
        token: "pd-token",
        from: "gate@example.com",
        tokenType: "token",
      },
      cheqpoint: { apiUrl: undefined, connectionKey: "cq-key" },
      callbackSecret: undefined,
      proposers: {},
      proposerLimits: {},
      operators: {},
      alarmPager: undefined,
      logLevel: "info",
      addressesMoved: false,
    });
  });

  it("can all be given", () => {
    const { webhookSecrets, ...settings } = gateSettings({
      ...WHOLE,
      GATE_PORT: "0",
      GATE_HOST: "0.0.0.0",
      GATE_DATA_DIR: "/var/lib/gate",
      GATE_PUBLIC_URL: "https://gate.example.com/",
      PAGERDUTY_API_URL: "https://api.eu.pagerduty.com",
      PAGERDUTY_EVENTS_URL: "https://events.eu.pagerduty.com",
      PAGERDUTY_ALARM_ROUTING_KEY: "r0uting",
      PAGERDUTY_TOKEN_TYPE: "bearer",
      PAGERDUTY_WEBHOOK_SECRET: " new , old ,",
      CHEQPOINT_API_URL: "https://cheqpoint.co",
      CHEQPOINT_WEBHOOK_SECRET: "callback-secret",
      GATE_PROPOSER_TOKENS: "agent=0123456789abcdef,ci=fedcba9876543210==",
      GATE_PROPOSER_LIMITS: "agent=120/1200",
      GATE_OPERATOR_TOKENS: "jo=abcdefghijklmnop",
      LOG_LEVEL: "debug",
      GATE_ADDRESSES_MOVED: "true",
    });
    assert.deepEqual(webhookSecrets(), ["new", "old"]);
    assert.deepEqual(settings, {
      port: 0,
      host: "0.0.0.0",
      dataDir: "/var/lib/gate",
      gatingFile: resolve("gating.yaml"),
      publicUrl: "https://gate.example.com",
      pagerDuty: {
        apiUrl: "https://api.eu.pagerduty.com",
        token: "pd-token",
        from: "gate@example.com",
        tokenType: "bearer",
      },
      cheqpoint: { apiUrl: "https://cheqpoint.co", connectionKey: "cq-key" },
      callbackSecret: "callback-secret",
      proposers: { agent: "0123456789abcdef", ci: "fedcba9876543210==" },
      proposerLimits: { agent: { perMinute: 120, perHour: 1_200 } },
      operators: { jo: "abcdefghijklmnop" },
      alarmPager: { eventsUrl: "https://events.eu.pagerduty.com", routingKey: "r0uting" },
      addressesMoved: true,
      logLevel: "debug",
    });
  });

  const secret =
    "the signing secret of the webhook subscription, two with a comma between while one is rotated";
  const address = (name: string, got: string) =>
    `\`${name}\` must be an http or https address, got "${got}"`;
  const cases: [Record<string, string | undefined>, string][] = [
    [
      { GATE_CONFIG: undefined },
      "`GATE_CONFIG` is not set: a YAML file whose `services` key holds the gating",
    ],
    [
      { PAGERDUTY_TOKEN: " " },
      "`PAGERDUTY_TOKEN` is not set: a PagerDuty API token that may run the automation actions",
    ],
    [
      { PAGERDUTY_FROM: undefined },
      "`PAGERDUTY_FROM` is not set: the email address of a PagerDuty user, in whose name incidents and notes are written",
    ],
    [{ PAGERDUTY_FROM: "jo" }, '`PAGERDUTY_FROM` must be an email address, got "jo"'],
    [
      { PAGERDUTY_TOKEN_TYPE: "basic" },
      '`PAGERDUTY_TOKEN_TYPE` must be "token" (an API key) or "bearer" (OAuth), got "basic"',
    ],
    [{ PAGERDUTY_WEBHOOK_SECRET: undefined }, `\`PAGERDUTY_WEBHOOK_SECRET\` is not set: ${secret}`],
    [
      { PAGERDUTY_WEBHOOK_SECRET: ", ," },
      `\`PAGERDUTY_WEBHOOK_SECRET\` holds only commas: ${secret}`,
    ],
    [
      { CHEQPOINT_CONNECTION_KEY: undefined },
      "`CHEQPOINT_CONNECTION_KEY` is not set: the Connection Key of the Cheqpoint assistant",
    ],
    [{ PAGERDUTY_API_URL: "api" }, address("PAGERDUTY_API_URL", "api")],
    [{ PAGERDUTY_EVENTS_URL: "ftp://x" }, address("PAGERDUTY_EVENTS_URL", "ftp://x")],
    [{ CHEQPOINT_API_URL: "cheqpoint" }, address("CHEQPOINT_API_URL", "cheqpoint")],
    [{ GATE_PUBLIC_URL: "gate" }, address("GATE_PUBLIC_URL", "gate")],
    [
      { PAGERDUTY_API_URL: "https://jo:hunter2@example.com" },
      "`PAGERDUTY_API_URL` must not hold a user name or a password",
    ],
    ...[
      "https://gate.example.com/?key=hunter2",
      "https://gate.example.com#hunter2",
      "http://g?",
    ].map((url): [Record<string, string>, string] => [
      { GATE_PUBLIC_URL: url },
      "`GATE_PUBLIC_URL` must be an address without a query or a fragment: paths are put behind it",
    ]),
    [
      { GATE_PORT: "65536" },
      '`GATE_PORT` must be a port from 0 (a free one) to 65535, got "65536"',
    ],
    [{ GATE_PORT: "web" }, '`GATE_PORT` must be a port from 0 (a free one) to 65535, got "web"'],
    [{ LOG_LEVEL: "loud" }, '`LOG_LEVEL` must be one of debug, info, warn, error, got "loud"'],
    [
      { GATE_PROPOSER_TOKENS: "agent=0123456789abcdef,0123456789abcdefgh" },
      "`GATE_PROPOSER_TOKENS` must be name=token pairs with commas between, entry 2 is not",
    ],
    [
      { GATE_PROPOSER_LIMITS: "agent=120" },
      '`GATE_PROPOSER_LIMITS` must be name=perMinute/perHour entries with commas between, such as "ai-agent=60/600", entry 1 is not',
    ],
    [
      { GATE_PROPOSER_LIMITS: "agent=120/1200", GATE_PROPOSER_TOKENS: "ci=fedcba9876543210" },
      '`GATE_PROPOSER_LIMITS` names "agent", which has no token in `GATE_PROPOSER_TOKENS` (ci)',
    ],
    [
      {
        GATE_PROPOSER_LIMITS: "ci=1/2,ci=1/2",
        GATE_PROPOSER_TOKENS: "ci=fedcba9876543210",
      },
      '`GATE_PROPOSER_LIMITS` names "ci" twice',
    ],
    [
      { GATE_PROPOSER_LIMITS: "ci=0/600", GATE_PROPOSER_TOKENS: "ci=fedcba9876543210" },
      '`GATE_PROPOSER_LIMITS`: "ci" must have from 1 to 1000 proposals a minute, got 0',
    ],
    [
      { GATE_PROPOSER_LIMITS: "ci=60/10001", GATE_PROPOSER_TOKENS: "ci=fedcba9876543210" },
      '`GATE_PROPOSER_LIMITS`: "ci" must have from 1 to 10000 proposals an hour, got 10001',
    ],
    [
      { GATE_PROPOSER_TOKENS: "agent=short" },
      '`GATE_PROPOSER_TOKENS`: the token of "agent" must have at least 16 characters, it has 5',
    ],
    [
      { GATE_PROPOSER_TOKENS: "agent=0123456789abcdef, event =fedcba9876543210" },
      '`GATE_PROPOSER_TOKENS` must not have the names "event" and "pagerduty", under which the gate proposes for events, got "event"',
    ],
    [
      { GATE_OPERATOR_TOKENS: "PagerDuty=0123456789abcdef" },
      '`GATE_OPERATOR_TOKENS` must not have the names "event" and "pagerduty", under which the gate proposes for events, got "PagerDuty"',
    ],
    [
      { GATE_OPERATOR_TOKENS: "jo=0123456789abcdef,jo=fedcba9876543210" },
      '`GATE_OPERATOR_TOKENS` names "jo" twice',
    ],
    [
      { GATE_OPERATOR_TOKENS: "jo=0123456789abcdef,al=0123456789abcdef" },
      '`GATE_OPERATOR_TOKENS`: "al" has the same token as "jo", each needs its own',
    ],
    [
      {
        GATE_PROPOSER_TOKENS: "ci=fedcba9876543210,agent=0123456789abcdef",
        GATE_OPERATOR_TOKENS: "jo=0123456789abcdef",
      },
      '"jo" of `GATE_OPERATOR_TOKENS` has the same token as "agent" of `GATE_PROPOSER_TOKENS`, each needs its own',
    ],
  ];
  for (const [change, message] of cases) {
    it(`says: ${message}`, () => {
      assert.throws(
        () => gateSettings({ ...WHOLE, ...change }),
        (error) => {
          assert.ok(error instanceof SettingError);
          assert.equal(error.message, message);
          return true;
        },
      );
    });
  }

  it("are told all at once when several are missing or wrong", () => {
    assert.throws(
      () => gateSettings({ GATE_CONFIG: "gating.yaml", GATE_PORT: "web", PAGERDUTY_FROM: "jo" }),
      {
        name: "SettingError",
        message: [
          "5 settings are missing or wrong:",
          "- `PAGERDUTY_TOKEN` is not set: a PagerDuty API token that may run the automation actions",
          '- `PAGERDUTY_FROM` must be an email address, got "jo"',
          `- \`PAGERDUTY_WEBHOOK_SECRET\` is not set: ${secret}`,
          "- `CHEQPOINT_CONNECTION_KEY` is not set: the Connection Key of the Cheqpoint assistant",
          '- `GATE_PORT` must be a port from 0 (a free one) to 65535, got "web"',
        ].join("\n"),
      },
    );
  });

  it("never show a token in a message", () => {
    for (const [change, message] of cases) {
      for (const name of ["GATE_PROPOSER_TOKENS", "GATE_OPERATOR_TOKENS"]) {
        for (const pair of (change[name] ?? "").split(",")) {
          const token = pair.split("=")[1] ?? pair;
          assert.ok(token === "" || !message.includes(token), message);
        }
      }
      assert.ok(!message.includes("hunter2"));
    }
  });
});
