import { queryOptions } from "@tanstack/react-query";
import { api, rememberCsrfToken, take, type Schemas } from "./client";
import { ApiError } from "./problem";

export type Session = Schemas["Session"];
export type Tenant = Schemas["Tenant"];
export type Role = Schemas["RoleName"];

const WANTED = "acta.wanted";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  staleTime: Infinity,
  queryFn: async ({ signal }) => {
    const session = await take(api.GET("/session", { signal }));
    rememberCsrfToken(session.csrf_token);
    return session;
  },
});

/** The tenants that the person sees. */
export const tenantsQuery = queryOptions({
  queryKey: ["tenants"],
  staleTime: 60_000,
  queryFn: async ({ signal }) => {
    const tenants: Tenant[] = [];
    let cursor: string | undefined;
    do {
      const page = await take(
        api.GET("/tenants", { params: { query: { limit: 200, cursor } }, signal }),
      );
      tenants.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor && tenants.length < 2_000);
    return tenants;
  },
});

export const serverQuery = queryOptions({
  queryKey: ["server"],
  staleTime: 60_000,
  queryFn: ({ signal }) => take(api.GET("/server", { signal })),
});

/** Whether an error means that the person must sign in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** Opens the sign-in page, and remembers this address for afterwards. */
export function goToSignIn(): void {
  const { pathname, search } = window.location;
  if (pathname !== "/") sessionStorage.setItem(WANTED, pathname + search);
  window.location.assign("/signin");
}

/** The address that was wanted before the sign-in, once. */
export function takeWantedAddress(): string | undefined {
  const wanted = sessionStorage.getItem(WANTED) ?? undefined;
  sessionStorage.removeItem(WANTED);
  return wanted && /^\/(?:t|server)(?:\/|$)/u.test(wanted) ? wanted : undefined;
}

/** Ends the session. */
export async function signOut(): Promise<void> {
  await take(api.DELETE("/session"));
  sessionStorage.removeItem(WANTED);
  window.location.assign("/signin?after=signout");
}
