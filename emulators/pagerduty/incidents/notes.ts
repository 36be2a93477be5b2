import { z } from "zod";
import { referenceTo, userReference } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Note } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { restTime } from "../account/time.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";
import { incidentById } from "./find.ts";
import { addLogEntry, by, emitForIncident } from "./record.ts";

const MAX_NOTES = 2000;
/** Longer notes are cut in webhooks, which then say `trimmed`. */
const MAX_IN_WEBHOOK = 20_000;

/** Kept as it was sent: nothing says that PagerDuty trims. */
const NoteBody = z.object({
  note: z.object({
    content: z.string().refine((content) => content.trim() !== "", "must not be blank"),
  }),
});

/** Notes on incidents. */
export function noteRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "GET",
      path: "/incidents/:id/notes",
      handle: (call) => {
        const incident = incidentById(account, param(call, "id"));
        return { status: 200, body: { notes: store.list("notes", incident.id).map(render) } };
      },
    },
    {
      method: "POST",
      path: "/incidents/:id/notes",
      from: "required",
      handle: (call) => {
        const incident = incidentById(account, param(call, "id"));
        const { content } = parseBody(call, NoteBody).note;
        if (store.list("notes", incident.id).length >= MAX_NOTES) {
          throw invalidInput(`an incident has at most ${MAX_NOTES} notes`);
        }
        const agent = userReference(account, call.user);
        const atMs = account.now();
        const note: Note = {
          id: objectId(),
          incident: incident.id,
          user: agent,
          content,
          createdAtMs: atMs,
          updatedAtMs: atMs,
        };
        store.put("notes", note);
        addLogEntry(account, incident, {
          type: "annotate",
          summary: `Note added${by(agent)}`,
          agent,
          channel: { type: "note", summary: content },
        });
        emitForIncident(account, incident, "annotated", agent, {
          id: note.id,
          type: "incident_note",
          content: content.slice(0, MAX_IN_WEBHOOK),
          trimmed: content.length > MAX_IN_WEBHOOK,
          incident: referenceTo(account, "incident", incident.id),
        });
        return { status: 200, body: { note: render(note) } };
      },
    },
    {
      method: "PUT",
      path: "/incidents/:id/notes/:note",
      from: "required",
      handle: (call) => {
        const note = noteOf(account, call);
        const { content } = parseBody(call, NoteBody).note;
        const changed = { ...note, content, updatedAtMs: account.now() };
        store.put("notes", changed);
        return { status: 200, body: { note: render(changed) } };
      },
    },
    {
      method: "DELETE",
      path: "/incidents/:id/notes/:note",
      handle: (call) => {
        store.delete("notes", noteOf(account, call).id);
        return { status: 204 };
      },
    },
  ];
}

function noteOf(account: Account, call: Call): Note {
  const incident = incidentById(account, param(call, "id"));
  const note = account.store.get("notes", param(call, "note"));
  if (note?.incident !== incident.id) {
    throw notFound();
  }
  return note;
}

function render(note: Note): Record<string, unknown> {
  return {
    id: note.id,
    user: note.user,
    channel: { summary: "The PagerDuty website or APIs" },
    content: note.content,
    created_at: restTime(note.createdAtMs),
    updated_at: restTime(note.updatedAtMs),
  };
}
