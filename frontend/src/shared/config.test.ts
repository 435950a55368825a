import { describe, expect, it } from "vitest";

import { parseConfig } from "./config";

const complete = { apiUrl: "/api", region: "eu-central-1", userPoolId: "eu-central-1_abc", userPoolClientId: "client" };

describe("parseConfig", () => {
  it("asks the region's own Cognito unless told otherwise", () => {
    expect(parseConfig(complete).cognitoEndpoint).toBe("https://cognito-idp.eu-central-1.amazonaws.com");
    expect(parseConfig({ ...complete, cognitoEndpoint: "" }).cognitoEndpoint).toBe("https://cognito-idp.eu-central-1.amazonaws.com");
    expect(parseConfig({ ...complete, cognitoEndpoint: "http://127.0.0.1:4566" }).cognitoEndpoint).toBe("http://127.0.0.1:4566");
  });

  it("takes an API address with or without a slash at its end", () => {
    expect(parseConfig({ ...complete, apiUrl: "/api/" }).apiUrl).toBe("/api");
  });

  it("names everything that is missing", () => {
    expect(() => parseConfig({ region: "eu-central-1", userPoolId: 7 })).toThrow("config.json lacks apiUrl, userPoolId, userPoolClientId");
    expect(() => parseConfig("<!doctype html>")).toThrow("config.json lacks");
  });
});
