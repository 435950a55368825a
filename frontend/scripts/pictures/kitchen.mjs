import { circle, colour as c, ellipse, ground, group, light, path, rectangle, repeat, shade, stroke, within } from "./drawing.mjs";

const egg = (x, y, turn) =>
  group(
    `translate(${x} ${y}) rotate(${turn})`,
    path("M-58 6 Q-66 -40 -20 -44 Q8 -62 38 -40 Q72 -28 58 10 Q56 46 16 44 Q-8 60 -34 42 Q-56 36 -58 6Z", c.cream),
    circle(2, -2, 25, c.ochre),
    circle(-6, -10, 7, c.white, { opacity: 0.65 }),
  );

const skillet = () => [
  ellipse(310, 362, 206, 196, c.ink, { opacity: 0.12 }),
  group(
    "rotate(45 298 338)",
    path("M274 160 L280 10 Q282 -14 298 -14 Q314 -14 316 10 L322 160Z", c.charcoal),
    path("M290 140 L293 30 L297 140Z", c.white, { opacity: 0.12 }),
    ellipse(298, 14, 8, 14, "#f0e2bd"),
  ),
  path("M118 356 Q82 366 90 392 Q104 410 138 396Z", c.charcoal),
  circle(298, 346, 190, c.charcoal),
  circle(298, 346, 168, c.charcoalLight),
  circle(298, 346, 160, "#3d4347"),
  path("M150 300 Q180 200 290 190 Q200 226 166 330Z", c.white, { opacity: 0.1 }),
  egg(246, 306, -12),
  egg(348, 374, 40),
  ...[[300, 266], [214, 398], [266, 420], [398, 300], [372, 270], [292, 352]].map(([x, y], index) =>
    group(`translate(${x} ${y}) rotate(${index * 47})`, path("M-12 0 Q0 -14 14 0 Q0 10 -12 0Z", index % 2 ? c.pineLight : c.moss)),
  ),
  ...repeat(12, (index) => circle(232 + ((index * 67) % 150), 284 + ((index * 43) % 120), 2.5, c.ink, { opacity: 0.5 })),
];

const pourOver = () => [
  ground(320, 260, 528),
  stroke("M300 110 q-14 -18 0 -34 t0 -34 M340 110 q-14 -18 0 -34 t0 -34", c.white, 7, { opacity: 0.75 }),
  within(
    "glass",
    "M216 150 H424 L352 300 Q358 330 408 396 Q444 450 430 498 Q422 524 396 524 H244 Q218 524 210 498 Q196 450 232 396 Q282 330 288 300Z",
    c.white,
    rectangle(180, 140, 280, 400, 0, c.sky, { opacity: 0.45 }),
    path("M190 430 Q256 416 320 430 Q386 442 450 428 V530 H190Z", c.leatherDark),
    path("M190 430 Q256 416 320 430 Q386 442 450 428 V442 Q386 456 320 444 Q256 430 190 444Z", c.leather),
    path("M240 176 H400 L340 296 H300Z", c.charcoalLight),
    path("M248 192 H392 L374 226 H266Z", c.leatherDark),
    light("M222 152 H246 L306 300 Q300 340 250 404 Q218 450 232 520 H214 Q196 450 232 396 Q282 330 288 300Z", 0.6),
    shade("M404 400 Q436 450 420 520 H440 V400Z", 0.1),
  ),
  stroke("M216 150 H424", c.white, 9),
  stroke("M318 310 V424", c.leather, 5),
  path("M276 282 H364 L378 352 H262Z", c.wood),
  path("M276 282 H364 L366 294 H274Z", c.woodLight),
  stroke("M292 300 q4 26 -4 44 M336 298 q6 26 14 46", c.woodDark, 3),
  stroke("M268 318 H372", c.leatherDark, 7),
  circle(320, 322, 11, c.rust),
  stroke("M316 330 l-10 22 M324 330 l8 24", c.leatherDark, 4),
  circle(320, 322, 4, c.cream),
  ...[[466, 512], [494, 518], [480, 500], [446, 520]].map(([x, y], index) =>
    group(`translate(${x} ${y}) rotate(${index * 35})`, ellipse(0, 0, 15, 10, c.leatherDark), stroke("M-11 0 q11 5 22 0", c.leatherLight, 2.5)),
  ),
];

const teapot = () => [
  ground(316, 340, 506),
  stroke("M196 262 Q180 92 320 92 Q460 92 444 262", c.woodDark, 17),
  stroke("M200 236 Q190 100 320 98", c.woodLight, 5, { opacity: 0.8 }),
  ...[[204, 186], [262, 108], [378, 108], [436, 186]].map(([x, y]) => circle(x, y, 9, c.leatherDark)),
  path("M436 336 Q496 330 510 262 Q512 240 544 238 Q550 250 542 258 Q528 400 424 430Z", c.teal),
  path("M510 262 Q512 240 544 238 Q550 250 542 258Z", c.tealDark),
  within(
    "belly",
    "M226 252 Q320 226 414 252 Q488 310 474 400 Q460 502 320 504 Q180 502 166 400 Q152 310 226 252Z",
    c.sand,
    path("M140 220 H500 V372 Q450 396 400 376 Q350 358 300 384 Q250 404 210 380 Q176 366 140 388Z", c.teal),
    path("M140 372 Q176 352 210 366 Q250 392 300 370 Q350 346 400 362 Q450 382 500 358 V374 Q450 398 400 378 Q350 360 300 386 Q250 406 210 382 Q176 368 140 390Z", c.tealLight),
    ...repeat(26, (index) => circle(180 + ((index * 53) % 280), 408 + ((index * 31) % 88), 2.4, c.leatherDark, { opacity: 0.45 })),
    ...repeat(16, (index) => circle(190 + ((index * 71) % 260), 266 + ((index * 37) % 90), 2.4, c.cream, { opacity: 0.45 })),
    light("M196 300 Q214 274 246 266 Q204 330 214 412 Q184 372 196 300Z", 0.3),
    shade("M420 256 Q500 320 470 420 Q440 500 340 506 Q450 440 420 256Z", 0.13),
  ),
  path("M236 250 Q246 212 320 210 Q394 212 404 250 Q320 274 236 250Z", c.tealDark),
  path("M248 240 Q262 218 320 216 Q300 226 290 250Z", c.white, { opacity: 0.2 }),
  circle(320, 198, 19, c.sand),
  circle(314, 192, 6, c.white, { opacity: 0.5 }),
  circle(204, 262, 12, c.tealDark),
  circle(436, 262, 12, c.tealDark),
];

const tomato = (x, y) => [
  circle(x, y, 34, c.rust),
  circle(x, y, 27, c.rustLight),
  ...repeat(4, (index) =>
    group(`translate(${x} ${y}) rotate(${index * 90 + 20})`, path("M4 -3 Q10 -20 20 -12 Q22 -2 8 3Z", c.rust), circle(15, -8, 2.5, c.ochreLight)),
  ),
];

const board = () => [
  path("M120 190 Q120 166 144 166 H500 Q524 166 524 190 V500 Q524 524 500 524 H144 Q120 524 120 500Z", c.ink, { opacity: 0.12, transform: "translate(10 12)" }),
  within(
    "board",
    "M118 196 Q118 172 142 172 H270 Q280 170 282 156 L286 104 Q290 76 320 76 Q350 76 354 104 L358 156 Q360 170 370 172 H498 Q522 172 522 196 V494 Q522 518 498 518 H142 Q118 518 118 494Z",
    c.wood,
    ...repeat(9, (index) => stroke(`M100 ${200 + index * 40} Q220 ${184 + index * 42} 330 ${206 + index * 38} T540 ${196 + index * 40}`, c.woodDark, 3, { opacity: 0.4 })),
    light("M118 172 H522 V182 H118Z", 0.35),
    shade("M118 506 H522 V520 H118Z", 0.16),
  ),
  circle(320, 110, 13, "#ecd9ab"),
  stroke("M144 214 Q144 198 160 198 H480 Q496 198 496 214 V474 Q496 490 480 490 H160 Q144 490 144 474Z", c.woodDark, 6, { opacity: 0.7 }),
  tomato(222, 296),
  tomato(278, 264),
  group("translate(190 384)", circle(0, 0, 44, c.rust), path("M-30 -18 Q-20 -36 -2 -38 Q-22 -24 -26 -6Z", c.white, { opacity: 0.4 }), path("M0 -26 l-22 -8 l14 0 l-8 -14 l14 8 l6 -14 l4 14 l16 -6 l-8 12 l14 4Z", c.pine)),
  group(
    "rotate(-34 390 350)",
    path("M258 336 H452 V372 Q330 392 258 342Z", c.steelLight),
    path("M268 350 Q340 384 452 364 V372 Q330 392 262 346Z", c.steelDark),
    rectangle(448, 332, 18, 34, 2, c.brass),
    path("M464 332 H570 Q586 332 586 348 Q586 366 566 364 L464 366Z", c.leatherDark),
    path("M464 334 H568 Q578 336 580 344 L464 342Z", c.leatherLight, { opacity: 0.6 }),
    ...[488, 522, 556].map((x) => circle(x, 349, 5, c.brass)),
  ),
  ...[[316, 440], [356, 456], [400, 452]].map(([x, y], index) =>
    group(`translate(${x} ${y}) rotate(${index * 60 - 30})`, path("M-18 0 Q0 -22 22 0 Q0 16 -18 0Z", index === 1 ? c.pineLight : c.pine), stroke("M-14 0 H16", c.moss, 2.5)),
  ),
];

const mug = (name, x, y, body, rim, dots) =>
  group(
    `translate(${x} ${y})`,
    stroke("M196 62 Q270 50 262 112 Q254 168 190 160", rim, 20),
    stroke("M196 62 Q270 50 262 112 Q254 168 190 160", body, 11),
    within(
      name,
      "M0 14 H208 L200 196 Q198 214 180 214 H28 Q10 214 8 196Z",
      body,
      ...repeat(40, (index) => circle(6 + ((index * 61) % 196), 26 + ((index * 37) % 180), index % 4 === 0 ? 4 : 2.4, dots, { opacity: 0.75 })),
      light("M0 14 H36 L44 214 H10Z", 0.22),
      shade("M172 14 H208 V214 H160Z", 0.12),
    ),
    ellipse(104, 14, 106, 20, rim),
    ellipse(104, 14, 95, 14, c.leatherDark),
    ellipse(104, 18, 80, 8, c.leather),
  );

const mugs = () => [
  ground(326, 470, 504),
  stroke("M206 172 q-16 -22 0 -42 t0 -42 M248 176 q-16 -22 0 -42 t0 -42", c.white, 8, { opacity: 0.8 }),
  stroke("M400 214 q-14 -20 0 -36 t0 -36", c.white, 7, { opacity: 0.7 }),
  group("translate(126 222) scale(1.24)", mug("back", 0, 0, c.cream, c.night, c.night)),
  group("translate(298 288) scale(1)", mug("front", 0, 0, c.pine, c.ink, c.cream)),
];

export const kitchen = {
  "ember-cast-iron-skillet": skillet,
  "slow-morning-pour-over": pourOver,
  "pebble-stoneware-teapot": teapot,
  "orchard-board-and-knife": board,
  "dapple-enamel-mugs": mugs,
};
