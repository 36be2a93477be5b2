import { announce, el } from "./dom.js";

const drafts = new Map();

/** The part of a request in which the reviewer answers; drafts survive moving to and fro. */
export function decisionForm(approval, onDecided) {
  const original = JSON.stringify(approval.details, null, 2);
  const draft = drafts.get(approval.id) ?? { note: "", json: original, editing: false };
  drafts.set(approval.id, draft);
  let sending = false;

  const note = el("textarea", {
    id: "note",
    rows: "2",
    "data-testid": "note",
    oninput: () => (draft.note = note.value),
  });
  note.value = draft.note;

  const json = el("textarea", {
    id: "details-json",
    class: "code",
    rows: String(Math.min(16, original.split("\n").length + 1)),
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    "data-testid": "details-json",
    "aria-describedby": "json-hint json-state",
    oninput: () => {
      draft.json = json.value;
      refresh();
    },
  });
  json.value = draft.json;
  const state = el("p", { id: "json-state", class: "hint", "aria-live": "polite" });
  const undo = el("button", { type: "button", class: "plain", onclick: undoEdits }, "Undo changes");
  const editor = el(
    "div",
    { class: "editor", id: "editor" },
    el("label", { for: "details-json" }, "Details as JSON"),
    el("p", { id: "json-hint", class: "hint" }, editHint(approval.details)),
    json,
    el("div", { class: "editor-foot" }, state, undo),
  );
  const edit = el(
    "button",
    {
      type: "button",
      class: "plain",
      id: "edit",
      "data-testid": "edit-details",
      "aria-controls": "editor",
      onclick: () => {
        draft.editing = !draft.editing;
        refresh();
        if (draft.editing) json.focus();
      },
    },
    "Edit details",
  );

  const problem = el("p", { class: "problem", role: "alert", "data-testid": "problem" });
  const reject = el(
    "button",
    {
      type: "button",
      class: "reject",
      id: "reject",
      "data-testid": "reject",
      onclick: () => void send("rejected"),
    },
    "Reject",
  );
  const approve = el(
    "button",
    {
      type: "button",
      class: "approve",
      id: "approve",
      "data-testid": "approve",
      onclick: () => (approval.riskLevel === "high" ? askAgain(true) : void send("approved")),
    },
    "Approve",
  );
  const actions = el("div", { class: "actions" }, reject, approve);
  const withChanges = el("span", {}, " With your changes.");
  const { panel, sure } = secondStep(approval, withChanges, {
    onSure: () => void send("approved"),
    onBack: () => askAgain(false),
  });

  const form = el(
    "div",
    { class: "decision" },
    el("div", { class: "edit-row" }, edit),
    editor,
    el(
      "label",
      { for: "note" },
      "Note to the requester ",
      el("span", { class: "quiet" }, "(optional)"),
    ),
    note,
  );
  refresh();
  // The bar stands beside the form, not in it, so that it stays in sight on the whole request.
  return [form, el("div", { class: "bar" }, problem, actions, panel)];

  function refresh() {
    const read = readDetails(draft.json, approval.details);
    editor.hidden = !draft.editing;
    edit.setAttribute("aria-expanded", String(draft.editing));
    edit.textContent = draft.editing ? "Close the editor" : "Edit details";
    state.textContent = read.error ?? (read.changed ? CHANGED : "Nothing changed.");
    state.dataset.state = read.error ? "bad" : read.changed ? "changed" : "same";
    json.setAttribute("aria-invalid", String(read.error !== undefined));
    undo.hidden = draft.json === original;
    for (const button of [approve, reject, sure]) {
      button.disabled = sending || read.error !== undefined;
    }
    withChanges.hidden = read.changed !== true;
    approve.textContent = read.changed ? "Approve with changes" : "Approve";
    if (read.error !== undefined) askAgain(false);
  }

  function undoEdits() {
    draft.json = original;
    json.value = original;
    refresh();
    json.focus();
  }

  function askAgain(open) {
    const was = !panel.hidden;
    panel.hidden = !open;
    actions.hidden = open;
    // On the panel, not on its button: a key pressed twice must not approve.
    if (open) panel.focus();
    else if (was && !approve.disabled) approve.focus();
  }

  async function send(decision) {
    const { changed, value, error } = readDetails(draft.json, approval.details);
    if (sending || error !== undefined) return;
    sending = true;
    problem.textContent = "";
    refresh();
    const modifiedDetails = decision === "approved" && changed ? value : undefined;
    const failed = await post(approval.id, { decision, note: draft.note, modifiedDetails });
    sending = false;
    if (failed === undefined) drafts.delete(approval.id);
    else {
      problem.textContent = failed.message;
      refresh();
      if (!failed.settled) return;
    }
    onDecided(approval.id, failed?.message);
  }
}

const CHANGED = "Changed: an approval sends all of this in place of the original.";

function secondStep(approval, withChanges, { onSure, onBack }) {
  const { service, target } = approval.details;
  const sure = el(
    "button",
    { type: "button", class: "approve", "data-testid": "confirm-approve", onclick: onSure },
    "Yes, approve",
  );
  const panel = el(
    "div",
    { class: "second", tabindex: "-1", role: "group", "aria-labelledby": "second-text" },
    el(
      "p",
      { id: "second-text" },
      el("strong", {}, "High risk. "),
      "You let ",
      el("code", {}, approval.action),
      typeof target === "string" ? [": ", target] : null,
      typeof service === "string" ? [" on ", el("strong", {}, service)] : null,
      ".",
      withChanges,
    ),
    el(
      "div",
      { class: "actions" },
      el("button", { type: "button", class: "back", onclick: onBack }, "Go back"),
      sure,
    ),
  );
  panel.hidden = true;
  return { panel, sure };
}

/** Reads the editor: an error text, or whether and to what the details were changed. */
function readDetails(json, details) {
  let value;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { error: `This is not valid JSON: ${error.message}.` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { error: "The details must be a JSON object: { … }." };
  }
  return { value, changed: canonical(value) !== canonical(details) };
}

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}

function editHint({ editable }) {
  return Array.isArray(editable) && editable.length > 0
    ? `The requester accepts changes to: ${editable.join(", ")}.`
    : "The requester names nothing that may be changed; it may refuse a change.";
}

/** Undefined when it was taken, else what to tell; `settled` = somebody or something was faster. */
async function post(id, body) {
  try {
    const answer = await fetch(`/_emulator/approvals/${encodeURIComponent(id)}/decide`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      announce(body.decision === "approved" ? "Approved." : "Rejected.");
      return undefined;
    }
    const { error } = await answer.json();
    return { message: error, settled: answer.status === 409 };
  } catch {
    return {
      message: "No answer: it is not known whether the decision arrived. Try again.",
      settled: false,
    };
  }
}
