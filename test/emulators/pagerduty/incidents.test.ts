import assert from "node:assert/strict";
import { startReceiver, startWorld } from "./harness.ts";
import type { Receiver, Reply, World } from "./harness.ts";
import { EVENT_TYPES } from "../../../emulators/pagerduty/webhooks/eventTypes.ts";

const user = (id: string) => ({ assignee: { id, type: "user_reference" } });

describe("the emulator's incidents", () => {
  let world: World;
  let receiver: Receiver;

  beforeEach(async () => {
    world = await startWorld();
    receiver = await startReceiver();
    await world.subscribe(receiver.url, { events: EVENT_TYPES });
  });

  afterEach(async () => {
    await world.emulator.stop();
    await receiver.stop();
  });

  const put = (id: string, incident: Record<string, unknown>) =>
    world.call("PUT", `/incidents/${id}`, {
      incident: { type: "incident_reference", ...incident },
    });

  const list = async (query: string): Promise<Reply["body"][]> => {
    const { status, body } = await world.call("GET", `/incidents?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.incidents;
  };

  /** Event types since the incident was made. */
  const typesAfter = async (): Promise<string[]> => {
    await world.emulator.tick();
    return receiver.types().slice(1);
  };

  it("starts numbering at 4421 and assigns who is on call", async () => {
    const incident = await world.openIncident();
    assert.equal(incident.incident_number, 4421);
    assert.equal(incident.summary, "[#4421] payments-db CPU");
    assert.equal(incident.status, "triggered");
    assert.equal(incident.urgency, "high");
    assert.equal(incident.assignments[0].assignee.id, "PUSER01");
    assert.equal(incident.escalation_policy.id, "PEP0001");
    assert.equal(incident.teams[0].id, "PTEAM01");
    assert.equal((await world.openIncident()).incident_number, 4422);
  });

  it("takes body, priority, urgency, assignees and key", async () => {
    const incident = await world.openIncident({
      body: { type: "incident_body", details: "CPU at 100 %" },
      priority: { id: "PPRIO01", type: "priority_reference" },
      urgency: "low",
      assignments: [user("PUSER02")],
      incident_key: "k-1",
    });
    assert.equal(incident.body.details, "CPU at 100 %");
    assert.equal(incident.priority.name, "P1");
    assert.equal(incident.urgency, "low");
    assert.equal(incident.incident_key, "k-1");
    assert.deepEqual(
      incident.assignments.map(({ assignee }: Reply["body"]) => assignee.id),
      ["PUSER02"],
    );
  });

  it("refuses a second open incident with the same key on the service", async () => {
    const body = {
      incident: {
        type: "incident",
        title: "t",
        service: { id: "PSVC001", type: "service_reference" },
        incident_key: "manual-task-1",
      },
    };
    const first = await world.call("POST", "/incidents", body);
    assert.equal(first.status, 201);
    const second = await world.call("POST", "/incidents", body);
    assert.equal(second.status, 400);
    assert.deepEqual(second.body, {
      error: {
        message: "Arguments Caused Error",
        code: 2002,
        errors: ["Open incident with matching dedup key already exists on this service"],
      },
    });
    const elsewhere = await world.openIncident({
      incident_key: "manual-task-1",
      service: { id: "PSVC002", type: "service_reference" },
    });
    assert.ok(elsewhere.id);
    await put(first.body.incident.id, { status: "resolved" });
    const third = await world.call("POST", "/incidents", body);
    assert.equal(third.status, 201);
  });

  it("refuses assignees together with an escalation policy", async () => {
    const { id } = await world.openIncident();
    const both = {
      assignments: [user("PUSER02")],
      escalation_policy: { id: "PEP0002", type: "escalation_policy_reference" },
    };
    const { status, body } = await put(id, both);
    assert.equal(status, 400);
    assert.deepEqual(body.error.errors, [
      "`incident`: `assignments` and `escalation_policy` cannot be given together",
    ]);
  });

  it("refuses what it does not know", async () => {
    const { id } = await world.openIncident();
    const { status, body } = await put(id, {
      assignments: [user("PNONE")],
      priority: { id: "PNONE", type: "priority_reference" },
      service: { id: "PNONE", type: "service_reference" },
    });
    assert.equal(status, 400);
    assert.deepEqual(body.error.errors, [
      '`assignments`: no user has the id "PNONE"',
      '`priority`: no priority has the id "PNONE"',
      '`service`: no service has the id "PNONE"',
    ]);
  });

  const CHANGES: [name: string, change: Record<string, unknown>, events: string[]][] = [
    ["acknowledges", { status: "acknowledged" }, ["incident.acknowledged"]],
    ["resolves", { status: "resolved", resolution: "fixed" }, ["incident.resolved"]],
    ["reassigns to a user", { assignments: [user("PUSER02")] }, ["incident.reassigned"]],
    [
      "delegates to an escalation policy",
      { escalation_policy: { id: "PEP0002", type: "escalation_policy_reference" } },
      ["incident.delegated"],
    ],
    ["escalates", { escalation_level: 2 }, ["incident.escalated"]],
    [
      "changes the priority",
      { priority: { id: "PPRIO02", type: "priority_reference" } },
      ["incident.priority_updated"],
    ],
    [
      "moves to another service",
      { service: { id: "PSVC002", type: "service_reference" } },
      ["incident.service_updated"],
    ],
    [
      "changes the type",
      { incident_type: { name: "major_incident" } },
      ["incident.incident_type.changed"],
    ],
    [
      "changes the conference bridge",
      { conference_bridge: { conference_url: "https://meet.example.com/1" } },
      ["incident.conference_bridge.updated"],
    ],
    ["changes title and urgency silently", { title: "new", urgency: "low" }, []],
  ];

  for (const [name, change, events] of CHANGES) {
    it(`${name}${events.length > 0 ? ` and reports ${events.join(", ")}` : ""}`, async () => {
      const { id } = await world.openIncident();
      const { status, body } = await put(id, change);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(await typesAfter(), events);
    });
  }

  it("gives escalated and delegated incidents to whoever is on call there", async () => {
    const { id } = await world.openIncident();
    const escalated = await put(id, { escalation_level: 2 });
    assert.equal(escalated.body.incident.assignments[0].assignee.id, "PUSER02");
    const delegated = await put(id, {
      escalation_policy: { id: "PEP0003", type: "escalation_policy_reference" },
    });
    assert.equal(delegated.body.incident.escalation_policy.id, "PEP0003");
    assert.equal(delegated.body.incident.assignments[0].assignee.id, "PUSER01");
  });

  it("cannot escalate beyond the last level", async () => {
    const { id } = await world.openIncident();
    const { status, body } = await put(id, { escalation_level: 3 });
    assert.equal(status, 400);
    assert.deepEqual(body.error, {
      message: "Incident Cannot Be Escalated",
      code: 1006,
      errors: ["`escalation_level`: the escalation policy PEP0001 has 2 levels, got 3"],
    });
  });

  it("refuses to resolve, reassign or snooze what is resolved", async () => {
    const { id } = await world.openIncident();
    await put(id, { status: "resolved" });
    const replies = [
      await put(id, { status: "resolved" }),
      await put(id, { assignments: [user("PUSER02")] }),
      await world.call("POST", `/incidents/${id}/snooze`, { duration: 60 }),
    ];
    for (const { status, body } of replies) {
      assert.equal(status, 400);
      assert.deepEqual(body.error, { message: "Incident Already Resolved", code: 1001 });
    }
  });

  it("reopens a resolved incident when it gets an open status", async () => {
    const { id } = await world.openIncident();
    await put(id, { status: "resolved" });
    const { body } = await put(id, { status: "triggered" });
    assert.equal(body.incident.status, "triggered");
    assert.equal(body.incident.resolved_at, null);
    assert.equal(body.incident.assignments[0].assignee.id, "PUSER01");
    assert.deepEqual(await typesAfter(), ["incident.resolved", "incident.reopened"]);
  });

  it("changes nothing at all when one change of a bulk update is refused", async () => {
    const first = await world.openIncident();
    const second = await world.openIncident();
    await put(second.id, { status: "resolved" });
    const { status } = await world.call("PUT", "/incidents", {
      incidents: [first, second].map(({ id }) => ({
        id,
        type: "incident_reference",
        status: "resolved",
      })),
    });
    assert.equal(status, 400);
    assert.equal(
      (await world.call("GET", `/incidents/${first.id}`)).body.incident.status,
      "triggered",
    );
    await world.emulator.tick();
    assert.equal(receiver.types().filter((type) => type === "incident.resolved").length, 1);
  });

  it("updates many at once", async () => {
    const incidents = [await world.openIncident(), await world.openIncident()];
    const { status, body } = await world.call("PUT", "/incidents", {
      incidents: incidents.map(({ id }) => ({
        id,
        type: "incident_reference",
        status: "acknowledged",
      })),
    });
    assert.equal(status, 200);
    assert.deepEqual(
      body.incidents.map(({ status }: Reply["body"]) => status),
      ["acknowledged", "acknowledged"],
    );
  });

  it("lists by status, key, service, urgency and dates, and sorts", async () => {
    const a = await world.openIncident({ incident_key: "a" });
    world.clock.advance(60_000);
    const b = await world.openIncident({
      service: { id: "PSVC002", type: "service_reference" },
      urgency: "low",
    });
    await put(a.id, { status: "resolved" });
    const ids = async (query: string) => (await list(query)).map(({ id }) => id);
    assert.deepEqual(await ids(""), [a.id, b.id]);
    assert.deepEqual(await ids("statuses[]=resolved"), [a.id]);
    assert.deepEqual(await ids("statuses[]=triggered&statuses[]=resolved"), [a.id, b.id]);
    assert.deepEqual(await ids("incident_key=a"), [a.id]);
    assert.deepEqual(await ids("service_ids[]=PSVC002"), [b.id]);
    assert.deepEqual(await ids("urgencies[]=low"), [b.id]);
    assert.deepEqual(await ids("since=2026-11-23T09:59:30Z"), [b.id]);
    assert.deepEqual(await ids("until=2026-11-23T09:59:30Z"), [a.id]);
    assert.deepEqual(await ids("sort_by=incident_number:desc"), [b.id, a.id]);
    assert.deepEqual(await ids("sort_by=urgency:asc,created_at:desc"), [b.id, a.id]);
    world.clock.advance(60 * 24 * 3_600_000);
    assert.deepEqual(await ids(""), []);
    assert.deepEqual(await ids("date_range=all"), [a.id, b.id]);
  });

  it("pages", async () => {
    for (let count = 0; count < 5; count++) {
      await world.openIncident();
    }
    const { body } = await world.call("GET", "/incidents?limit=2&offset=2&total=true");
    assert.deepEqual(
      { ...body, incidents: body.incidents.map((item: Reply["body"]) => item.incident_number) },
      { incidents: [4423, 4424], limit: 2, offset: 2, more: true, total: 5 },
    );
    const last = await world.call("GET", "/incidents?limit=2&offset=4");
    assert.equal(last.body.more, false);
    assert.equal(last.body.total, null);
    const wrong = await world.call("GET", "/incidents?limit=many");
    assert.equal(wrong.status, 400);
    assert.deepEqual(wrong.body.error.errors, [
      '`limit` must be a whole number from 1 on, got "many"',
    ]);
  });

  it("keeps a note as it was sent, and refuses one that is blank", async () => {
    const { id } = await world.openIncident();
    const path = `/incidents/${id}/notes`;
    const content = "  two lines\n  and spaces \n";
    const { body } = await world.call("POST", path, { note: { content } });
    assert.equal(body.note.content, content);
    const blank = await world.call("POST", path, { note: { content: " \n" } });
    assert.deepEqual(
      [blank.status, blank.body.error.errors],
      [400, ["`note.content`: must not be blank"]],
    );
    assert.equal((await world.call("GET", path)).body.notes.length, 1);
  });

  it("keeps notes, reports them and refuses the 2001st", async () => {
    const { id } = await world.openIncident();
    const { status, body } = await world.call("POST", `/incidents/${id}/notes`, {
      note: { content: "proposal: restart-api" },
    });
    assert.equal(status, 200);
    assert.equal(body.note.content, "proposal: restart-api");
    assert.equal(body.note.user.id, "PGATE01");
    await world.emulator.tick();
    const event = receiver.received.at(-1)?.event;
    assert.equal(event.event_type, "incident.annotated");
    assert.equal(event.data.type, "incident_note");
    assert.equal(event.data.id, body.note.id);
    assert.equal(event.data.content, "proposal: restart-api");
    assert.equal(event.data.trimmed, false);
    assert.equal(event.data.incident.id, id);

    const path = `/incidents/${id}/notes/${body.note.id}`;
    const changed = await world.call("PUT", path, { note: { content: "changed" } });
    assert.equal(changed.body.note.content, "changed");
    const notes = await world.call("GET", `/incidents/${id}/notes`);
    assert.deepEqual(
      notes.body.notes.map(({ content }: Reply["body"]) => content),
      ["changed"],
    );
    assert.equal((await world.call("DELETE", path)).status, 204);
    assert.deepEqual((await world.call("GET", `/incidents/${id}/notes`)).body.notes, []);
  });

  it("asks for responders and takes that back", async () => {
    const { id } = await world.openIncident();
    const { status, body } = await world.call("POST", `/incidents/${id}/responder_requests`, {
      requester_id: "PGATE01",
      message: "please help",
      responder_request_targets: [
        { responder_request_target: { id: "PUSER02", type: "user_reference" } },
        { responder_request_target: { id: "PEP0003", type: "escalation_policy_reference" } },
      ],
    });
    assert.equal(status, 200);
    assert.equal(body.responder_request.responder_request_targets.length, 2);
    assert.deepEqual(await typesAfter(), ["incident.responder.added", "incident.responder.added"]);
    const data = receiver.received.at(-1)?.event.data;
    assert.equal(data.type, "incident_responder");
    assert.equal(data.user.id, "PUSER01");
    assert.equal(data.escalation_policy.id, "PEP0003");
    assert.equal(data.message, "please help");
    assert.equal(data.state, "pending");

    const cancelled = await world.call("PUT", `/incidents/${id}/responder_requests/cancel`, {
      requester_id: "PGATE01",
      responder_request_targets: [
        { id: "PUSER02", type: "user_reference" },
        { id: "PUSER09", type: "user_reference" },
      ],
    });
    assert.equal(cancelled.status, 200);
    assert.deepEqual(
      cancelled.body.responder_request_targets.map(({ result }: Reply["body"]) => result),
      ["cancelled", "not_found"],
    );
    const { incident } = (await world.call("GET", `/incidents/${id}`)).body;
    assert.deepEqual(
      incident.incidents_responders.map(({ user, state }: Reply["body"]) => [user.id, state]),
      [
        ["PUSER02", "user_cancelled"],
        ["PUSER01", "pending"],
      ],
    );
  });

  it("answers 402 to a responder request on a plan without the ability", async () => {
    const { id } = await world.openIncident();
    await world.call("PUT", "/_emulator/abilities", { abilities: ["teams"] });
    const { status } = await world.call("POST", `/incidents/${id}/responder_requests`, {});
    assert.equal(status, 402);
    assert.equal((await world.call("GET", "/abilities/coordinated_responding")).status, 402);
    assert.deepEqual((await world.call("GET", "/abilities")).body, { abilities: ["teams"] });
  });

  it("does not know a requester who is not a user", async () => {
    const { id } = await world.openIncident();
    const { status, body } = await world.call("POST", `/incidents/${id}/responder_requests`, {
      requester_id: "PNONE",
      message: "",
      responder_request_targets: [
        { responder_request_target: { id: "PUSER02", type: "user_reference" } },
      ],
    });
    assert.equal(status, 400);
    assert.equal(body.error.code, 1008);
  });

  it("publishes status updates", async () => {
    const { id } = await world.openIncident();
    const { status, body } = await world.call("POST", `/incidents/${id}/status_updates`, {
      message: "we are on it",
    });
    assert.equal(status, 200);
    assert.equal(body.status_update.message, "we are on it");
    assert.deepEqual(await typesAfter(), ["incident.status_update_published"]);
  });

  it("gives a snoozed incident back when the time is over", async () => {
    const { id } = await world.openIncident();
    const { status, body } = await world.call("POST", `/incidents/${id}/snooze`, {
      duration: 3600,
    });
    assert.equal(status, 201);
    assert.equal(body.incident.status, "acknowledged");
    assert.deepEqual(body.incident.pending_actions, [
      { type: "unacknowledge", at: "2026-11-23T10:59:00Z" },
    ]);
    await world.pass(3_600_000);
    assert.equal((await world.call("GET", `/incidents/${id}`)).body.incident.status, "triggered");
    assert.deepEqual(await typesAfter(), ["incident.acknowledged", "incident.unacknowledged"]);
  });

  it("goes by the last of two snoozes", async () => {
    const { id } = await world.openIncident();
    for (const duration of [3600, 7200]) {
      await world.call("POST", `/incidents/${id}/snooze`, { duration });
    }
    const status = async () => (await world.call("GET", `/incidents/${id}`)).body.incident.status;
    await world.pass(3_600_000);
    assert.equal(await status(), "acknowledged");
    await world.pass(3_600_000);
    assert.equal(await status(), "triggered");
  });

  it("leaves a snoozed incident alone that was resolved meanwhile", async () => {
    const { id } = await world.openIncident();
    await world.call("POST", `/incidents/${id}/snooze`, { duration: 3600 });
    await put(id, { status: "resolved" });
    await world.pass(3_600_000);
    assert.equal((await world.call("GET", `/incidents/${id}`)).body.incident.status, "resolved");
  });

  it("are read by the number that people see, too", async () => {
    const incident = await world.openIncident();
    const byNumber = await world.call("GET", `/incidents/${incident.incident_number}`);
    assert.equal(byNumber.status, 200);
    assert.equal(byNumber.body.incident.id, incident.id);
    assert.equal((await world.call("GET", "/incidents/999999")).status, 404);
  });

  it("merges: the sources are resolved and say into what", async () => {
    const target = await world.openIncident();
    const source = await world.openIncident();
    const { status } = await world.call("PUT", `/incidents/${target.id}/merge`, {
      source_incidents: [{ id: source.id, type: "incident_reference" }],
    });
    assert.equal(status, 200);
    const { incident } = (await world.call("GET", `/incidents/${source.id}`)).body;
    assert.equal(incident.status, "resolved");
    assert.equal(incident.resolve_reason.type, "merge_resolve_reason");
    assert.equal(incident.resolve_reason.incident.id, target.id);
  });

  it("logs who did what, newest first", async () => {
    const { id } = await world.openIncident();
    await world.call(
      "PUT",
      `/incidents/${id}`,
      { incident: { type: "incident_reference", assignments: [user("PUSER02")] } },
      { from: "jo@example.com" },
    );
    const { body } = await world.call("GET", `/incidents/${id}/log_entries`);
    assert.deepEqual(
      body.log_entries.map(({ type, agent, summary }: Reply["body"]) => [
        type,
        agent?.id ?? null,
        summary,
      ]),
      [
        ["assign_log_entry", "PUSER01", "Reassigned to Dana Ruiz by Jo Keller"],
        ["assign_log_entry", null, "Assigned to Jo Keller"],
        ["trigger_log_entry", "PGATE01", "Triggered by Gate Robot"],
      ],
    );
    const overview = await world.call(
      "GET",
      `/incidents/${id}/log_entries?is_overview=true&limit=1`,
    );
    assert.equal(overview.body.log_entries.length, 1);
    assert.equal(overview.body.more, true);
  });

  it("keeps custom field values and reports the old ones", async () => {
    const { id } = await world.openIncident();
    const path = `/incidents/${id}/custom_fields/values`;
    const values = { custom_fields: [{ name: "proposed_action", value: "db_failover" }] };
    const { status, body } = await world.call("PUT", path, values);
    assert.equal(status, 201);
    assert.deepEqual(
      body.custom_fields.map(({ name, value }: Reply["body"]) => [name, value]),
      [
        ["max_replicas", null],
        ["affected_regions", null],
        ["proposed_action", "db_failover"],
      ],
    );
    assert.deepEqual((await world.call("GET", path)).body, body);
    await world.emulator.tick();
    const event = receiver.received.at(-1)?.event;
    assert.equal(event.event_type, "incident.custom_field_values.updated");
    assert.equal(event.data.type, "incident_field_values");
    assert.deepEqual(event.data.changed_custom_fields, [
      {
        data_type: "string",
        field_type: "single_value",
        id: "PFLD003",
        name: "proposed_action",
        namespace: "incidents",
        type: "field_value",
        value: null,
      },
    ]);
  });

  it("refuses unknown custom fields and values of another type", async () => {
    const { id } = await world.openIncident();
    const path = `/incidents/${id}/custom_fields/values`;
    const unknown = await world.call("PUT", path, { custom_fields: [{ name: "nope", value: 1 }] });
    assert.deepEqual(unknown.body.error.errors, [
      '`custom_fields`: no field has the id or name "nope"',
    ]);
    const wrong = await world.call("PUT", path, {
      custom_fields: [{ id: "PFLD001", value: "three" }],
    });
    assert.equal(wrong.status, 400);
    assert.deepEqual(wrong.body.error.errors, [
      '`custom_fields`: "max_replicas" must be of the type integer',
    ]);
  });

  it("lists and makes definitions of custom fields", async () => {
    for (const path of [
      "/incidents/types/base_incident/custom_fields",
      "/incidents/custom_fields",
    ]) {
      const { body } = await world.call("GET", path);
      assert.deepEqual(
        body.fields.map(({ name, data_type }: Reply["body"]) => [name, data_type]),
        [
          ["max_replicas", "integer"],
          ["affected_regions", "string"],
          ["proposed_action", "string"],
        ],
      );
    }
    const made = await world.call("POST", "/incidents/types/base_incident/custom_fields", {
      field: { name: "risk", display_name: "Risk", data_type: "float" },
    });
    assert.equal(made.status, 201);
    const { id } = await world.openIncident();
    const set = await world.call("PUT", `/incidents/${id}/custom_fields/values`, {
      custom_fields: [{ id: made.body.field.id, value: 0.5 }],
    });
    assert.equal(set.status, 201);
  });

  it("shows a plain page at html_url, with nothing of it taken for markup", async () => {
    const incident = await world.openIncident({ title: "<script>alert(1)</script>" });
    const page = await (await fetch(incident.html_url)).text();
    assert.ok(page.includes("&#60;script&#62;"));
    assert.ok(!page.includes("<script>"));
  });

  it("sends events on request for what has no REST call", async () => {
    const { id } = await world.openIncident();
    const { status } = await world.call("POST", "/_emulator/events", {
      event_type: "incident.task.created",
      incident_id: id,
      user_id: "PUSER01",
      data: { id: "PTASK01", type: "incident_task", name: "Check replicas" },
    });
    assert.equal(status, 202);
    assert.deepEqual(await typesAfter(), ["incident.task.created"]);
  });
});
