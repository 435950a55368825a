/** The body of an error, as `application/problem+json` defines it. */
interface Problem {
  readonly title: string;
  readonly detail?: string;
  readonly errors?: readonly Violation[];
}

/** One value of a request that the shop does not accept. */
export interface Violation {
  /** JSON pointer into the body, for example `/address/city`. */
  readonly pointer: string;
  readonly detail: string;
}

/** A request that did not work, in words for the person at the screen. */
export class ApiError extends Error {
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly violations: readonly Violation[];

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = "ApiError";
    this.status = status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.violations = problem.errors ?? [];
  }
}

export const noAnswer = () =>
  new ApiError(0, { title: "We cannot reach the shop", detail: "Please check your connection and try again." });

const brokenAnswer = (status: number) =>
  new ApiError(status, { title: "The shop is not answering properly", detail: "Please try again in a moment." });

/** The JSON of a good answer; throws an `ApiError` for any other. */
export async function readAnswer(response: Response): Promise<unknown> {
  const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "");
  // An HTML page is a proxy talking and not the shop, whatever its status says.
  const body: unknown = isJson ? await response.json().catch(() => undefined) : undefined;
  if (response.ok && body !== undefined) return body;
  throw isProblem(body) ? new ApiError(response.status, body) : brokenAnswer(response.status);
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== "object" || body === null) return false;
  const { title, detail, errors } = body as Record<string, unknown>;
  return (
    typeof title === "string" &&
    (detail === undefined || typeof detail === "string") &&
    (errors === undefined || (Array.isArray(errors) && errors.every(isViolation)))
  );
}

function isViolation(value: unknown): value is Violation {
  if (typeof value !== "object" || value === null) return false;
  const { pointer, detail } = value as Record<string, unknown>;
  return typeof pointer === "string" && typeof detail === "string";
}
