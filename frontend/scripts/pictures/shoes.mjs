import { circle, colour as c, ellipse, ground, group, light, path, repeat, shade, stitch, stroke, within } from "./drawing.mjs";

const boot = () => [
  ground(345, 390),
  path("M196 176 Q168 168 172 146 Q176 130 196 138Z", c.leatherDark),
  path("M276 150 Q300 108 346 116 Q352 150 344 200 L300 214Z", c.leatherLight),
  within(
    "upper",
    "M192 150 Q258 134 322 152 L336 292 Q356 344 424 362 Q500 384 508 452 H182 Q172 398 188 340 Q204 250 192 150Z",
    c.leather,
    path("M180 130 H340 V196 Q262 178 180 196Z", c.leatherDark),
    path("M432 350 Q404 396 420 460 H520 V350Z", c.leatherDark),
    path("M160 356 Q244 366 258 460 H160Z", c.leatherDark),
    path("M334 200 L322 214 Q330 300 366 352 Q392 384 414 398 L440 372 Q352 340 346 290Z", c.leatherLight),
    light("M204 204 Q226 200 232 206 Q238 280 220 348 L206 348 Q220 270 204 204Z", 0.14),
  ),
  stitch("M424 378 Q410 410 424 442"),
  stitch("M186 368 Q236 382 248 442"),
  stitch("M204 200 Q262 186 318 198"),
  ...[
    [318, 176, 342, 166],
    [320, 212, 346, 204],
    [326, 250, 354, 246],
    [336, 288, 366, 288],
    [352, 322, 386, 326],
    [376, 350, 406, 358],
  ].flatMap(([x, y, x2, y2], index, all) => {
    const next = all[index + 1];
    return [
      stroke(`M${x} ${y} L${x2} ${y2}`, c.rust, 7),
      next ? stroke(`M${x2} ${y2} L${next[0]} ${next[1]}`, c.rustLight, 6) : [],
      circle(x, y, 7, c.brass),
      circle(x, y, 3, c.leatherDark),
    ];
  }),
  stroke("M326 168 Q292 150 280 176 Q276 196 316 180", c.rust, 6),
  stroke("M322 180 Q300 206 306 232", c.rust, 6),
  path("M174 446 H514 Q522 446 522 456 V464 H172 V452 Q172 446 174 446Z", c.sand),
  stitch("M184 455 H512", c.leatherDark, 3),
  path("M172 464 H522 Q524 486 516 498 Q512 506 498 506 H372 L362 494 H290 L286 506 H190 Q176 506 174 492Z", c.charcoal),
  ...repeat(6, (index) => path(`M${384 + index * 22} 506 v-10 h9 v10Z`, c.sand, { opacity: 0.35 })),
  ...repeat(4, (index) => path(`M${196 + index * 22} 506 v-10 h9 v10Z`, c.sand, { opacity: 0.35 })),
];

const sneaker = () => [
  ground(322, 440, 486),
  path("M238 300 Q262 246 318 252 L330 300Z", c.tealLight),
  within(
    "upper",
    "M128 436 Q118 350 138 282 Q146 262 166 272 Q204 296 246 284 Q262 278 276 262 L300 256 Q360 344 452 362 Q520 376 526 436Z",
    c.teal,
    path("M110 376 Q196 372 214 450 H110Z", c.tealDark),
    path("M266 268 L294 244 Q356 342 452 362 L420 400 Q318 378 266 268Z", c.tealDark),
    light("M150 292 Q170 300 184 300 Q172 340 176 372 L136 374 Q138 320 150 292Z", 0.16),
    path("M432 352 Q412 396 424 450 H540 V352Z", c.cream),
    shade("M110 426 H540 V450 H110Z", 0.12),
  ),
  stitch("M272 278 Q322 380 412 402"),
  stitch("M132 386 Q188 384 204 434"),
  stitch("M146 284 Q200 312 252 296"),
  ...[
    [298, 296, 338, 276],
    [318, 324, 360, 304],
    [342, 348, 384, 328],
    [370, 368, 412, 346],
  ].flatMap(([x, y, x2, y2]) => [
    stroke(`M${x} ${y} L${x2} ${y2}`, c.cream, 9),
    circle(x - 4, y + 2, 6, c.brass),
  ]),
  stroke("M330 280 Q292 240 272 262 Q264 284 318 290", c.cream, 7),
  stroke("M336 282 Q352 232 384 244 Q402 262 350 288", c.cream, 7),
  path("M118 430 H530 Q540 430 540 442 L536 472 Q534 484 520 484 H138 Q122 484 120 470 L114 444 Q112 430 118 430Z", c.cream),
  path("M116 458 H538 L537 466 H118Z", c.rust),
  path("M478 430 H530 Q540 430 540 442 L536 472 Q534 484 520 484 H462Z", c.sand),
  ellipse(166, 338, 20, 20, c.cream),
  path("M152 344 l10 -16 l6 9 l4 -5 l8 12Z", c.teal),
];

const runner = () => [
  ground(326, 450, 498),
  group(
    "rotate(-7 320 400)",
    path("M232 292 Q250 236 300 236 L322 292Z", c.charcoalLight),
    within(
      "upper",
      "M126 436 Q112 350 128 268 Q138 244 160 262 Q190 288 236 274 Q254 266 264 250 L292 244 Q352 340 446 356 Q528 372 534 436Z",
      c.rust,
      path("M100 350 Q180 330 230 440 H100Z", c.rustDark),
      path("M440 346 Q410 392 414 450 H550 V346Z", c.charcoal),
      path("M256 262 L284 236 Q350 340 446 356 L420 386 Q306 366 256 262Z", c.charcoal),
      stroke("M214 440 L300 330 M262 440 L336 362 M310 440 L380 386 M358 440 L420 396", c.ochreLight, 9),
      light("M134 282 Q164 302 196 296 Q180 320 182 340 L126 340Z", 0.18),
      shade("M100 422 H550 V450 H100Z", 0.12),
    ),
    ...[
      [292, 290, 330, 272],
      [312, 316, 352, 298],
      [338, 340, 378, 320],
      [368, 358, 408, 338],
    ].flatMap(([x, y, x2, y2]) => [stroke(`M${x} ${y} L${x2} ${y2}`, c.ochreLight, 7)]),
    stroke("M322 276 Q300 232 270 250 Q266 276 308 284", c.ochreLight, 6),
    path("M138 262 Q124 238 140 232 Q158 234 160 262Z", c.ochre),
    path("M112 428 H534 Q548 430 546 446 Q540 466 516 468 H142 Q118 468 114 450Z", c.cream),
    path("M112 442 Q240 470 340 452 Q440 434 547 446 Q540 468 516 468 H142 Q118 468 112 442Z", c.ochre),
    path("M120 464 H534 Q520 478 500 478 H150 Q130 478 120 464Z", c.charcoal),
    ...repeat(12, (index) => path(`M${150 + index * 30} 474 h18 l-4 18 h-10Z`, c.charcoal)),
  ),
];

const chelsea = () => [
  ground(342, 380),
  path("M196 152 Q184 112 208 110 Q226 112 218 150Z", c.ochre),
  within(
    "upper",
    "M190 150 Q256 132 324 150 L332 296 Q352 344 420 366 Q500 390 506 456 H182 Q170 396 184 330 Q200 240 190 150Z",
    c.pine,
    path("M232 140 H306 Q312 240 290 320 Q268 334 252 320 Q228 240 232 140Z", c.charcoal),
    ...repeat(8, (index) => stroke(`M${238 + index * 9} 140 Q${240 + index * 9} 250 ${262 + index * 3} 326`, c.charcoalLight, 3)),
    light("M398 376 Q470 392 484 436 L464 436 Q448 404 392 392Z", 0.26),
    light("M200 170 Q214 166 220 172 Q224 260 206 340 L192 340 Q206 260 200 170Z", 0.18),
    shade("M160 420 H520 V460 H160Z", 0.14),
  ),
  stroke("M236 150 Q232 240 254 318 Q270 332 288 318 Q310 240 304 148", c.pineDark, 6),
  path("M190 150 Q256 132 324 150 L325 164 Q256 146 191 164Z", c.pineDark),
  path("M172 450 H514 Q522 450 521 460 L518 490 Q516 506 500 506 H374 L364 496 H288 L284 506 H192 Q178 506 176 490 L170 462 Q168 450 172 450Z", c.pineDark),
  path("M171 464 H521 L520 474 H173Z", c.ochre),
  ...repeat(6, (index) => path(`M${388 + index * 20} 506 v-12 h8 v12Z`, c.pineLight)),
  ...repeat(4, (index) => path(`M${200 + index * 20} 506 v-12 h8 v12Z`, c.pineLight)),
];

const slipper = (dx, dy, name) =>
  group(
    `translate(${dx} ${dy})`,
    path("M112 430 Q108 452 132 456 H470 Q504 456 504 428Z", c.leatherDark),
    within(
      name,
      "M112 434 Q98 366 132 328 Q156 306 190 326 Q226 352 262 316 Q306 284 364 308 Q492 350 504 434Z",
      c.steelDark,
      light("M296 312 Q340 296 386 326 Q450 358 470 400 Q400 340 296 336Z", 0.22),
      shade("M90 412 H520 V440 H90Z", 0.14),
      ...repeat(14, (index) => circle(310 + (index % 7) * 26, 356 + Math.floor(index / 7) * 38 + (index % 3) * 8, 3, c.steelLight, { opacity: 0.55 })),
      ...repeat(6, (index) => circle(132 + (index % 3) * 30, 372 + Math.floor(index / 3) * 32 + (index % 2) * 8, 3, c.steelLight, { opacity: 0.55 })),
    ),
    path("M132 328 Q156 306 190 326 Q226 352 262 316 Q296 290 336 300 Q300 320 280 344 Q228 396 178 360 Q150 340 132 328Z", c.night),
    stroke("M130 330 Q156 306 190 326 Q226 352 262 316 Q298 288 346 302", c.ochre, 15),
    stitch("M122 424 H494", c.ochreLight, 4),
  );

const slippers = () => [
  ground(320, 470, 492),
  group("translate(60 -70) scale(.94)", slipper(0, 0, "back")),
  slipper(-10, 36, "front"),
];

export const shoes = {
  "ridgeline-leather-boot": boot,
  "harbour-canvas-sneaker": sneaker,
  "fell-trail-runner": runner,
  "meadow-chelsea-boot": chelsea,
  "hearth-wool-slipper": slippers,
};
