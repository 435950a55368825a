import { circle, colour as c, ellipse, ground, group, light, path, rectangle, repeat, shade, stitch, stroke, within } from "./drawing.mjs";

const leftSleeve = "M222 196 Q180 214 166 280 L130 440 Q126 458 142 462 L176 468 Q192 470 196 454 L238 330Z";
const rightSleeve = "M418 196 Q460 214 474 280 L510 440 Q514 458 498 462 L464 468 Q448 470 444 454 L402 330Z";

const rainJacket = () => [
  ground(320, 330, 534),
  within("left", leftSleeve, c.ochre, shade("M196 300 L240 300 L200 470 L180 470Z", 0.16), path("M120 430 L210 444 V480 H120Z", c.ochreDark)),
  within("right", rightSleeve, c.ochre, shade("M444 300 L400 300 L440 470 L460 470Z", 0.16), path("M520 430 L430 444 V480 H520Z", c.ochreDark)),
  within(
    "body",
    "M222 196 Q270 176 320 176 Q370 176 418 196 Q430 330 438 500 Q440 524 416 524 H224 Q200 524 202 500 Q210 330 222 196Z",
    c.ochre,
    light("M222 196 Q246 186 268 182 Q252 340 250 530 H200 Q206 320 222 196Z", 0.14),
    shade("M418 196 Q396 188 380 184 Q396 340 394 530 H444Z", 0.12),
    path("M190 500 H450 V530 H190Z", c.ochreDark),
    rectangle(309, 176, 22, 352, 0, c.ochreDark),
  ),
  path("M232 206 Q218 94 320 84 Q422 94 408 206 Q366 226 320 226 Q274 226 232 206Z", c.ochre),
  path("M232 206 Q218 94 320 84 Q302 140 256 214Z", c.white, { opacity: 0.14 }),
  path("M262 200 Q256 126 320 118 Q384 126 378 200 Q350 214 320 214 Q290 214 262 200Z", c.nightLight),
  path("M268 196 Q292 156 320 156 Q348 156 372 196 Q350 210 320 210 Q290 210 268 196Z", c.night),
  stroke("M320 214 V510", c.cream, 5, { "stroke-dasharray": "2 8" }),
  stroke("M290 214 L286 272 M350 214 L354 272", c.night, 5),
  circle(286, 276, 7, c.night),
  circle(354, 276, 7, c.night),
  stroke("M252 384 L232 456", c.ochreDark, 9),
  stroke("M388 384 L408 456", c.ochreDark, 9),
  rectangle(352, 300, 48, 26, 4, c.night),
  path("M362 320 l9 -13 l6 8 l4 -5 l8 10Z", c.ochreLight),
];

const jumper = () => [
  ground(320, 330, 524),
  within("left", leftSleeve, c.night, light("M166 280 L130 440 L150 446 L186 290Z", 0.12), path("M120 424 L212 440 V480 H120Z", c.nightLight)),
  within("right", rightSleeve, c.night, shade("M444 300 L400 300 L440 470 L460 470Z", 0.2), path("M520 424 L428 440 V480 H520Z", c.nightLight)),
  within(
    "body",
    "M222 196 Q262 172 276 160 Q320 190 364 160 Q378 172 418 196 Q428 330 430 496 Q430 514 412 514 H228 Q210 514 210 496 Q212 330 222 196Z",
    c.night,
    ellipse(320, 150, 196, 146, c.cream),
    ellipse(320, 148, 190, 128, c.rust),
    ellipse(320, 146, 182, 108, c.cream),
    ...repeat(17, (index) => {
      const angle = ((index * 10 + 10) * Math.PI) / 180;
      const x = 320 + Math.cos(angle) * 193;
      const y = 149 + Math.sin(angle) * 137;
      return path(`M${x.toFixed(1)} ${(y - 7).toFixed(1)} l6 7 l-6 7 l-6 -7Z`, c.night);
    }),
    ...repeat(15, (index) => {
      const angle = ((index * 11 + 13) * Math.PI) / 180;
      const x = 320 + Math.cos(angle) * 176;
      const y = 146 + Math.sin(angle) * 92;
      return path(`M${x.toFixed(1)} ${(y - 11).toFixed(1)} l9 11 l-9 11 l-9 -11Z`, c.teal);
    }),
    ellipse(320, 140, 160, 68, c.night),
    ...repeat(11, (index) => circle(200 + index * 24, 330 + (index % 2) * 14, 3, c.cream, { opacity: 0.8 })),
    path("M200 486 H440 V520 H200Z", c.nightLight),
    ...repeat(20, (index) => stroke(`M${214 + index * 11.4} 490 V512`, c.night, 3)),
    shade("M418 196 L396 184 Q404 340 402 520 H440Z", 0.14),
  ),
  path("M268 166 Q272 140 280 138 Q320 166 360 138 Q368 140 372 166 Q320 212 268 166Z", c.nightLight),
  path("M280 138 Q320 120 360 138 Q320 166 280 138Z", c.ink),
  ...repeat(8, (index) => stroke(`M${282 + index * 11} ${156 + Math.round(12 * Math.sin((index / 7) * Math.PI))} v16`, c.night, 3)),
];

const checks = (prefix) => [
  ...repeat(8, (index) => rectangle(116 + index * 56, 150, 24, 400, 0, c.charcoal, { opacity: 0.55 })),
  ...repeat(8, (index) => rectangle(100, 170 + index * 56, 440, 24, 0, c.charcoal, { opacity: 0.55 })),
  ...repeat(8, (index) => rectangle(152 + index * 56, 150, 4, 400, 0, c.cream, { opacity: 0.5 })),
  ...repeat(8, (index) => rectangle(100, 206 + index * 56, 440, 4, 0, c.cream, { opacity: 0.5 })),
  prefix,
];

const overshirt = () => [
  ground(320, 330, 534),
  within("left", leftSleeve, c.rust, checks([]), path("M120 436 L204 450 V480 H120Z", c.rustDark)),
  within("right", rightSleeve, c.rust, checks([]), path("M520 436 L436 450 V480 H520Z", c.rustDark), shade("M402 330 L420 280 L452 470 L440 470Z", 0.2)),
  within(
    "body",
    "M222 196 Q258 176 276 160 H364 Q382 176 418 196 Q430 330 432 490 Q400 530 320 524 Q240 530 208 490 Q210 330 222 196Z",
    c.rust,
    checks([]),
    rectangle(302, 150, 36, 400, 0, c.rustDark),
    shade("M418 196 L392 182 Q402 340 398 530 H440Z", 0.14),
  ),
  path("M282 158 Q320 196 358 158 L350 146 H290Z", c.charcoal),
  path("M278 142 Q262 168 256 216 L320 216 L316 196 Q286 178 290 144Z", c.rustDark),
  path("M362 142 Q378 168 384 216 L320 216 L324 196 Q354 178 350 144Z", c.rustDark),
  stitch("M264 204 L304 206 M376 204 L336 206"),
  ...repeat(5, (index) => [circle(320, 250 + index * 56, 8, c.sand), circle(320, 250 + index * 56, 3, c.leatherDark)]),
  ...[232, 346].flatMap((x) => [
    path(`M${x} 290 h64 v64 l-32 14 l-32 -14Z`, c.rustDark),
    path(`M${x - 3} 286 h70 v18 l-35 12 l-35 -12Z`, c.rust),
    stitch(`M${x + 5} 322 v28 l27 11 l27 -11 v-28`, c.cream, 2.5),
    circle(x + 32, 304, 5, c.sand),
  ]),
];

const beanie = () => [
  ground(320, 350, 500),
  circle(320, 142, 58, c.cream),
  ...repeat(22, (index) => {
    const angle = (index / 22) * 2 * Math.PI;
    const x = 320 + Math.cos(angle) * 54;
    const y = 142 + Math.sin(angle) * 54;
    return circle(x.toFixed(1), y.toFixed(1), 13, index % 3 === 0 ? c.sand : c.cream);
  }),
  ...repeat(9, (index) => stroke(`M${288 + (index % 3) * 28} ${116 + Math.floor(index / 3) * 24} q8 8 16 2`, c.sandDark, 4)),
  within(
    "dome",
    "M160 410 Q150 196 320 192 Q490 196 480 410Z",
    c.berry,
    ...repeat(11, (index) => stroke(`M${320 + (index - 5) * 9} 186 Q${320 + (index - 5) * 26} 260 ${320 + (index - 5) * 33} 420`, c.berryDark, 7)),
    ...repeat(10, (index) => stroke(`M${320 + (index - 4.5) * 9} 186 Q${320 + (index - 4.5) * 26} 260 ${320 + (index - 4.5) * 33} 420`, c.berryLight, 3, { opacity: 0.6 })),
    shade("M420 190 Q500 260 490 420 H430 Q450 280 400 200Z", 0.16),
  ),
  within(
    "brim",
    "M146 396 Q146 380 164 380 H476 Q494 380 494 396 V470 Q494 490 474 490 H166 Q146 490 146 470Z",
    c.berry,
    ...repeat(18, (index) => rectangle(148 + index * 20, 376, 9, 120, 4, c.berryDark)),
    ...repeat(18, (index) => rectangle(159 + index * 20, 376, 3, 120, 1, c.berryLight, { opacity: 0.55 })),
    light("M140 376 H500 V396 H140Z", 0.12),
    shade("M140 470 H500 V500 H140Z", 0.16),
  ),
  rectangle(392, 414, 62, 42, 5, c.cream),
  path("M404 446 l14 -22 l10 13 l6 -8 l12 17Z", c.berry),
];

const sock = (name, body, trim) =>
  group(
    "",
    within(
      name,
      "M216 120 Q266 108 316 120 L322 300 Q328 340 372 368 L424 400 Q466 428 452 470 Q440 500 400 498 Q340 496 262 432 Q212 392 212 320Z",
      body,
      path("M200 110 H330 V160 H200Z", trim),
      rectangle(200, 178, 130, 14, 0, c.cream),
      rectangle(200, 202, 130, 14, 0, trim),
      path("M196 330 Q262 330 286 376 Q280 420 240 440 L190 400Z", trim),
      path("M404 380 Q372 430 398 506 H470 V380Z", trim),
      ...repeat(7, (index) => stroke(`M${222 + index * 15} 116 V156`, c.ink, 2.5, { opacity: 0.25 })),
      light("M214 220 H232 Q228 300 236 330 L214 330Z", 0.14),
      shade("M300 220 H330 V306 Q340 344 380 368 L360 380 Q310 350 306 300Z", 0.12),
    ),
    stitch("M282 340 L290 376", c.cream, 3),
    stitch("M398 396 Q382 440 398 484", c.cream, 3),
  );

const socks = () => [
  ground(330, 370, 522),
  group("translate(70 -14)", sock("back", c.pine, c.ochre)),
  group("translate(-64 14)", sock("front", c.night, c.rust)),
];

export const clothing = {
  "drizzle-rain-jacket": rainJacket,
  "shearwater-wool-jumper": jumper,
  "timberline-overshirt": overshirt,
  "bramble-beanie": beanie,
  "contour-hiking-socks": socks,
};
