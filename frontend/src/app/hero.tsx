import "./hero.css";

/** The lake that the shop is named after. Its colours are the theme's: a morning by day, a moon by night. */
export function Hero() {
  return (
    <section className="hero">
      <svg className="hero-picture" viewBox="0 0 1200 420" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
        <rect className="hero-sky" width="1200" height="420" />
        <circle className="hero-halo" cx="842" cy="118" r="92" />
        <circle className="hero-sun" cx="842" cy="118" r="54" />
        <path className="hero-cloud" d="M560 84h120a18 18 0 0 0 0-36h-14a34 34 0 0 0-64-6 24 24 0 0 0-42 42ZM1040 132h104a15 15 0 0 0 0-30h-10a28 28 0 0 0-54-5 21 21 0 0 0-40 35Z" />
        <path className="hero-far" d="M420 300 566 190l52 42 112-128 130 138 74-58 116 92 150-96v240H380Z" />
        <path className="hero-snow" d="m730 104 56 60-28 8-22-18-26 24-30-18Zm566 190 26 21-16 6-14-9-22 14-8-11ZM934 184l44 35-26 2-16-12-24 12-16-8Z" />
        <path className="hero-middle" d="M440 316q110-84 220-24t190-20 190 6 160-22v176H440Z" />
        <path className="hero-water" d="M0 322q320-26 620-8t580-10v116H0Z" />
        <path className="hero-glint" d="M760 336h150M790 352h96M812 368h54M520 344h90M960 350h130M640 372h80" />
        <g className="hero-trees">
          <path d="m1066 322 26-78 26 78ZM1100 330l32-102 32 102ZM1150 332l26-84 26 84ZM1034 322l17-50 17 50ZM560 322l14-44 14 44ZM584 324l18-58 18 58ZM614 322l13-38 13 38Z" />
        </g>
        <path className="hero-shore" d="M820 420q60-58 190-70t190-34v104Z" />
        <g className="hero-tent">
          <path d="m930 386 48-64 58 58Z" />
          <path className="hero-tent-door" d="m978 322 14 62h-32Z" />
        </g>
      </svg>
      <div className="hero-text">
        <h1>Made for out there, at home everywhere</h1>
        <p>Boots, bags and pans that get better with the years. Only things that we would buy again.</p>
      </div>
    </section>
  );
}
