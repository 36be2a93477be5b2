import { parametersOf } from "./details.js";

/** Reads the editor: an error text, or whether and to what the details were changed. */
export function readDetails(json, details) {
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

/**
 * Why an approval with this will not be carried out; undefined: nothing is known against it. Details that repeat
 * something unchanged may be meant to replace all others, so what they leave out is taken away.
 */
export function refusedText(details, value) {
  const { editable } = details;
  if (value === undefined || !Array.isArray(editable)) return undefined;
  const isSame = (key) => canonical(value[key]) === canonical(details[key]);
  const keys = Object.keys(value);
  const replaces = keys.length === 0 || keys.some(isSame);
  const refused = [
    ...keys.filter((key) => !editable.includes(key) && !isSame(key)),
    ...Object.keys(parametersOf(details)).filter((key) => replaces && !Object.hasOwn(value, key)),
  ];
  if (refused.length === 0) return undefined;
  return `The requester does not accept a change of ${refused.join(", ")}: approved like this, nothing is carried out.`;
}

export function editHint({ editable }) {
  if (!Array.isArray(editable)) {
    return "The requester does not say what may be changed; it may refuse a change.";
  }
  return editable.length > 0
    ? `The requester accepts changes to: ${editable.join(", ")}.`
    : "The requester accepts no change.";
}

function canonical(value) {
  if (value === undefined) return "";
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}
