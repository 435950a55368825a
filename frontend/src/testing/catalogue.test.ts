import { expect, it } from "vitest";

import catalogue from "../../../handlers/products/seed/catalogue.json";

const drawn = Object.keys(import.meta.glob("../../public/images/products/*.svg")).map((file) => file.replace("../../public", ""));

it("every product of the seed can be shown", () => {
  const faults = catalogue.flatMap(({ slug, name, description, category, price, pictures, tags }) => [
    ...(/^[a-z\d]+(-[a-z\d]+)*$/.test(slug) ? [] : [`${slug}: bad slug`]),
    ...(name && category && description.length > 80 && tags.length > 0 ? [] : [`${slug}: not described`]),
    ...(Number.isSafeInteger(price.amount) && price.amount > 0 && price.currency === "EUR" ? [] : [`${slug}: bad price`]),
    ...(pictures.length > 0 ? [] : [`${slug}: no picture`]),
    ...pictures.filter(({ url, alt }) => !alt || !drawn.includes(url)).map(({ url }) => `${slug}: no ${url}`),
  ]);
  expect(faults).toEqual([]);
  expect(new Set(catalogue.map(({ slug }) => slug)).size).toBe(catalogue.length);
});
