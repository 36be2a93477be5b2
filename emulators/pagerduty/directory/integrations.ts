import { z } from "zod";
import { htmlUrl, referenceTo, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Integration, Reference } from "../account/documents.ts";
import { integrationKey, objectId } from "../account/ids.ts";
import { restTime } from "../account/time.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";
import { referenceSchema } from "../http/schemas.ts";
import { serviceById } from "./find.ts";

const IntegrationBody = z.object({
  integration: z.looseObject({
    type: z.string().regex(/_integration$|_integration_reference$/, "must end in _integration"),
    name: z.string().min(1).nullish(),
    integration_key: z
      .string()
      .regex(/^[0-9A-Za-z]{32}$/, "must be 32 letters or digits")
      .nullish(),
    vendor: referenceSchema("vendor").nullish(),
    service: z.unknown().optional(),
  }),
});

/** The ways in which events reach a service. */
export function integrationRoutes(account: Account): Route[] {
  const { store } = account;
  const shown = (integration: Integration) => ({
    integration: renderIntegration(account, integration),
  });
  return [
    {
      method: "GET",
      path: "/services/:id/integrations",
      handle: (call) => {
        const service = serviceById(account, param(call, "id"));
        const integrations = store
          .list("integrations", service.id)
          .map((integration) => renderIntegration(account, integration));
        return { status: 200, body: { integrations } };
      },
    },
    {
      method: "POST",
      path: "/services/:id/integrations",
      handle: (call) => {
        const service = serviceById(account, param(call, "id"));
        const wanted = parseBody(call, IntegrationBody).integration;
        const { type, name, integration_key, vendor, service: _service, ...rest } = wanted;
        refuseTakenKey(account, integration_key);
        refuseUnknownVendor(account, vendor?.id);
        const integration: Integration = {
          id: objectId(),
          service: service.id,
          type,
          name: name ?? service.name,
          integrationKey: integration_key ?? integrationKey(),
          createdAtMs: account.now(),
          vendor: vendor?.id ?? null,
          rest,
        };
        store.put("integrations", integration);
        return { status: 201, body: shown(integration) };
      },
    },
    {
      method: "GET",
      path: "/services/:id/integrations/:integration",
      handle: (call) => ({ status: 200, body: shown(one(account, call)) }),
    },
    {
      method: "PUT",
      path: "/services/:id/integrations/:integration",
      handle: (call) => {
        const before = one(account, call);
        const wanted = parseBody(
          call,
          z.object({ integration: IntegrationBody.shape.integration.partial() }),
        ).integration;
        const { type, name, integration_key, vendor, service: _service, ...rest } = wanted;
        if (integration_key && integration_key !== before.integrationKey) {
          refuseTakenKey(account, integration_key);
        }
        refuseUnknownVendor(account, vendor?.id);
        const after: Integration = {
          ...before,
          type: type ?? before.type,
          name: name ?? before.name,
          integrationKey: integration_key ?? before.integrationKey,
          vendor: vendor === undefined ? before.vendor : (vendor?.id ?? null),
          rest: { ...before.rest, ...rest },
        };
        store.put("integrations", after);
        return { status: 200, body: shown(after) };
      },
    },
    {
      method: "DELETE",
      path: "/services/:id/integrations/:integration",
      handle: (call) => {
        store.delete("integrations", one(account, call).id);
        return { status: 204 };
      },
    },
  ];
}

export function integrationReference(account: Account, integration: Integration): Reference {
  const { id, service, type, name } = integration;
  return {
    id,
    type: `${type}_reference`,
    summary: name,
    self: selfUrl(account, `/services/${service}/integrations/${id}`),
    html_url: htmlUrl(account, `/services/${service}/integrations/${id}`),
  };
}

function renderIntegration(account: Account, integration: Integration): Record<string, unknown> {
  const vendor =
    integration.vendor === null ? undefined : account.store.get("vendors", integration.vendor);
  return {
    ...integration.rest,
    ...integrationReference(account, integration),
    type: integration.type,
    name: integration.name,
    integration_key: integration.integrationKey,
    created_at: restTime(integration.createdAtMs),
    service: referenceTo(account, "service", integration.service),
    vendor:
      integration.vendor === null
        ? null
        : {
            id: integration.vendor,
            type: "vendor_reference",
            summary: vendor?.name ?? null,
            self: selfUrl(account, `/vendors/${integration.vendor}`),
            html_url: null,
          },
  };
}

function one(account: Account, call: Call): Integration {
  const service = serviceById(account, param(call, "id"));
  const integration = account.store.get("integrations", param(call, "integration"));
  if (integration?.service !== service.id) {
    throw notFound();
  }
  return integration;
}

function refuseTakenKey({ store }: Account, key: string | null | undefined): void {
  if (key && store.byKey("integrations", key).length > 0) {
    throw invalidInput("`integration_key` is taken already");
  }
}

function refuseUnknownVendor({ store }: Account, id: string | undefined): void {
  if (id !== undefined && store.get("vendors", id) === undefined) {
    throw invalidInput(`\`vendor\`: no vendor has the id ${JSON.stringify(id)}`);
  }
}
