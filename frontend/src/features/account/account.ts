import { ApiError } from "@/shared/api/api-error";
import type { TokenSource } from "@/shared/api/api-client";
import { storedValue, type StoredValue } from "@/shared/stored-value";

import type { Cognito, Tokens } from "./api/cognito";
import { CognitoError } from "./api/cognito-error";

export interface Session {
  readonly email: string;
  readonly idToken: string;
  readonly refreshToken: string;
  /** By this device's clock, in milliseconds, so that a wrong clock does no harm. */
  readonly expiresAt: number;
}

export interface Account {
  readonly session: StoredValue<Session | null>;
  signUp: (email: string, password: string) => Promise<void>;
  /** Logs in as well when the sign-up was made in this page; says whether it did. */
  confirm: (email: string, code: string) => Promise<{ loggedIn: boolean }>;
  resendCode: (email: string) => Promise<void>;
  logIn: (email: string, password: string) => Promise<void>;
  logOut: () => void;
  token: TokenSource;
}

/** A token is renewed this long before it ends, so that it does not end on its way to the API. */
const leewayMs = 60_000;

export function createAccount(cognito: Cognito, now: () => number = Date.now): Account {
  const session = storedValue("tarnside.session", parseSession);
  // Kept in memory only, and only between sign-up and confirmation.
  let signedUp: { email: string; password: string } | null = null;
  let renewal: Promise<string> | null = null;

  function keep(email: string, tokens: Tokens, refreshToken: string): string {
    const expiresAt = now() + tokens.expiresInSeconds * 1000;
    session.set({ email, idToken: tokens.idToken, refreshToken, expiresAt });
    return tokens.idToken;
  }

  async function logIn(address: string, password: string): Promise<void> {
    const email = normalise(address);
    const tokens = await cognito.logIn(email, password);
    if (tokens.refreshToken === undefined) throw new CognitoError(200, "", "no refresh token");
    keep(email, tokens, tokens.refreshToken);
  }

  async function renew({ email, refreshToken }: Session): Promise<string> {
    try {
      const tokens = await cognito.refresh(refreshToken);
      // Somebody logged out, or in as somebody else, while the answer was on its way.
      if (session.get()?.refreshToken !== refreshToken) throw notLoggedIn();
      return keep(email, tokens, tokens.refreshToken ?? refreshToken);
    } catch (error) {
      if (!(error instanceof CognitoError) || error.code !== "NotAuthorizedException") throw error;
      if (session.get()?.refreshToken === refreshToken) session.set(null);
      throw notLoggedIn();
    }
  }

  return {
    session,
    logIn,
    signUp: async (address, password) => {
      const email = normalise(address);
      await cognito.signUp(email, password);
      signedUp = { email, password };
    },
    confirm: async (address, code) => {
      const email = normalise(address);
      await cognito.confirmSignUp(email, code.replace(/\s/g, ""));
      if (signedUp?.email !== email) return { loggedIn: false };
      const { password } = signedUp;
      signedUp = null;
      return logIn(email, password).then(
        () => ({ loggedIn: true }),
        () => ({ loggedIn: false }),
      );
    },
    resendCode: (address) => cognito.resendCode(normalise(address)),
    logOut: () => {
      const refreshToken = session.get()?.refreshToken;
      session.set(null);
      // Logging out works without the network; then the token ends by itself.
      if (refreshToken !== undefined) cognito.revoke(refreshToken).catch(() => undefined);
    },
    token: async ({ renew: forced } = { renew: false }) => {
      const current = session.get();
      if (!current) throw notLoggedIn();
      if (!forced && current.expiresAt - leewayMs > now()) return current.idToken;
      renewal ??= renew(current).finally(() => {
        renewal = null;
      });
      return renewal;
    },
  };
}

const notLoggedIn = () => new ApiError(401, { title: "Please log in", detail: "You have been logged out. Log in to go on." });

const normalise = (email: string) => email.trim().toLowerCase();

function parseSession(stored: unknown): Session | null {
  if (typeof stored !== "object" || stored === null) return null;
  const { email, idToken, refreshToken, expiresAt } = stored as Record<string, unknown>;
  return typeof email === "string" && typeof idToken === "string" && typeof refreshToken === "string" && typeof expiresAt === "number"
    ? { email, idToken, refreshToken, expiresAt }
    : null;
}
