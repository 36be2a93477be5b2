import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { openApi } from "../../functions/agents/openapi.ts";

interface Documented {
  match: RegExp;
  methods: Readonly<Record<string, Readonly<Record<string, ValidateFunction | null>>>>;
}

let documented: readonly Documented[] | undefined;

/**
 * Compares an answer of the gate's with its own OpenAPI document: status and body have to be in it. What operators ask on
 * one machine, PagerDuty's repeated slashes and pages are not part of the document.
 */
export function assertDocumented(
  method: string,
  url: string,
  { status, body, headers }: { status: number; body: unknown; headers: Headers },
): void {
  const path = url.split("?", 1)[0] ?? "";
  documented ??= read();
  const route = documented.find(({ match }) => match.test(path));
  const answers = route?.methods[method.toLowerCase()];
  if (answers === undefined) {
    return;
  }
  assert.ok(status in answers, `${method} ${path} answered ${status}, which openapi.json lacks`);
  assert.ok(headers.get("gate-version"), `${method} ${path} has no gate-version`);
  const validate = answers[status] ?? null;
  if (validate !== null && !validate(body)) {
    assert.fail(
      `${method} ${path}, ${status}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(body)}`,
    );
  }
}

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Answer> }>>;
}
interface Answer {
  content?: { "application/json"?: { schema: object } };
}

function read(): Documented[] {
  const document = openApi();
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, "gate");
  const { paths } = document as unknown as Document;
  return Object.entries(paths).map(([path, methods]) => ({
    match: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`),
    methods: Object.fromEntries(
      Object.entries(methods).map(([method, { responses }]) => [
        method,
        Object.fromEntries(
          Object.entries(responses).map(([status, { content }]) => [
            status,
            content?.["application/json"] === undefined
              ? null
              : ajv.compile({
                  $ref: `gate#/paths/${pointer(path)}/${method}/responses/${status}/content/application~1json/schema`,
                }),
          ]),
        ),
      ]),
    ),
  }));
}

function pointer(path: string): string {
  return encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"));
}
