import { circle, colour as c, ellipse, ground, group, light, path, rectangle, repeat, shade, stroke, within } from "./drawing.mjs";

const folded = (name, y, height, body, dark, stripes) => [
  within(
    name,
    `M140 ${y + 12} Q140 ${y} 156 ${y} H456 Q504 ${y} 504 ${y + height / 2} Q504 ${y + height} 456 ${y + height} H156 Q140 ${y + height} 140 ${y + height - 12}Z`,
    body,
    ...stripes.map(([x, width, ink]) => rectangle(x, y, width, height, 0, ink)),
    light(`M140 ${y} H510 V${y + 12} H140Z`, 0.25),
    shade(`M140 ${y + height - 14} H510 V${y + height} H140Z`, 0.14),
    stroke(`M140 ${y + height / 2} H470`, dark, 4, { opacity: 0.6 }),
  ),
  ...repeat(Math.floor(height / 9), (index) => stroke(`M142 ${y + 8 + index * 9} h${-26 + (index % 3) * 5}`, index % 2 ? dark : body, 5)),
];

const blanket = () => [
  ground(320, 420, 512),
  folded("bottom", 424, 84, c.night, c.ink, [[210, 22, c.cream], [244, 8, c.cream], [400, 22, c.cream], [382, 8, c.cream]]),
  folded("middle", 340, 84, c.sand, c.sandDark, [[200, 40, c.rust], [252, 10, c.rust], [390, 40, c.rust], [368, 10, c.rust]]),
  folded("top", 256, 84, c.teal, c.tealDark, [[220, 12, c.ochreLight], [242, 30, c.cream], [282, 12, c.ochreLight], [410, 12, c.ochreLight]]),
  group(
    "translate(320 254)",
    path("M-96 2 Q-104 -22 -70 -26 H76 Q104 -22 98 2Z", c.sand),
    path("M-70 -26 H76 Q104 -22 98 2 H60 Q74 -14 40 -26Z", c.sandDark, { opacity: 0.5 }),
    path("M-54 -26 Q-60 -92 0 -92 Q60 -92 54 -26Z", c.cream),
    ellipse(0, -90, 46, 12, c.leatherDark),
    stroke("M52 -74 Q92 -78 86 -50 Q80 -34 54 -38", c.cream, 11),
    stroke("M-12 -112 q-12 -16 0 -30 t0 -30 M14 -112 q-12 -16 0 -30 t0 -30", c.white, 6, { opacity: 0.75 }),
    stroke("M-52 -56 Q0 -46 53 -56", c.rust, 6),
  ),
];

const candle = (name, x, top, width, body, dark) => [
  circle(x, top - 42, 54, c.ochreLight, { opacity: 0.3 }),
  path(`M${x} ${top - 82} Q${x + 24} ${top - 44} ${x + 15} ${top - 26} Q${x} ${top - 10} ${x - 15} ${top - 26} Q${x - 24} ${top - 44} ${x} ${top - 82}Z`, c.ochre),
  path(`M${x} ${top - 56} Q${x + 11} ${top - 34} ${x} ${top - 22} Q${x - 11} ${top - 34} ${x} ${top - 56}Z`, c.cream),
  stroke(`M${x} ${top + 4} V${top - 24}`, c.charcoal, 5),
  within(
    name,
    `M${x - width / 2} ${top + 8} Q${x} ${top - 8} ${x + width / 2} ${top + 8} V470 H${x - width / 2}Z`,
    body,
    light(`M${x - width / 2} ${top - 10} h18 V480 h-18Z`, 0.35),
    shade(`M${x + width / 2 - 18} ${top - 10} h20 V480 h-20Z`, 0.14),
    ...repeat(Math.floor((470 - top) / 34), (row) =>
      repeat(3, (index) => {
        const px = x - width / 2 + 18 + index * ((width - 26) / 2) + (row % 2) * 8;
        const py = top + 34 + row * 32;
        return stroke(`M${px} ${py} l9 -5 l9 5 v10 l-9 5 l-9 -5Z`, dark, 2.5, { opacity: 0.45 });
      }),
    ),
    path(`M${x - 8} ${top - 10} h22 v38 q0 10 -8 10 q-7 0 -7 -10 v-12 q-7 4 -7 -6Z`, c.cream, { opacity: 0.55 }),
  ),
];

const candles = () => [
  ground(320, 430, 516),
  candle("left", 212, 330, 92, c.ochreLight, c.ochreDark),
  candle("right", 434, 268, 92, c.ochre, c.ochreDark),
  candle("middle", 324, 184, 92, c.ochreLight, c.ochreDark),
  within(
    "tray",
    "M116 462 H524 Q540 462 536 480 L528 500 Q522 514 506 514 H134 Q118 514 112 500 L104 480 Q100 462 116 462Z",
    c.wood,
    light("M100 460 H540 V472 H100Z", 0.3),
    stroke("M110 490 Q220 480 330 492 T540 488", c.woodDark, 3),
    shade("M100 504 H540 V516 H100Z", 0.16),
  ),
];

const lamp = () => [
  ground(300, 330, 524),
  path("M402 268 L516 470 H288Z", c.ochreLight, { opacity: 0.35 }),
  stroke("M240 506 Q120 520 96 470 Q80 436 60 446", c.rust, 6),
  stroke("M246 490 L206 300", c.wood, 20),
  stroke("M242 482 L204 304", c.woodLight, 5, { opacity: 0.8 }),
  stroke("M206 300 L372 148", c.wood, 20),
  stroke("M208 292 L366 148", c.woodLight, 5, { opacity: 0.8 }),
  stroke("M226 380 L262 252", c.steelDark, 5),
  circle(206, 300, 20, c.brass),
  circle(206, 300, 8, c.leatherDark),
  circle(372, 150, 17, c.brass),
  circle(372, 150, 7, c.leatherDark),
  group(
    "rotate(-14 400 200)",
    rectangle(380, 138, 42, 34, 10, c.tealDark),
    ellipse(401, 268, 38, 24, c.cream),
    within("shade", "M384 166 H420 Q468 196 482 268 H320 Q336 196 384 166Z", c.teal, light("M384 166 H398 Q352 200 346 270 H316Z", 0.28), shade("M420 166 Q460 200 466 270 H490 V200Z", 0.16), rectangle(310, 256, 180, 14, 0, c.tealDark)),
  ),
  path("M176 516 Q176 488 246 486 Q316 488 316 516 Q316 524 306 524 H186 Q176 524 176 516Z", c.charcoal),
  path("M190 502 Q206 490 246 490 Q220 496 210 508Z", c.white, { opacity: 0.2 }),
  group("translate(356 470)", rectangle(0, 32, 150, 22, 3, c.rust), rectangle(6, 37, 144, 12, 2, c.cream), rectangle(10, 10, 132, 22, 3, c.night), rectangle(14, 15, 128, 12, 2, c.cream)),
];

const leaf = (x, y, size, angle, body, vein) =>
  group(
    `translate(${x} ${y}) rotate(${angle}) scale(${size})`,
    path("M0 0 Q-52 -40 -40 -104 Q-26 -148 0 -164 Q26 -148 40 -104 Q52 -40 0 0Z", body),
    path("M0 0 Q-52 -40 -40 -104 Q-26 -148 0 -164Z", c.white, { opacity: 0.1 }),
    stroke("M0 0 V-148 M0 -40 L-28 -66 M0 -40 L28 -66 M0 -76 L-30 -102 M0 -76 L30 -102 M0 -112 L-20 -130 M0 -112 L20 -130", vein, 3.5, { opacity: 0.7 }),
  );

const planter = () => [
  ground(320, 300, 534),
  stroke("M320 350 Q316 260 322 190 M318 330 Q270 280 232 262 M322 320 Q376 270 412 246 M318 350 Q260 330 214 336 M322 350 Q386 326 430 330", c.pineDark, 7),
  leaf(322, 224, 0.94, 2, c.pine, c.pineLight),
  leaf(250, 276, 0.92, -44, c.pineDark, c.pineLight),
  leaf(392, 266, 0.96, 42, c.pineDark, c.pineLight),
  leaf(284, 258, 0.86, -22, c.pineLight, c.pine),
  leaf(360, 252, 0.86, 22, c.pineLight, c.pine),
  leaf(250, 342, 0.72, -78, c.pine, c.pineLight),
  leaf(392, 340, 0.72, 78, c.pine, c.pineLight),
  leaf(318, 352, 0.78, -4, c.pine, c.moss),
  path("M176 508 H464 Q470 508 468 516 L462 528 Q458 536 446 536 H194 Q182 536 178 528 L172 516 Q170 508 176 508Z", c.rustDark),
  within(
    "pot",
    "M206 386 H434 L412 500 Q408 516 392 516 H248 Q232 516 228 500Z",
    c.rust,
    light("M206 386 H250 L266 520 H230Z", 0.18),
    shade("M390 386 H436 L410 520 H376Z", 0.16),
    shade("M200 384 H440 V400 H200Z", 0.2),
    stroke("M222 452 l16 -12 l16 12 l16 -12 l16 12 l16 -12 l16 12 l16 -12 l16 12 l16 -12 l16 12 l16 -12 l16 12", c.rustLight, 5),
  ),
  within("rim", "M192 352 Q192 342 202 342 H438 Q448 342 448 352 V380 Q448 390 438 390 H202 Q192 390 192 380Z", c.rustLight, light("M190 340 H240 V392 H190Z", 0.16), shade("M400 340 H450 V392 H400Z", 0.14)),
];

const clock = () => [
  circle(330, 318, 204, c.ink, { opacity: 0.12 }),
  circle(320, 306, 204, c.woodDark),
  circle(320, 302, 200, c.wood),
  within(
    "face",
    "M142 302 A178 178 0 1 1 498 302 A178 178 0 1 1 142 302Z",
    c.woodLight,
    ...repeat(11, (index) => stroke(`M130 ${150 + index * 32} Q250 ${138 + index * 34} 340 ${154 + index * 32} T520 ${148 + index * 32}`, c.wood, 3, { opacity: 0.5 })),
    path("M142 302 A178 178 0 0 1 498 302 A178 166 0 0 0 142 302Z", c.ink, { opacity: 0.1 }),
  ),
  ...repeat(12, (index) =>
    group(`rotate(${index * 30} 320 302)`, index % 3 === 0 ? rectangle(314, 138, 12, 34, 4, c.night) : rectangle(317, 140, 6, 20, 3, c.night)),
  ),
  ...repeat(60, (index) => (index % 5 === 0 ? [] : group(`rotate(${index * 6} 320 302)`, circle(320, 146, 2.4, c.leatherDark)))),
  group("rotate(-58 320 302)", path("M312 322 L314 206 Q320 196 326 206 L328 322Z", c.night)),
  group("rotate(54 320 302)", path("M314 330 L316 162 Q320 154 324 162 L326 330Z", c.night)),
  group("rotate(196 320 302)", rectangle(318, 158, 4, 186, 2, c.rust), circle(320, 340, 8, c.rust)),
  circle(320, 302, 14, c.brass),
  circle(320, 302, 6, c.night),
  path("M292 414 l18 -28 l12 17 l8 -10 l16 21Z", c.leather, { opacity: 0.8 }),
];

export const home = {
  "snowdrift-wool-blanket": blanket,
  "stillwater-candles": candles,
  "readers-oak-lamp": lamp,
  "windowsill-planter": planter,
  "noon-wall-clock": clock,
};
