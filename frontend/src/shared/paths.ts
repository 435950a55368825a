/** Every address of the site, in one place. */
export const paths = {
  home: "/",
  category: (name: string) => `/?category=${encodeURIComponent(name)}`,
  product: (productId: string) => `/products/${encodeURIComponent(productId)}`,
  cart: "/cart",
  checkout: "/checkout",
  orders: "/orders",
  order: (orderId: string) => `/orders/${encodeURIComponent(orderId)}`,
  signUp: "/sign-up",
  confirm: "/confirm",
  logIn: "/log-in",
  apiDocs: "/api-docs",
};

const onward = (path: string, next: string | null): string =>
  next === null || next === paths.home ? path : `${path}?next=${encodeURIComponent(next)}`;

export const logInPath = (next: string | null) => onward(paths.logIn, next);
export const signUpPath = (next: string | null) => onward(paths.signUp, next);
export const confirmPath = (next: string | null) => onward(paths.confirm, next);

/** Where to go after logging in: only ever a path of this site. */
export function nextPath(search: URLSearchParams): string {
  const next = search.get("next");
  return next?.startsWith("/") && !/^\/[/\\]/.test(next) ? next : paths.home;
}
