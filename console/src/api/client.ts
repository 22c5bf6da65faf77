import createClient, { type Middleware } from "openapi-fetch";
import { ApiError, problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** The token that proves to the server that a change comes from the console. */
let csrfToken: string | undefined;

export function rememberCsrfToken(token: string | null | undefined): void {
  csrfToken = token ?? undefined;
}

const withCsrfToken: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && csrfToken) request.headers.set("X-CSRF-Token", csrfToken);
    return request;
  },
};

/** The admin API, with the types of its document. */
export const api = createClient<paths>({ baseUrl: "/api/v1" });
api.use(withCsrfToken);

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The body of a response.
 *
 * @throws {ApiError} for a refusal, and when the server cannot be reached.
 */
export async function take<T>(outcome: Promise<Outcome<T>>): Promise<T> {
  return (await takeWithHead(outcome)).data;
}

/** As `take`, with the response, for its headers. */
export async function takeWithHead<T>(
  outcome: Promise<Outcome<T>>,
): Promise<{ data: T; response: Response }> {
  let done: Outcome<T>;
  try {
    done = await outcome;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, undefined, undefined);
  }
  const { response } = done;
  if (!response.ok) {
    const wait = Number(response.headers.get("Retry-After"));
    throw new ApiError(response.status, problemOf(done.error), wait > 0 ? wait : undefined);
  }
  return { data: done.data as T, response };
}
