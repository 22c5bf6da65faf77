/** One part of a request that must be corrected. */
export interface Fault {
  readonly message: string;
  readonly pointer?: string;
  readonly parameter?: string;
}

/** What the server says about a refusal. */
export interface Problem {
  readonly type: string;
  readonly detail: string;
  readonly faults: readonly Fault[];
}

/** A request that was refused, or that did not reach the server (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
    /** Seconds to wait before another attempt. */
    readonly retryAfter: number | undefined,
  ) {
    super(problem?.detail ?? `status ${status}`);
    this.name = "ApiError";
  }
}

/** Reads a problem from a body of any shape. */
export function problemOf(body: unknown): Problem | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { type, detail, faults } = body as Record<string, unknown>;
  if (typeof detail !== "string") return undefined;
  const listed = Array.isArray(faults) ? faults : [];
  return {
    type: typeof type === "string" ? type : "",
    detail,
    faults: listed.filter(
      (fault): fault is Fault =>
        typeof fault === "object" && fault !== null && typeof fault.message === "string",
    ),
  };
}

/** Whether another attempt can succeed without a change. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** The message for one field of a form. */
export function faultAt(error: unknown, pointer: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.problem?.faults.find((fault) => fault.pointer === pointer || fault.pointer?.startsWith(`${pointer}/`))?.message;
}
