import { parametersOf, shown } from "./details.js";
import { announce, el } from "./dom.js";
import { editHint, readDetails, refusedText } from "./edits.js";

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
  const warning = el("p", {
    id: "change-warning",
    class: "warning",
    role: "status",
    "data-testid": "change-warning",
  });
  const { panel, sure, tell } = secondStep(approval, {
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
  return [form, el("div", { class: "bar" }, problem, warning, actions, panel)];

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
    warning.textContent = refusedText(approval.details, read.value) ?? "";
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
    if (open) tell(readDetails(draft.json, approval.details));
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

/** The last look before a high risk: what would be done, with which parameters, as the reviewer changed them. */
function secondStep(approval, { onSure, onBack }) {
  const sure = el(
    "button",
    { type: "button", class: "approve", "data-testid": "confirm-approve", onclick: onSure },
    "Yes, approve",
  );
  const text = el("div", { id: "second-text" });
  const panel = el(
    "div",
    { class: "second", tabindex: "-1", role: "group", "aria-labelledby": "second-text" },
    text,
    el(
      "div",
      { class: "actions" },
      el("button", { type: "button", class: "back", onclick: onBack }, "Go back"),
      sure,
    ),
  );
  panel.hidden = true;
  return { panel, sure, tell: (read) => text.replaceChildren(...secondText(approval, read)) };
}

function secondText({ action, details }, { value, changed }) {
  const { service, target, runbook } = changed ? { ...details, ...value } : details;
  const parameters = Object.entries(parametersOf(changed ? { ...details, ...value } : details));
  return [
    el(
      "p",
      {},
      el("strong", {}, "High risk. "),
      "You let ",
      el("code", {}, action),
      typeof runbook === "string" ? [" run ", el("code", {}, runbook)] : null,
      typeof target === "string" ? [": ", target] : null,
      typeof service === "string" ? [" on ", el("strong", {}, service)] : null,
      ".",
      changed ? " With your changes." : null,
    ),
    ...(parameters.length === 0
      ? []
      : [
          el(
            "ul",
            { class: "second-parameters", tabindex: "0", "aria-label": "Parameters" },
            parameters.map(([name, set]) =>
              el("li", {}, el("code", {}, name), ": ", shown(set), was(details, name, set)),
            ),
          ),
        ]),
  ];
}

function was(details, name, value) {
  return JSON.stringify(details[name]) === JSON.stringify(value)
    ? null
    : el("span", { class: "quiet" }, " (was ", shown(details[name] ?? "absent"), ")");
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
