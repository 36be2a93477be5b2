// PagerDuty's own OpenAPI document as a judge of calls: may this be asked, and may it be answered like that.
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { Exchange } from "../../emulators/pagerduty/http/exchanges.ts";
import { DEVIATIONS, ERRORS, corrected, type Deviation } from "./deviations.ts";
import { at, isObject, jsonSchemas, pointerTo, resolved } from "./jsonSchemas.ts";
import type { JsonObject } from "./jsonSchemas.ts";

interface Operation {
  /** `GET /incidents/{id}`. */
  name: string;
  method: string;
  path: RegExp;
  pointer: readonly string[];
  /** Fixed parts of a path win over parameters. */
  parameters: number;
}

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  pointer: string;
}

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Compares calls with an OpenAPI 3.0 document. Only what is called is compiled. */
export class VendorDocument {
  readonly #document: JsonObject;
  readonly #operations: readonly Operation[];
  readonly #ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  readonly #parameters = new Ajv({ strict: false, coerceTypes: "array", logger: false });

  /** @param published As PagerDuty publishes it; what is known to be otherwise is corrected here. */
  constructor(published: JsonObject, deviations: readonly Deviation[] = DEVIATIONS) {
    const document = corrected(published, deviations);
    this.#document = document;
    this.#operations = operationsOf(document);
    for (const ajv of [this.#ajv, this.#parameters]) {
      addFormats.default(ajv);
      // The package's own take neither this machine's addresses nor a time of day without a zone.
      ajv.addFormat("url", URL.canParse);
      ajv.addFormat("time", /^\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/);
    }
    this.#ajv.addSchema(jsonSchemas(document, "request"), "request");
    this.#ajv.addSchema(jsonSchemas(document, "answer"), "answer");
    this.#parameters.addSchema(jsonSchemas(document, "request"), "request");
  }

  /** The documented operation that is called, or null. */
  operation(exchange: Pick<Exchange, "method" | "path">): string | null {
    return this.#find(exchange)?.name ?? null;
  }

  /** What is wrong with the request. */
  problemsOfRequest(exchange: Exchange): string[] {
    const operation = this.#find(exchange);
    if (operation === undefined) {
      return ["the document has no such operation"];
    }
    return [
      ...this.#parameterProblems(operation, exchange),
      ...this.#bodyProblems(operation, exchange),
    ];
  }

  /** What is wrong with the answer. */
  problemsOfAnswer(exchange: Exchange): string[] {
    const operation = this.#find(exchange);
    if (operation === undefined) {
      return ["the document has no such operation"];
    }
    const status = `${exchange.status}`;
    const declared = at(this.#document, pointerTo(...operation.pointer, "responses"));
    if (ERRORS.statuses.includes(exchange.status)) {
      return this.#compare(`answer${ERRORS.schema}`, exchange.answered);
    }
    if (declared[status] === undefined) {
      return [`the document has no status ${status} here`];
    }
    const schema = this.#contentSchema([...operation.pointer, "responses", status]);
    if (schema === null) {
      return exchange.answered === undefined ? [] : ["the document has no body here"];
    }
    return this.#compare(`answer${schema}`, exchange.answered);
  }

  #find({ method, path }: Pick<Exchange, "method" | "path">): Operation | undefined {
    return this.#operations.find((one) => one.method === method && one.path.test(path));
  }

  #parameterProblems(operation: Operation, exchange: Exchange): string[] {
    const known = this.#parametersOf(operation);
    const inQuery = known.filter((one) => one.in === "query");
    const strange = [...new Set(exchange.query.keys())].filter(
      (name) => !inQuery.some((one) => one.name === name),
    );
    const problems = strange.map((name) => `query ${name}: the document has no such parameter`);
    for (const parameter of known) {
      const { name } = parameter;
      const values =
        parameter.in === "query"
          ? exchange.query.getAll(name)
          : parameter.in === "header"
            ? [exchange.headers.get(name)].filter((value) => value !== null)
            : null;
      if (values === null) {
        continue;
      }
      if (values.length === 0) {
        const isNeeded =
          parameter.required && (name !== "Content-Type" || exchange.sent !== undefined);
        problems.push(...(isNeeded ? [`${parameter.in} ${name}: is required`] : []));
      } else {
        problems.push(...this.#valueProblems(parameter, values));
      }
    }
    return problems;
  }

  #valueProblems({ name, in: place, pointer }: Parameter, values: readonly string[]): string[] {
    const { type } = resolved(this.#document, at(this.#document, pointer));
    const validate = this.#parameters.compile({
      type: "object",
      properties: { value: { $ref: `request${pointer}` } },
    });
    const given = type === "array" ? [values] : values;
    return given
      .filter((value) => !validate({ value }))
      .map((value) => `${place} ${name}: ${JSON.stringify(value)} ${textOf(validate)}`);
  }

  #bodyProblems(operation: Operation, { sent }: Exchange): string[] {
    const declared = at(this.#document, pointerTo(...operation.pointer))["requestBody"];
    if (declared === undefined) {
      return sent === undefined ? [] : ["body: the document has none here"];
    }
    const schema = this.#contentSchema([...operation.pointer, "requestBody"]);
    if (sent === undefined) {
      const isRequired = resolved(
        this.#document,
        at(this.#document, pointerTo(...operation.pointer, "requestBody")),
      )["required"];
      return isRequired === true ? ["body: is required"] : [];
    }
    return schema === null ? [] : this.#compare(`request${schema}`, sent);
  }

  #parametersOf(operation: Operation): Parameter[] {
    const [, path = ""] = operation.pointer;
    return [["paths", path], operation.pointer].flatMap((pointer) => {
      const list = at(this.#document, pointerTo(...pointer))["parameters"];
      return Array.isArray(list)
        ? list.map((_item, index) => this.#parameter([...pointer, "parameters", `${index}`]))
        : [];
    });
  }

  #parameter(pointer: readonly string[]): Parameter {
    const place = this.#place(pointerTo(...pointer));
    const { name, in: where, required } = at(this.#document, place);
    return {
      name: typeof name === "string" ? name : "",
      in: typeof where === "string" ? where : "",
      required: required === true,
      pointer: `${place}/schema`,
    };
  }

  /** The pointer to what a reference leads to, or the same pointer. */
  #place(pointer: string): string {
    const { $ref } = at(this.#document, pointer);
    return typeof $ref === "string" ? this.#place($ref) : pointer;
  }

  #contentSchema(pointer: readonly string[]): string | null {
    const place = this.#place(pointerTo(...pointer));
    const { content } = at(this.#document, place);
    return isObject(content) && content["application/json"] !== undefined
      ? `${place}/content/application~1json/schema`
      : null;
  }

  #compare(schema: string, value: unknown): string[] {
    const validate = this.#ajv.getSchema(schema);
    if (validate === undefined) {
      throw new Error(`PagerDuty's document has no schema at ${schema}`);
    }
    return validate(value) === true ? [] : [...new Set((validate.errors ?? []).map(problemOf))];
  }
}

function operationsOf({ paths }: JsonObject): Operation[] {
  if (!isObject(paths)) {
    throw new Error("PagerDuty's document has no paths");
  }
  return Object.entries(paths)
    .flatMap(([path, item]) =>
      METHODS.filter((method) => isObject(item) && item[method] !== undefined).map((method) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
        pointer: ["paths", path, method],
        parameters: path.split("{").length,
      })),
    )
    .toSorted((a, b) => a.parameters - b.parameters);
}

function textOf({ errors }: ValidateFunction): string {
  return (errors ?? []).map(({ message = "" }) => message).join("; ");
}

function problemOf({ instancePath, message = "", params, schemaPath }: ErrorObject): string {
  const allowed: unknown = params["allowedValues"] ?? params["allowedValue"];
  const extra = allowed === undefined ? "" : ` ${JSON.stringify(allowed)}`;
  // Items of lists are alike.
  const place = instancePath.replaceAll(/\/\d+(?=\/|$)/g, "/*");
  return `body ${place}: ${message}${extra} (${schemaPath})`;
}
