/** What differs between environments. The deploy writes it beside the site; the same build runs in all of them. */
export interface SiteConfig {
  /** Base of the shop's API, for example `/api`. */
  readonly apiUrl: string;
  readonly region: string;
  readonly userPoolId: string;
  readonly userPoolClientId: string;
  /** Where Cognito answers; the region's public endpoint unless the environment has its own. */
  readonly cognitoEndpoint: string;
}

export function parseConfig(value: unknown): SiteConfig {
  const entries = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const missing: string[] = [];
  const text = (name: string): string => {
    const entry = entries[name];
    if (typeof entry === "string" && entry !== "") return entry;
    missing.push(name);
    return "";
  };
  const region = text("region");
  const config = {
    apiUrl: text("apiUrl").replace(/\/+$/, ""),
    region,
    userPoolId: text("userPoolId"),
    userPoolClientId: text("userPoolClientId"),
    cognitoEndpoint: entries.cognitoEndpoint ? text("cognitoEndpoint") : `https://cognito-idp.${region}.amazonaws.com`,
  };
  if (missing.length > 0) throw new Error(`config.json lacks ${missing.join(", ")}`);
  return config;
}

export async function loadConfig(): Promise<SiteConfig> {
  const response = await fetch("/config.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`config.json answered ${response.status}`);
  return parseConfig(await response.json());
}
