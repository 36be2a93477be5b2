import * as z from "zod";
import { RemoteError } from "../gate/ports/index.ts";
import type { PagerDuty } from "../gate/ports/index.ts";
import type { Rest } from "./rest.ts";
import { id, listOf, name } from "./shapes.ts";

const service = z.object({ id, name });
const ownUser = z.object({ user: z.object({ id }) });
const oneService = z.object({ service });
const manyServices = z.object({ services: listOf(service), more: z.boolean().nullish() });

/** Service ids hold no lower-case letters; what cannot be one is not asked for as one. */
const SERVICE_ID = /^[A-Z0-9]{1,40}$/;

const PAGE = 100;
/** PagerDuty's own bound of listing by offset. */
const LISTABLE = 10_000;

export function serviceCalls(rest: Rest): Pick<PagerDuty, "findService" | "ownUser"> {
  async function byName(name: string): Promise<{ id: string; name: string } | null> {
    for (let offset = 0; offset < LISTABLE; offset += PAGE) {
      const query = new URLSearchParams({ query: name, limit: `${PAGE}`, offset: `${offset}` });
      const page = await rest.get(`/services?${query.toString()}`, manyServices);
      // The query also finds names that only contain it.
      const found = page.services.found.find((one) => one.name === name);
      if (found !== undefined) return found;
      if (page.more !== true) return null;
    }
    return null;
  }

  return {
    async ownUser() {
      try {
        return (await rest.get("/users/me", ownUser)).user.id;
      } catch (error) {
        // Only a user's own token is about somebody.
        if (error instanceof RemoteError && error.status === 400) return null;
        throw error;
      }
    },

    async findService(idOrName) {
      const known = SERVICE_ID.test(idOrName)
        ? await rest.find(`/services/${idOrName}`, oneService)
        : null;
      return known?.service ?? byName(idOrName);
    },
  };
}
