import { Link, Outlet, ScrollRestoration } from "react-router";

import { AccountMenu } from "@/features/account/components/account-menu";
import { CartLink } from "@/features/cart/components/cart-link";
import { paths } from "@/shared/paths";

import "./layout.css";

export function Layout() {
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <header className="site-header">
        <div className="site-header-row">
          <Link to={paths.home} className="brand" aria-label="Tarnside, to the shop">
            <svg viewBox="0 0 64 64" width="38" height="38" aria-hidden="true">
              <rect className="brand-tile" width="64" height="64" rx="15" />
              <circle className="brand-sun" cx="45" cy="19" r="6" />
              <path className="brand-hill" d="M8 44 26 17l11 16 6-8 13 19Z" />
              <path className="brand-water" d="M10 50h44M18 56h28" />
            </svg>
            <span>Tarnside</span>
          </Link>
          <nav aria-label="Your shop" className="site-nav">
            <AccountMenu />
            <CartLink />
          </nav>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
      <footer className="site-footer">
        <div className="site-footer-row">
          <div>
            <p className="site-footer-brand">Tarnside</p>
            <p>Well-made things for out there and back home. Bought once, repaired often.</p>
            <p>All prices in euro, including VAT.</p>
          </div>
          <nav aria-label="More">
            <Link to={paths.home}>The shop</Link>
            <Link to={paths.cart}>Your cart</Link>
            <Link to={paths.orders}>My orders</Link>
            <Link to={paths.apiDocs}>For developers</Link>
          </nav>
        </div>
      </footer>
      <ScrollRestoration />
    </>
  );
}
