// The drawing kit of the product pictures: one palette, flat shapes, soft shade and light.
// It knows SVG and nothing of products.

export const colour = {
  ink: "#22313a",
  night: "#31485a",
  nightLight: "#48647a",
  teal: "#2f7175",
  tealDark: "#245659",
  tealLight: "#63a3a1",
  sky: "#a9cdd2",
  pine: "#42654f",
  pineDark: "#30493a",
  pineLight: "#6a8d72",
  moss: "#93a262",
  sand: "#e6d7ba",
  sandDark: "#cdb88f",
  cream: "#f8f1e2",
  ochre: "#dba63f",
  ochreDark: "#b78229",
  ochreLight: "#efc973",
  rust: "#c85b32",
  rustDark: "#9f4325",
  rustLight: "#e08759",
  berry: "#93324a",
  berryDark: "#702338",
  berryLight: "#b65468",
  leather: "#8c5b3b",
  leatherDark: "#694229",
  leatherLight: "#ad7d55",
  wood: "#cb9c68",
  woodDark: "#a77848",
  woodLight: "#e2be90",
  brass: "#d8b15a",
  steel: "#b7c3c6",
  steelDark: "#85969b",
  steelLight: "#dfe6e6",
  charcoal: "#34393d",
  charcoalLight: "#4b5257",
  white: "#ffffff",
};

/** Each category has its own wall and its own sun behind the product. */
const stage = {
  Shoes: { wall: "#f1e6d4", sun: "#e6d2b0" },
  Clothing: { wall: "#e2eae4", sun: "#cbdcd1" },
  Bags: { wall: "#f4e4d7", sun: "#eaceb8" },
  Camp: { wall: "#dbe8ea", sun: "#c0d9dd" },
  Kitchen: { wall: "#f5ebd3", sun: "#ecd9ab" },
  Home: { wall: "#eee5e1", sun: "#e0d0ca" },
};

const attributes = (values) =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("");

const element = (name, values, children) =>
  children === undefined
    ? `<${name}${attributes(values)}/>`
    : `<${name}${attributes(values)}>${children.flat(Infinity).join("")}</${name}>`;

export const path = (d, fill, more = {}) => element("path", { d, fill, ...more });

export const stroke = (d, ink, width, more = {}) =>
  element("path", {
    d,
    fill: "none",
    stroke: ink,
    "stroke-width": width,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    ...more,
  });

export const stitch = (d, ink = colour.cream, width = 3) =>
  stroke(d, ink, width, { "stroke-dasharray": "9 8", opacity: 0.75 });

export const circle = (cx, cy, r, fill, more = {}) => element("circle", { cx, cy, r, fill, ...more });

export const ellipse = (cx, cy, rx, ry, fill, more = {}) =>
  element("ellipse", { cx, cy, rx, ry, fill, ...more });

export const rectangle = (x, y, width, height, rx, fill, more = {}) =>
  element("rect", { x, y, width, height, rx, fill, ...more });

export const group = (transform, ...children) => element("g", { transform }, children);

export const shade = (d, opacity = 0.16) => path(d, colour.ink, { opacity });

export const light = (d, opacity = 0.22) => path(d, colour.white, { opacity });

/** A filled outline, and what is painted on it, cut off at its edge. `name` is unique in a picture. */
export const within = (name, d, fill, ...children) => [
  `<clipPath id="${name}"><path d="${d}"/></clipPath>`,
  path(d, fill),
  element("g", { "clip-path": `url(#${name})` }, children),
];

export const repeat = (count, draw) => Array.from({ length: count }, (_, index) => draw(index));

/** The shadow that puts a thing on the ground. */
export const ground = (cx, width, y = 508) =>
  ellipse(cx, y, width / 2, width / 26 + 6, colour.ink, { opacity: 0.14 });

export function picture(category, title, children) {
  const { wall, sun } = stage[category];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 640" width="640" height="640" role="img">`,
    `<title>${title}</title>`,
    rectangle(0, 0, 640, 640, 0, wall),
    circle(320, 306, 226, sun),
    ...children.flat(Infinity),
    `</svg>`,
  ].join("\n") + "\n";
}
