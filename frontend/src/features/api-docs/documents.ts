/** What a document is made of. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Members = Record<string, Json>;

/** An OpenAPI document, as far as it is looked into here. */
export interface ApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly servers: Members[];
  readonly tags: Members[];
  readonly paths: Record<string, Members>;
  readonly components: Record<string, Members>;
}

/** The services that have a document, in the order in which a reader meets them. */
export const services = ["products", "orders", "users", "payment-3p", "payment", "delivery-pricing", "delivery", "inventory", "admin"] as const;

/** All documents of the shop as one. */
export async function loadDocument(signal: AbortSignal): Promise<ApiDocument> {
  const documents = await Promise.all(
    services.map(async (service) => {
      const response = await fetch(`/openapi/${service}.json`, { signal });
      if (!response.ok) throw new Error(`the document of ${service} answered ${response.status}`);
      return [service, (await response.json()) as ApiDocument] as const;
    }),
  );
  return combine(documents);
}

/**
 * One document of several. Each has names for its schemas that another one may use for something else, so that they
 * are put behind the service's own.
 */
export function combine(documents: readonly (readonly [service: string, document: ApiDocument])[]): ApiDocument {
  const combined: ApiDocument = {
    openapi: "3.1.0",
    info: {
      title: "The shop's API",
      version: "1.0.0",
      description: "What the shop's services can be asked. A call that is tried from here is made as whoever is logged in.",
    },
    servers: [{ url: "/" }],
    tags: [],
    paths: {},
    components: { securitySchemes: {}, responses: {}, schemas: {} },
  };
  for (const [service, original] of documents) {
    const document = renamed(original as unknown as Json, service) as unknown as ApiDocument;
    combined.tags.push(...document.tags);
    for (const [path, item] of Object.entries(document.paths)) {
      combined.paths[path] = { ...combined.paths[path], ...item };
    }
    for (const [kind, parts] of Object.entries(document.components)) {
      // People and services prove who they are in the same way everywhere.
      const prefix = kind === "securitySchemes" ? "" : `${service}.`;
      const into = (combined.components[kind] ??= {});
      for (const [name, part] of Object.entries(parts)) into[`${prefix}${name}`] = part;
    }
  }
  return combined;
}

const reference = /^#\/components\/(schemas|responses)\//;

/** The same with references to what is called differently now. */
function renamed(part: Json, service: string): Json {
  if (Array.isArray(part)) return part.map((item) => renamed(item, service));
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [
      name,
      name === "$ref" && typeof value === "string"
        ? value.replace(reference, (start) => `${start}${service}.`)
        : renamed(value, service),
    ]),
  );
}
