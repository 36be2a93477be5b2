/** Each entry is applied once, in this order; one that was released never changes again. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE proposals (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    receivedAtMs INTEGER NOT NULL,
    dueAtMs INTEGER,
    open INTEGER NOT NULL,
    closedAtMs INTEGER,
    incidentId TEXT,
    serviceKey TEXT NOT NULL,
    dedupeKey TEXT NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX proposals_due ON proposals (dueAtMs) WHERE dueAtMs IS NOT NULL;
  CREATE INDEX proposals_newest ON proposals (receivedAtMs, id);
  CREATE INDEX proposals_open ON proposals (receivedAtMs, id) WHERE open = 1;
  CREATE INDEX proposals_incident ON proposals (incidentId, receivedAtMs, id);
  CREATE INDEX proposals_service ON proposals (serviceKey, open, receivedAtMs, id);

  CREATE TABLE events (
    proposalId TEXT NOT NULL REFERENCES proposals (id),
    seq INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (proposalId, seq)
  ) STRICT;

  CREATE TABLE hints (
    proposalId TEXT NOT NULL REFERENCES proposals (id),
    id TEXT NOT NULL,
    atMs INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (proposalId, id)
  ) STRICT;

  CREATE TABLE dedupe (
    key TEXT PRIMARY KEY,
    openId TEXT REFERENCES proposals (id),
    coolDownId TEXT REFERENCES proposals (id),
    coolDownUntilMs INTEGER,
    coolDownScope TEXT CHECK (coolDownScope IN ('all', 'events'))
  ) STRICT;

  CREATE TABLE links (
    name TEXT PRIMARY KEY,
    proposalId TEXT NOT NULL REFERENCES proposals (id)
  ) STRICT;

  CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    requestHash TEXT NOT NULL,
    proposalId TEXT NOT NULL REFERENCES proposals (id),
    atMs INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
  ) STRICT;

  CREATE TABLE counters (
    key TEXT PRIMARY KEY,
    places INTEGER NOT NULL,
    expiresAtMs INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    eventId TEXT UNIQUE,
    receivedAtMs INTEGER NOT NULL,
    dueAtMs INTEGER,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX deliveries_due ON deliveries (dueAtMs) WHERE dueAtMs IS NOT NULL;

  CREATE TABLE alarms (
    key TEXT PRIMARY KEY,
    atMs INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alarms_newest ON alarms (atMs, key);

  CREATE TABLE invocations (
    id TEXT PRIMARY KEY,
    incidentId TEXT NOT NULL,
    targetId TEXT NOT NULL,
    firstSeenAtMs INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX invocations_of_target ON invocations (incidentId, targetId, firstSeenAtMs);

  CREATE TABLE kill_switch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    turnedOn INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  `,
  "CREATE INDEX proposals_ended ON proposals (closedAtMs, id) WHERE open = 0;",
  `
  CREATE TABLE partners (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    pagerDuty TEXT NOT NULL,
    cheqpoint TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE holds (
    key TEXT PRIMARY KEY,
    proposalId TEXT NOT NULL REFERENCES proposals (id),
    untilMs INTEGER
  ) STRICT;
  `,
  `
  CREATE TABLE noes (
    name TEXT PRIMARY KEY,
    atMs INTEGER NOT NULL,
    untilMs INTEGER NOT NULL,
    version INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE places (
    key TEXT NOT NULL,
    proposalId TEXT NOT NULL REFERENCES proposals (id),
    untilMs INTEGER,
    PRIMARY KEY (key, proposalId)
  ) STRICT;
  DROP TABLE counters;
  `,
  `
  CREATE TABLE trails (
    subject TEXT PRIMARY KEY,
    state TEXT,
    seq INTEGER NOT NULL,
    head TEXT NOT NULL
  ) STRICT;
  CREATE TABLE trail_events (
    subject TEXT NOT NULL REFERENCES trails (subject),
    seq INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (subject, seq)
  ) STRICT;
  `,
  `
  CREATE TABLE admissions (
    proposer TEXT PRIMARY KEY,
    times TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE collections (
    key TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    incidentId TEXT NOT NULL,
    count INTEGER NOT NULL
  ) STRICT;
  ALTER TABLE dedupe ADD COLUMN coolDownGating TEXT;
  `,
];
