import * as z from "zod";
import { errorKinds, type ErrorCode } from "../errorCodes.ts";
import { dryRunAnswer } from "../gate/telling/dryRun.ts";
import { proposalAnswer } from "../gate/telling/proposalAnswer.ts";
import { apiBody } from "../middleware/proposalBody.ts";
import { VERSION } from "../userAgent.ts";
import {
  allCodes,
  callbackAnswer,
  deliveredAnswer,
  errorAnswer,
  healthAnswer,
  joinedAnswer,
  pageAnswer,
  serviceView,
  servicesAnswer,
  trailAnswer,
  withdrawingAnswer,
} from "./answers.ts";

/** An OpenAPI 3.1 document. */
export type OpenApi = Readonly<Record<string, unknown>>;

const answers = {
  Proposal: proposalAnswer,
  Joined: joinedAnswer,
  Withdrawing: withdrawingAnswer,
  DryRun: dryRunAnswer,
  ProposalPage: pageAnswer,
  Trail: trailAnswer,
  Service: serviceView,
  Services: servicesAnswer,
  Health: healthAnswer,
  Delivered: deliveredAnswer,
  CallbackReceived: callbackAnswer,
  Error: errorAnswer(allCodes),
} as const;

interface Part {
  name: string;
  in: "query" | "path" | "header";
  schema: object;
  description: string;
}

interface Operation {
  id: string;
  summary: string;
  tag: "propose" | "look" | "receive";
  security: readonly ("bearer" | "gateToken")[];
  parts?: readonly Part[];
  body?: { schema: object; description: string };
  answers: Readonly<Record<number, { name: readonly (keyof typeof answers)[]; text: string }>>;
  errors: readonly ErrorCode[];
}

const text = { type: "string" };
const idPart: Part = { name: "id", in: "path", schema: text, description: "the proposal's id" };
const waitPart: Part = {
  name: "wait",
  in: "query",
  schema: { type: "number", minimum: 0, maximum: 25 },
  description: "seconds to wait for an outcome, at most; default 0",
};
const asProposer = ["bearer"] as const;
const always = ["tokenUnknown", "unavailable"] as const;

const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  "/services": {
    get: {
      id: "listServices",
      summary: "What this proposer may propose",
      tag: "propose",
      security: asProposer,
      answers: { 200: { name: ["Services"], text: "services and the names of their runbooks" } },
      errors: always,
    },
  },
  "/services/{service}": {
    get: {
      id: "showService",
      summary: "A service's runbooks, their parameters, and what would be said now",
      tag: "propose",
      security: asProposer,
      parts: [{ name: "service", in: "path", schema: text, description: "name or id" }],
      answers: { 200: { name: ["Service"], text: "the service" } },
      errors: [...always, "serviceUnknown"],
    },
  },
  "/proposals": {
    post: {
      id: "propose",
      summary: "Propose an action, or try out what would become of it",
      tag: "propose",
      security: ["bearer", "gateToken"],
      parts: [
        waitPart,
        {
          name: "dryRun",
          in: "query",
          schema: { type: "string", enum: ["true", "false"] },
          description: "true: nothing is made, nobody is asked",
        },
        {
          name: "Idempotency-Key",
          in: "header",
          schema: { type: "string", maxLength: 255 },
          description: "the same key with the same body is the same proposal",
        },
      ],
      body: {
        schema: {
          anyOf: [
            { $ref: "#/components/schemas/NewProposal" },
            { $ref: "#/components/schemas/FlatProposal" },
          ],
        },
        description:
          "With a bearer token a NewProposal; with `x-gate-token` a FlatProposal, as a webhook action of an Event Orchestration rule sends it.",
      },
      answers: {
        200: {
          name: ["Joined", "DryRun"],
          text: "an earlier proposal answers for this one, or the dry run's answer",
        },
        202: { name: ["Proposal"], text: "a new proposal, written durably" },
      },
      errors: [
        ...always,
        "bodyUnreadable",
        "fieldInvalid",
        "runbookUnknown",
        "parameterInvalid",
        "queryInvalid",
        "headerInvalid",
        "idempotencyConflict",
        "gateIncident",
        "bodyTooLarge",
        "proposedTooOften",
      ],
    },
    get: {
      id: "listProposals",
      summary: "List proposals, newest first",
      tag: "look",
      security: asProposer,
      parts: [
        {
          name: "open",
          in: "query",
          schema: { type: "string", enum: ["true", "false"] },
          description: "only open ones, or only closed ones",
        },
        { name: "incident_id", in: "query", schema: text, description: "PagerDuty's id" },
        { name: "service", in: "query", schema: text, description: "name or id" },
        {
          name: "would_have",
          in: "query",
          schema: { type: "string", enum: ["denied", "asked", "allowed"] },
          description: "what rules in a dry run would have done",
        },
        {
          name: "limit",
          in: "query",
          schema: { type: "integer", minimum: 1, maximum: 200 },
          description: "default 50",
        },
        { name: "cursor", in: "query", schema: text, description: "of the page before" },
      ],
      answers: { 200: { name: ["ProposalPage"], text: "a page" } },
      errors: [...always, "tokenNotAllowed", "queryInvalid"],
    },
  },
  "/proposals/{id}": {
    get: {
      id: "showProposal",
      summary: "Where a proposal stands",
      tag: "propose",
      security: asProposer,
      parts: [idPart, waitPart],
      answers: { 200: { name: ["Proposal"], text: "the proposal" } },
      errors: [...always, "proposalUnknown", "queryInvalid"],
    },
    delete: {
      id: "withdrawProposal",
      summary: "Withdraw an open proposal that has not been claimed",
      tag: "propose",
      security: asProposer,
      parts: [
        idPart,
        {
          name: "reason",
          in: "query",
          schema: { type: "string", maxLength: 300 },
          description: "for the incident and the audit trail",
        },
      ],
      answers: {
        200: { name: ["Proposal"], text: "it is withdrawn" },
        202: { name: ["Withdrawing"], text: "noted; the gate has not looked at it yet" },
      },
      errors: [
        ...always,
        "tokenNotAllowed",
        "proposalUnknown",
        "queryInvalid",
        "proposalClaimed",
        "proposalEnded",
      ],
    },
  },
  "/proposals/{id}/events": {
    get: {
      id: "showEvents",
      summary: "The audit trail of a proposal",
      tag: "look",
      security: asProposer,
      parts: [idPart],
      answers: { 200: { name: ["Trail"], text: "its events, chained by hash" } },
      errors: [...always, "proposalUnknown"],
    },
  },
  "/healthz": {
    get: {
      id: "health",
      summary: "Whether the store answers",
      tag: "look",
      security: [],
      answers: { 200: { name: ["Health"], text: "it does" } },
      errors: ["tokenUnknown", "unavailable"],
    },
  },
  "/pagerduty/webhook": {
    post: {
      id: "receiveWebhook",
      summary: "A signed event of a generic webhook v3 subscription",
      tag: "receive",
      security: [],
      parts: [
        {
          name: "x-pagerduty-signature",
          in: "header",
          schema: text,
          description: "HMAC-SHA256 of the body, as PagerDuty signs it",
        },
      ],
      body: { schema: { type: "object" }, description: "PagerDuty's event" },
      answers: { 202: { name: ["Delivered"], text: "kept before this was said" } },
      errors: ["signatureInvalid", "bodyTooLarge", "signatureNotKnownYet", "unavailable"],
    },
  },
  "/cheqpoint/callback/{token}": {
    post: {
      id: "receiveCallback",
      summary: "Hints that a decision is there; it decides nothing",
      tag: "receive",
      security: [],
      parts: [{ name: "token", in: "path", schema: text, description: "of one approval request" }],
      body: { schema: { type: "object" }, description: "Cheqpoint's callback" },
      answers: { 200: { name: ["CallbackReceived"], text: "the token is known" } },
      errors: ["routeUnknown", "unavailable"],
    },
  },
  "/openapi.json": {
    get: {
      id: "openApi",
      summary: "This document",
      tag: "look",
      security: [],
      answers: {},
      errors: ["unavailable"],
    },
  },
};

/** The HTTP API of the gate, from the schemas that validate its requests and describe its answers. */
export function openApi(): OpenApi {
  return {
    openapi: "3.1.0",
    info: {
      title: "Approval gate for PagerDuty actions",
      version: VERSION,
      summary:
        "Agents and automations propose actions; policy or a human decides; approved ones run once.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "the gate's own address" }],
    tags: [
      { name: "propose", description: "what agents and automations do" },
      { name: "look", description: "what operators and auditors look at" },
      { name: "receive", description: "what PagerDuty and Cheqpoint send" },
    ],
    paths: Object.fromEntries(
      Object.entries(operations).map(([path, methods]) => [
        path,
        Object.fromEntries(
          Object.entries(methods).map(([method, operation]) => [method, operationOf(operation)]),
        ),
      ]),
    ),
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "a proposer's or an operator's token",
        },
        gateToken: {
          type: "apiKey",
          in: "header",
          name: "x-gate-token",
          description: "a proposer's token, where no bearer token can be sent",
        },
      },
      schemas: {
        NewProposal: schemaOf(apiBody, "input"),
        FlatProposal: {
          type: "object",
          description:
            "Texts that the rule's author wrote. What is none of these keys is a parameter of the runbook.",
          properties: Object.fromEntries(FLAT_KEYS.map((key) => [key, { type: "string" }])),
          required: ["service", "runbook"],
          additionalProperties: true,
        },
        ...Object.fromEntries(
          Object.entries(answers).map(([name, schema]) => [name, schemaOf(schema, "output")]),
        ),
      },
    },
  };
}

const FLAT_KEYS = [
  "incident_id",
  "dedup_key",
  "service",
  "runbook",
  "justification",
  "summary",
  "severity",
  "affected_regions",
];

function operationOf({ id, summary, tag, security, parts = [], body, ...rest }: Operation) {
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: security.length === 0 ? [] : security.map((scheme) => ({ [scheme]: [] })),
    ...(parts.length === 0
      ? {}
      : { parameters: parts.map((part) => ({ ...part, required: part.in === "path" })) }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            description: body.description,
            required: true,
            content: { "application/json": { schema: body.schema } },
          },
        }),
    responses: responsesOf(id, rest),
  };
}

function responsesOf(
  id: string,
  { answers: good, errors }: Pick<Operation, "answers" | "errors">,
): Record<string, unknown> {
  const header = {
    "gate-version": { description: "the gate's release", schema: { type: "string" } },
  };
  const told = Object.entries(good).map(([status, { name, text: description }]) => {
    const schemas = name.map((one) => ({ $ref: `#/components/schemas/${one}` }));
    const schema = schemas.length === 1 ? schemas[0] : { anyOf: schemas };
    return [
      status,
      { description, headers: header, content: { "application/json": { schema } } },
    ] as const;
  });
  const statuses = [...new Set(errors.map((code) => errorKinds[code].status))].sort();
  const refused = statuses.map((status) => {
    const codes = errors.filter((code) => errorKinds[code].status === status);
    const schema = {
      allOf: [
        { $ref: "#/components/schemas/Error" },
        { type: "object", properties: { code: { enum: codes } } },
      ],
    };
    return [
      String(status),
      {
        description: codes.map((code) => errorKinds[code].meaning).join("; or "),
        headers: header,
        content: { "application/json": { schema } },
      },
    ] as const;
  });
  const own =
    id === "openApi"
      ? [
          [
            "200",
            {
              description: "OpenAPI 3.1",
              headers: header,
              content: { "application/json": { schema: { type: "object" } } },
            },
          ] as const,
        ]
      : [];
  return Object.fromEntries<unknown>([...own, ...told, ...refused]);
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const made: Record<string, unknown> = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return Object.fromEntries(Object.entries(made).filter(([key]) => key !== "$schema"));
}
