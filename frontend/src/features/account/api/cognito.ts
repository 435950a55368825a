import { noAnswer } from "@/shared/api/api-error";
import type { SiteConfig } from "@/shared/config";

import { CognitoError } from "./cognito-error";

export interface Tokens {
  readonly idToken: string;
  readonly expiresInSeconds: number;
  /** Absent when a refresh leaves the old one in place. */
  readonly refreshToken: string | undefined;
}

/** The few calls of Cognito's own API that the site makes; they need no credentials and no SDK. */
export interface Cognito {
  signUp: (email: string, password: string) => Promise<void>;
  confirmSignUp: (email: string, code: string) => Promise<void>;
  resendCode: (email: string) => Promise<void>;
  logIn: (email: string, password: string) => Promise<Tokens>;
  refresh: (refreshToken: string) => Promise<Tokens>;
  revoke: (refreshToken: string) => Promise<void>;
}

interface AuthenticationAnswer {
  AuthenticationResult?: { IdToken: string; ExpiresIn: number; RefreshToken?: string };
  ChallengeName?: string;
}

export function createCognito({ cognitoEndpoint, userPoolClientId: ClientId }: SiteConfig): Cognito {
  async function call(action: string, body: object): Promise<unknown> {
    const response = await fetch(cognitoEndpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AWSCognitoIdentityProviderService.${action}`,
      },
      body: JSON.stringify({ ClientId, ...body }),
      signal: AbortSignal.timeout(30_000),
    }).catch(() => {
      throw noAnswer();
    });
    const answer = (await response.json().catch(() => ({}))) as { __type?: string; message?: string };
    if (response.ok) return answer;
    // The type may carry a namespace: `com.amazonaws...#CodeMismatchException`.
    throw new CognitoError(response.status, answer.__type?.split("#").pop() ?? "", answer.message ?? "");
  }

  async function authenticate(AuthFlow: string, AuthParameters: Record<string, string>): Promise<Tokens> {
    const answer = (await call("InitiateAuth", { AuthFlow, AuthParameters })) as AuthenticationAnswer;
    const result = answer.AuthenticationResult;
    if (!result) throw new CognitoError(200, answer.ChallengeName ?? "", "");
    return { idToken: result.IdToken, expiresInSeconds: result.ExpiresIn, refreshToken: result.RefreshToken };
  }

  return {
    signUp: async (Username, Password) => {
      await call("SignUp", { Username, Password, UserAttributes: [{ Name: "email", Value: Username }] });
    },
    confirmSignUp: async (Username, ConfirmationCode) => {
      await call("ConfirmSignUp", { Username, ConfirmationCode });
    },
    resendCode: async (Username) => {
      await call("ResendConfirmationCode", { Username });
    },
    logIn: (USERNAME, PASSWORD) => authenticate("USER_PASSWORD_AUTH", { USERNAME, PASSWORD }),
    refresh: (REFRESH_TOKEN) => authenticate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN }),
    revoke: async (Token) => {
      await call("RevokeToken", { Token });
    },
  };
}
