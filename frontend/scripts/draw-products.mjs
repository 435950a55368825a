// Draws the product pictures: one SVG file for each picture that the catalogue names.
//
//   node scripts/draw-products.mjs           writes public/images/products/*.svg
//   node scripts/draw-products.mjs --check   fails when the files differ from what would be drawn
//
// It refuses a catalogue entry without a drawing and a drawing without a catalogue entry.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { bags } from "./pictures/bags.mjs";
import { camp } from "./pictures/camp.mjs";
import { clothing } from "./pictures/clothing.mjs";
import { picture } from "./pictures/drawing.mjs";
import { home } from "./pictures/home.mjs";
import { kitchen } from "./pictures/kitchen.mjs";
import { shoes } from "./pictures/shoes.mjs";

const root = join(import.meta.dirname, "..");
const folder = join(root, "public/images/products");
const catalogue = JSON.parse(readFileSync(join(root, "../handlers/products/seed/catalogue.json"), "utf8"));
const drawings = { ...shoes, ...clothing, ...bags, ...camp, ...kitchen, ...home };

const slugs = new Set(catalogue.map((product) => product.slug));
const problems = [
  ...[...slugs].filter((slug) => !drawings[slug]).map((slug) => `no drawing for "${slug}"`),
  ...Object.keys(drawings).filter((slug) => !slugs.has(slug)).map((slug) => `"${slug}" is drawn but not in the catalogue`),
];
const files = new Map(
  catalogue
    .filter((product) => drawings[product.slug])
    .map((product) => [`${product.slug}.svg`, picture(product.category, product.pictures[0].alt, drawings[product.slug]())]),
);

if (process.argv.includes("--check")) {
  for (const [name, svg] of files) {
    const stored = readFileSync(join(folder, name), { encoding: "utf8", flag: "a+" });
    if (stored !== svg) problems.push(`${name} is out of date: run "npm run draw"`);
  }
} else {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
  for (const [name, svg] of files) writeFileSync(join(folder, name), svg);
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
