import { circle, colour as c, ellipse, ground, group, light, path, rectangle, shade, stitch, stroke, within } from "./drawing.mjs";

const buckle = (x, y, angle = 0) =>
  group(
    `translate(${x} ${y}) rotate(${angle})`,
    rectangle(-16, -12, 32, 24, 5, c.brass),
    rectangle(-9, -6, 18, 12, 2, c.leatherDark),
    rectangle(-2, -12, 4, 18, 2, c.brass),
  );

const backpack = () => [
  ground(320, 320, 536),
  stroke("M282 118 Q284 78 320 78 Q356 78 358 118", c.leatherDark, 13),
  path("M196 220 Q160 240 156 320 V470 Q158 492 184 490 H210Z", c.pineDark),
  path("M444 220 Q480 240 484 320 V470 Q482 492 456 490 H430Z", c.pineDark),
  rectangle(146, 386, 60, 112, 20, c.pine),
  rectangle(434, 386, 60, 112, 20, c.pine),
  path("M452 390 V330 Q452 318 468 318 Q484 318 484 330 V390Z", c.rust),
  rectangle(456, 302, 24, 20, 5, c.charcoal),
  within(
    "body",
    "M196 178 Q196 106 262 104 H378 Q444 106 444 178 L456 480 Q456 528 410 528 H230 Q184 528 184 480Z",
    c.pine,
    light("M196 170 H236 L222 528 H180Z", 0.12),
    shade("M412 150 H450 L460 528 H404Z", 0.16),
  ),
  within(
    "flap",
    "M188 172 Q190 96 262 94 H378 Q450 96 452 172 L454 262 Q454 300 416 304 Q320 318 224 304 Q186 300 186 262Z",
    c.pineLight,
    light("M190 120 Q220 92 280 94 L240 312 H180Z", 0.14),
    shade("M180 282 Q320 306 460 282 V320 H180Z", 0.14),
  ),
  stitch("M202 262 Q204 286 228 290 Q320 302 412 290 Q436 286 438 262"),
  within("pocket", "M214 372 Q214 356 230 356 H410 Q426 356 426 372 L430 478 Q430 502 406 502 H234 Q210 502 210 478Z", c.pineDark, light("M206 350 H434 V388 H206Z", 0.08)),
  stitch("M224 382 H416", c.ochreLight),
  stroke("M236 370 H404", c.brass, 5),
  ...[252, 366].flatMap((x) => [
    rectangle(x, 196, 22, 196, 6, c.leatherLight),
    path(`M${x} 380 h22 v24 l-11 10 l-11 -10Z`, c.leatherLight),
    buckle(x + 11, 338),
    stitch(`M${x + 11} 206 V314`, c.cream, 2.5),
  ]),
  rectangle(288, 418, 64, 46, 5, c.leatherLight),
  path("M300 454 l14 -22 l10 13 l7 -9 l12 18Z", c.leatherDark),
];

const duffel = () => [
  ground(320, 450, 500),
  stroke("M216 300 Q216 150 320 150 Q424 150 424 300", c.leatherDark, 18),
  within(
    "body",
    "M96 330 Q96 256 170 252 H470 Q544 256 544 330 V430 Q544 492 482 492 H158 Q96 492 96 430Z",
    c.ochre,
    light("M96 252 H544 V304 Q320 282 96 304Z", 0.2),
    shade("M96 440 Q320 470 544 440 V500 H96Z", 0.16),
    path("M80 240 H168 Q146 372 168 500 H80Z", c.leather),
    path("M560 240 H472 Q494 372 472 500 H560Z", c.leather),
  ),
  stitch("M176 262 Q156 372 176 484", c.cream),
  stitch("M464 262 Q484 372 464 484", c.cream),
  stroke("M180 268 H460", c.leatherDark, 11),
  stroke("M182 268 H458", c.brass, 5, { "stroke-dasharray": "4 7" }),
  rectangle(446, 262, 34, 12, 6, c.brass),
  ...[206, 412].flatMap((x) => [
    rectangle(x, 292, 24, 200, 4, c.leather),
    stitch(`M${x + 12} 304 V484`, c.cream, 2.5),
    circle(x + 12, 318, 6, c.brass),
  ]),
  stroke("M218 310 Q218 176 320 176 Q422 176 422 310", c.leather, 18),
  rectangle(286, 164, 68, 26, 12, c.leatherDark),
  stitch("M298 177 H342", c.cream, 2.5),
  rectangle(286, 362, 68, 50, 5, c.leather),
  path("M300 402 l15 -25 l10 14 l7 -9 l13 20Z", c.ochreLight),
  stroke("M100 320 q-16 20 -8 48", c.leatherDark, 10),
  circle(94, 372, 12, "none", { stroke: c.brass, "stroke-width": 6 }),
];

const tote = () => [
  ground(320, 320, 534),
  stroke("M248 270 Q250 132 320 132 Q390 132 392 270", c.sandDark, 17),
  ...[0, 1, 2].flatMap((index) => [
    group(
      `rotate(${-20 + index * 13} 240 300)`,
      rectangle(226 + index * 8, 180, 18, 160, 8, c.cream),
      path(`M${226 + index * 8} 214 Q${206 + index * 8} 150 ${220 + index * 8} 104 Q${236 + index * 8} 150 ${235 + index * 8} 206Z`, c.pine),
      path(`M${244 + index * 8} 214 Q${262 + index * 8} 154 ${250 + index * 8} 112 Q${234 + index * 8} 150 ${236 + index * 8} 206Z`, c.pineLight),
    ),
  ]),
  group(
    "rotate(16 390 240)",
    rectangle(356, 128, 64, 210, 32, c.wood),
    light("M364 160 Q364 136 382 134 Q372 220 376 330 H364Z", 0.25),
    stroke("M370 168 l34 16 M370 206 l34 16 M370 244 l34 16", c.woodDark, 8),
  ),
  circle(318, 268, 34, c.rust),
  circle(308, 258, 9, c.rustLight),
  stroke("M318 236 q4 -14 16 -16", c.pineDark, 6),
  within(
    "body",
    "M178 266 H462 L474 500 Q474 526 448 526 H192 Q166 526 166 500Z",
    c.cream,
    shade("M410 260 H470 V530 H420Z", 0.07),
    shade("M160 496 H480 V530 H160Z", 0.08),
    rectangle(160, 266, 320, 22, 0, c.sand),
  ),
  stitch("M182 284 H458", c.leatherLight),
  path("M226 452 L292 352 L332 404 L358 372 L414 452Z", c.teal),
  path("M292 352 L318 386 L300 398 L288 384 L272 396 L266 392Z", c.white),
  circle(386, 346, 22, c.ochre),
  rectangle(226, 452, 188, 8, 4, c.tealDark),
  stroke("M232 292 Q236 190 320 190 Q404 190 408 292", c.sand, 17),
  ...[232, 408].flatMap((x) => [
    rectangle(x - 13, 282, 26, 40, 4, c.sand),
    stroke(`M${x - 7} 292 l14 20 m0 -20 l-14 20`, c.leatherLight, 3),
  ]),
];

const hipBag = () => [
  ground(320, 370, 470),
  stroke("M150 300 Q60 250 96 180 Q140 110 320 112 Q500 110 544 180 Q580 250 490 300", c.charcoal, 24),
  stroke("M150 300 Q60 250 96 180 Q140 110 320 112 Q500 110 544 180 Q580 250 490 300", c.charcoalLight, 3, { "stroke-dasharray": "9 8" }),
  group("translate(320 112)", rectangle(-36, -24, 72, 48, 8, c.brass), rectangle(-24, -13, 48, 26, 4, c.charcoal), rectangle(-5, -24, 10, 48, 3, c.brass)),
  within(
    "body",
    "M126 284 Q128 254 166 252 H474 Q512 254 514 284 Q514 420 440 452 Q320 476 200 452 Q126 420 126 284Z",
    c.berry,
    light("M120 250 H520 V290 Q320 270 120 290Z", 0.14),
    shade("M120 400 Q320 470 520 400 V480 H120Z", 0.18),
  ),
  stroke("M160 290 H480", c.berryDark, 13),
  stroke("M164 290 H476", c.brass, 5, { "stroke-dasharray": "4 7" }),
  path("M186 346 Q320 328 454 346 Q448 416 408 426 Q320 440 232 426 Q192 416 186 346Z", c.berryDark),
  stitch("M198 360 Q320 344 442 360", c.cream),
  rectangle(448, 284, 42, 12, 6, c.brass),
  stroke("M486 292 q14 14 8 36", c.ochre, 8),
  path("M116 268 L160 256 V330 L120 318Z", c.charcoal),
  path("M524 268 L480 256 L500 262 L512 322 L520 318Z", c.charcoal),
  rectangle(290, 368, 60, 42, 5, c.leatherLight),
  path("M301 400 l13 -20 l9 12 l6 -8 l12 16Z", c.leatherDark),
];

const dryBag = () => [
  ground(320, 270, 536),
  within(
    "body",
    "M214 214 Q202 236 200 268 V498 Q200 530 236 530 H404 Q440 530 440 498 V268 Q438 236 426 214Z",
    c.teal,
    light("M200 214 H252 Q236 260 236 530 H200Z", 0.16),
    shade("M440 214 H394 Q410 260 408 530 H440Z", 0.16),
    path("M190 488 H450 V536 H190Z", c.tealDark),
  ),
  path("M214 216 Q220 182 232 168 H408 Q420 182 426 216 Q320 232 214 216Z", c.tealDark),
  stroke("M238 184 L232 214 M276 180 L272 222 M364 180 L368 222 M402 184 L408 214", c.teal, 5),
  rectangle(206, 136, 228, 42, 18, c.tealLight),
  light("M216 146 H424 V154 H216Z", 0.4),
  path("M206 156 Q206 96 320 92 Q434 96 434 156 L416 156 Q412 116 320 112 Q228 116 224 156Z", c.charcoal),
  rectangle(284, 82, 72, 38, 8, c.ochre),
  rectangle(314, 82, 12, 38, 2, c.ochreDark),
  path("M220 288 Q320 300 420 288 V424 Q320 436 220 424Z", c.sky),
  path("M232 330 Q266 316 300 336 Q340 360 406 330 V416 Q320 426 232 416Z", c.rust, { opacity: 0.75 }),
  path("M232 372 Q290 350 350 378 Q380 390 406 380 V416 Q320 426 232 416Z", c.cream, { opacity: 0.9 }),
  path("M236 300 L266 302 L232 372 V310Z", c.white, { opacity: 0.5 }),
  stroke("M220 288 Q320 300 420 288 V424 Q320 436 220 424Z", c.tealDark, 7),
  stroke("M438 276 Q490 380 438 484", c.ochre, 12),
  circle(438, 276, 10, c.charcoal),
  circle(438, 484, 10, c.charcoal),
  stroke("M296 470 q12 -12 24 0 t24 0", c.cream, 6),
  ellipse(320, 530, 80, 5, c.ink, { opacity: 0.14 }),
];

export const bags = {
  "daywalk-backpack": backpack,
  "ferry-waxed-duffel": duffel,
  "market-tote": tote,
  "errand-hip-bag": hipBag,
  "spindrift-dry-bag": dryBag,
};
