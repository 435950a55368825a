import { beforeEach, describe, expect, it, vi } from "vitest";

import { createCognito } from "./cognito";

const fetchMock = vi.fn<typeof fetch>();
const cognito = createCognito({
  apiUrl: "/api",
  region: "eu-central-1",
  userPoolId: "pool",
  userPoolClientId: "client",
  cognitoEndpoint: "https://cognito.example/",
});

const reply = (body: object, status = 200) => fetchMock.mockResolvedValue(new Response(JSON.stringify(body), { status }));

beforeEach(() => {
  vi.resetAllMocks();
  vi.stubGlobal("fetch", fetchMock);
});

it("speaks Cognito's protocol", async () => {
  reply({ AuthenticationResult: { IdToken: "id", RefreshToken: "refresh", ExpiresIn: 3600 } });
  await expect(cognito.logIn("anna@example.com", "secret")).resolves.toEqual({ idToken: "id", refreshToken: "refresh", expiresInSeconds: 3600 });
  const [url, init] = fetchMock.mock.calls[0] ?? [];
  expect(url).toBe("https://cognito.example/");
  expect(init?.headers).toEqual({
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
  });
  expect(JSON.parse(init?.body as string)).toEqual({
    ClientId: "client",
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: "anna@example.com", PASSWORD: "secret" },
  });
});

describe("a refusal", () => {
  it.each([
    ["UsernameExistsException", "User already exists.", "There is already an account with this e-mail address"],
    ["NotAuthorizedException", "Incorrect username or password.", "E-mail address or password is wrong"],
    ["NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED", "This address is confirmed already"],
    ["NotAuthorizedException", "Password attempts exceeded", "That was too often in a short time"],
    ["UserNotFoundException", "User does not exist.", "E-mail address or password is wrong"],
    ["CodeMismatchException", "Invalid verification code provided.", "This code is not right"],
    ["LimitExceededException", "Attempt limit exceeded.", "That was too often in a short time"],
    ["SomethingNewException", "raw words of a machine", "This did not work"],
  ])("%s is said in our words", async (code, message, title) => {
    reply({ __type: code, message }, 400);
    await expect(cognito.signUp("anna@example.com", "x")).rejects.toMatchObject({ code, title });
  });

  it("is known by its code, with or without a namespace", async () => {
    reply({ __type: "com.amazonaws.cognito#ExpiredCodeException", message: "" }, 400);
    await expect(cognito.confirmSignUp("anna@example.com", "1")).rejects.toMatchObject({ code: "ExpiredCodeException" });
  });

  it("of a password names the rule", async () => {
    reply({ __type: "InvalidPasswordException", message: "Password did not conform with policy: Password must have uppercase characters" }, 400);
    await expect(cognito.signUp("anna@example.com", "x")).rejects.toMatchObject({ detail: "Password must have uppercase characters." });
  });

  it("is not a log-in when Cognito wants something else first", async () => {
    reply({ ChallengeName: "SOFTWARE_TOKEN_MFA", Session: "s" });
    await expect(cognito.logIn("anna@example.com", "x")).rejects.toMatchObject({ code: "SOFTWARE_TOKEN_MFA" });
  });

  it("is told apart from no answer", async () => {
    fetchMock.mockRejectedValue(new TypeError("Failed to fetch"));
    await expect(cognito.resendCode("anna@example.com")).rejects.toMatchObject({ status: 0, title: "We cannot reach the shop" });
  });
});
