import { ApiError, noAnswer, readAnswer } from "./api-error";

export interface ApiRequest {
  readonly method?: "GET" | "POST";
  readonly query?: Readonly<Record<string, string | number | null | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Send the customer's token. */
  readonly signedIn?: boolean;
  readonly signal?: AbortSignal;
}

export interface ApiClient {
  /** Resolves to the parsed body; rejects with an `ApiError`. */
  request: <T>(path: string, request?: ApiRequest) => Promise<T>;
}

/** Gives a token that is valid now; `renew` asks for a new one even when the old one looks good. */
export type TokenSource = (options?: { renew: boolean }) => Promise<string>;

/** A function that started cold answers within seconds; the API itself gives up after 29. */
const patienceMs = 30_000;

export function createApiClient(baseUrl: string, token: TokenSource): ApiClient {
  async function send(path: string, request: ApiRequest, bearer: string | null): Promise<unknown> {
    const headers = new Headers({ accept: "application/json", ...request.headers });
    if (request.body !== undefined) headers.set("content-type", "application/json");
    if (bearer !== null) headers.set("authorization", `Bearer ${bearer}`);
    const timeout = AbortSignal.timeout(patienceMs);
    const response = await fetch(`${baseUrl}${path}${queryString(request.query)}`, {
      method: request.method ?? "GET",
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
    }).catch((error: unknown) => {
      if (request.signal?.aborted) throw error;
      throw noAnswer();
    });
    return readAnswer(response);
  }

  return {
    request: async <T>(path: string, request: ApiRequest = {}) => {
      if (!request.signedIn) return (await send(path, request, null)) as T;
      try {
        return (await send(path, request, await token())) as T;
      } catch (error) {
        // The token may have been revoked, or the clock of this device may be wrong.
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        return (await send(path, request, await token({ renew: true }))) as T;
      }
    },
  };
}

function queryString(query: ApiRequest["query"]): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  return search.size > 0 ? `?${search.toString()}` : "";
}
