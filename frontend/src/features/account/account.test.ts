import { beforeEach, describe, expect, it, vi } from "vitest";

import { createAccount, type Account } from "./account";
import type { Cognito, Tokens } from "./api/cognito";
import { CognitoError } from "./api/cognito-error";

const hour = 3_600_000;
const answer = (idToken: string, refreshToken?: string): Tokens => ({ idToken, refreshToken, expiresInSeconds: 3600 });

let now: number;
let cognito: { [Call in keyof Cognito]: ReturnType<typeof vi.fn<Cognito[Call]>> };
let account: Account;

beforeEach(() => {
  now = 0;
  cognito = {
    signUp: vi.fn<Cognito["signUp"]>().mockResolvedValue(),
    confirmSignUp: vi.fn<Cognito["confirmSignUp"]>().mockResolvedValue(),
    resendCode: vi.fn<Cognito["resendCode"]>().mockResolvedValue(),
    logIn: vi.fn<Cognito["logIn"]>().mockResolvedValue(answer("id-1", "refresh-1")),
    refresh: vi.fn<Cognito["refresh"]>().mockResolvedValue(answer("id-2")),
    revoke: vi.fn<Cognito["revoke"]>().mockResolvedValue(),
  };
  localStorage.clear();
  account = createAccount(cognito, () => now);
});

describe("logging in", () => {
  it("keeps the session across reloads", async () => {
    await account.logIn("  Anna@Example.com ", "secret");
    expect(cognito.logIn).toHaveBeenCalledWith("anna@example.com", "secret");
    const afterReload = createAccount(cognito, () => now);
    expect(afterReload.session.get()?.email).toBe("anna@example.com");
    await expect(afterReload.token()).resolves.toBe("id-1");
  });

  it("never stores the password", async () => {
    await account.signUp("anna@example.com", "Very-secret-1");
    await account.confirm("anna@example.com", "123456");
    const stored = Array.from({ length: localStorage.length }, (_, index) => localStorage.getItem(localStorage.key(index) ?? ""));
    expect(stored.join()).toContain("anna@example.com");
    expect(stored.join()).not.toContain("Very-secret-1");
  });

  it("starts anew with a session that makes no sense", () => {
    localStorage.setItem("tarnside.session", '{"email":"anna@example.com"}');
    expect(createAccount(cognito).session.get()).toBeNull();
  });
});

describe("confirming", () => {
  it("logs in whoever has just signed up, and takes a code with spaces", async () => {
    await account.signUp("Anna@example.com", "secret");
    await expect(account.confirm("anna@example.com", " 123 456 ")).resolves.toEqual({ loggedIn: true });
    expect(cognito.confirmSignUp).toHaveBeenCalledWith("anna@example.com", "123456");
    expect(account.session.get()?.email).toBe("anna@example.com");
  });

  it("only confirms when the sign-up was elsewhere, or of somebody else", async () => {
    await account.signUp("berta@example.com", "secret");
    await expect(account.confirm("anna@example.com", "123456")).resolves.toEqual({ loggedIn: false });
    expect(cognito.logIn).not.toHaveBeenCalled();
  });

  it("is done even when the log-in after it fails", async () => {
    await account.signUp("anna@example.com", "secret");
    cognito.logIn.mockRejectedValue(new CognitoError(400, "TooManyRequestsException", ""));
    await expect(account.confirm("anna@example.com", "123456")).resolves.toEqual({ loggedIn: false });
  });
});

describe("the token", () => {
  it("is refused without a session", async () => {
    await expect(account.token()).rejects.toMatchObject({ status: 401, title: "Please log in" });
  });

  it("is renewed shortly before it ends, and the old refresh token stays", async () => {
    await account.logIn("anna@example.com", "secret");
    now = hour - 61_000;
    await expect(account.token()).resolves.toBe("id-1");
    now = hour - 59_000;
    await expect(account.token()).resolves.toBe("id-2");
    expect(account.session.get()).toMatchObject({ idToken: "id-2", refreshToken: "refresh-1", email: "anna@example.com" });
  });

  it("takes over a refresh token that was rotated", async () => {
    await account.logIn("anna@example.com", "secret");
    cognito.refresh.mockResolvedValue(answer("id-2", "refresh-2"));
    await account.token({ renew: true });
    expect(account.session.get()?.refreshToken).toBe("refresh-2");
  });

  it("is renewed once for many requests at the same time", async () => {
    await account.logIn("anna@example.com", "secret");
    now = hour;
    await expect(Promise.all([account.token(), account.token(), account.token()])).resolves.toEqual(["id-2", "id-2", "id-2"]);
    expect(cognito.refresh).toHaveBeenCalledTimes(1);
  });

  it("ends the session when Cognito refuses to renew it", async () => {
    await account.logIn("anna@example.com", "secret");
    cognito.refresh.mockRejectedValue(new CognitoError(400, "NotAuthorizedException", "Refresh Token has expired"));
    await expect(account.token({ renew: true })).rejects.toMatchObject({ status: 401 });
    expect(account.session.get()).toBeNull();
  });

  it("keeps the session when the network fails", async () => {
    await account.logIn("anna@example.com", "secret");
    cognito.refresh.mockRejectedValue(new Error("offline"));
    await expect(account.token({ renew: true })).rejects.toThrow("offline");
    expect(account.session.get()).not.toBeNull();
  });

  it("does not bring back who logged out meanwhile", async () => {
    await account.logIn("anna@example.com", "secret");
    const renewed = account.token({ renew: true });
    account.logOut();
    await expect(renewed).rejects.toMatchObject({ status: 401 });
    expect(account.session.get()).toBeNull();
  });
});

describe("logging out", () => {
  it("forgets the session and revokes its token, with or without a network", async () => {
    await account.logIn("anna@example.com", "secret");
    cognito.revoke.mockRejectedValue(new Error("offline"));
    account.logOut();
    expect(account.session.get()).toBeNull();
    expect(localStorage.getItem("tarnside.session")).toBeNull();
    expect(cognito.revoke).toHaveBeenCalledWith("refresh-1");
  });
});
