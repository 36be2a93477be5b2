import { selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { CatalogueItem } from "../account/documents.ts";
import { notFound } from "../http/errors.ts";
import { pageOf } from "../http/pages.ts";
import { param } from "../http/route.ts";
import type { Route } from "../http/route.ts";

type Catalogue = "priorities" | "vendors" | "extensionSchemas" | "businessServices" | "runners";

interface Listed {
  collection: Catalogue;
  path: string;
  /** Member of the answer that holds the list. */
  plural: string;
  singular: string;
  /** Whether it is read on with a cursor. */
  cursor?: true;
}

const LISTS: Listed[] = [
  { collection: "priorities", path: "/priorities", plural: "priorities", singular: "priority" },
  { collection: "vendors", path: "/vendors", plural: "vendors", singular: "vendor" },
  {
    collection: "extensionSchemas",
    path: "/extension_schemas",
    plural: "extension_schemas",
    singular: "extension_schema",
  },
  {
    collection: "businessServices",
    path: "/business_services",
    plural: "business_services",
    singular: "business_service",
  },
  {
    collection: "runners",
    path: "/automation_actions/runners",
    plural: "runners",
    singular: "runner",
    cursor: true,
  },
];

/** Lists of things that the emulator has but does not change. */
export function catalogueRoutes(account: Account): Route[] {
  return LISTS.flatMap((listed) => routesOf(account, listed));
}

function routesOf(account: Account, listed: Listed): Route[] {
  const { store } = account;
  const { collection, path, plural, singular } = listed;
  return [
    {
      method: "GET",
      path,
      handle: ({ query }) => {
        const words = query.get("query")?.toLowerCase() ?? "";
        const found = store
          .list(collection)
          .filter(({ name }) => name.toLowerCase().includes(words));
        const { items, page } = pageOf(query, found);
        return {
          status: 200,
          body: {
            [plural]: items.map((item) => render(account, listed, item)),
            ...(listed.cursor ? { limit: page.limit, next_cursor: null } : page),
          },
        };
      },
    },
    {
      method: "GET",
      path: `${path}/:id`,
      handle: (call) => {
        const item = store.get(collection, param(call, "id"));
        if (!item) {
          throw notFound();
        }
        return { status: 200, body: { [singular]: render(account, listed, item) } };
      },
    },
  ];
}

function render(
  account: Account,
  { path, singular }: Listed,
  { id, name, fields }: CatalogueItem,
): Record<string, unknown> {
  return {
    id,
    type: singular,
    summary: name,
    self: selfUrl(account, `${path}/${id}`),
    html_url: null,
    name,
    ...fields,
  };
}
