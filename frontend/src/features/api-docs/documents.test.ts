import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, it } from "vitest";

import { combine, services, type ApiDocument, type Json } from "./documents";

const files = import.meta.glob<ApiDocument>("../../../public/openapi/*.json", { eager: true, import: "default" });
const documents = Object.entries(files).map(([file, document]) => [/([^/]+)\.json$/.exec(file)?.[1] ?? file, document] as const);

it("every service with a document is shown", () => {
  expect(documents.map(([service]) => service).sort()).toEqual([...services].sort());
});

const judge = (document: ApiDocument) => new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>);

it.each(documents)("the document of %s is OpenAPI 3.1", async (_, document) => {
  expect(document.openapi).toBe("3.1.0");
  expect(await judge(document)).toEqual({ valid: true });
});

it("what is no OpenAPI is found", async () => {
  const [first] = documents;
  const { valid } = await judge({ ...first?.[1], info: { title: "no version" } } as unknown as ApiDocument);
  expect(valid).toBe(false);
});

it("all documents together are one", async () => {
  const combined = combine(documents);
  expect(await judge(combined)).toEqual({ valid: true });
  const operations = (document: ApiDocument) => Object.values(document.paths).flatMap((item) => Object.keys(item));
  expect(operations(combined)).toHaveLength(documents.flatMap(([, document]) => operations(document)).length);
  const dangling = references(combined as unknown as Json).filter((path) => find(combined as unknown as Json, path) === undefined);
  expect(dangling).toEqual([]);
});

function references(part: Json): string[] {
  if (typeof part !== "object" || part === null) return [];
  const own = !Array.isArray(part) && typeof part.$ref === "string" ? [part.$ref] : [];
  return [...own, ...Object.values(part).flatMap(references)];
}

const find = (document: Json, path: string): Json | undefined =>
  path
    .split("/")
    .slice(1)
    .reduce<Json | undefined>(
      (part, name) => (typeof part === "object" && part !== null && !Array.isArray(part) ? part[name] : undefined),
      document,
    );
