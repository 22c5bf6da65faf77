import type { Schemas } from "../../api/client";
import type { Credential, Refusal, Refusals } from "../../api/credentials";
import type { PageCatalogue } from "../../text/pages/en";

/** Problems that are explained here, by the last part of their type. */
const REASONS = [
  "content-encoding",
  "document-exists",
  "faults",
  "forbidden",
  "foreign-origin",
  "malformed",
  "precondition-failed",
  "restricted",
  "statement-conflict",
  "tenant-closed",
  "too-large",
  "too-many-failures",
  "too-many-requests",
  "unauthenticated",
  "unsupported-media-type",
] as const;
export type Reason = (typeof REASONS)[number] | "other";

/** Restrictions of credentials, by the names that problems have for them. */
const RESTRICTIONS = [
  "activity",
  "activity-prefix",
  "administration",
  "agent",
  "exchange",
  "origin",
  "persons",
  "read-only",
  "registration",
  "voiding",
] as const;

type RestrictionKey = `restriction.${(typeof RESTRICTIONS)[number]}` & keyof PageCatalogue;

/** Why a request was refused, as far as it is explained here. */
export function reasonOf(refusal: Pick<Refusal, "type">): Reason {
  const last = refusal.type.split(":").at(-1);
  return REASONS.find((reason) => reason === last) ?? "other";
}

/** The name of the text about the restriction that forbids a request; undefined without one that is known. */
export function restrictionOf(refusal: Pick<Refusal, "restriction">): RestrictionKey | undefined {
  const known = RESTRICTIONS.find((name) => name === refusal.restriction);
  return known && `restriction.${known}`;
}

/** A day, in milliseconds. */
const DAY = 86_400_000;

/** Whether a credential is silent: it usually sends more often, and nobody has used it for a day. */
export function isSilent(credential: Pick<Credential, "last_used">, figures: Pick<Schemas["SourceFigures"], "is_silent"> | undefined, now = Date.now()): boolean {
  const isUsed = credential.last_used ? now - new Date(credential.last_used).getTime() < DAY : false;
  return figures?.is_silent === true && !isUsed;
}

/** How many requests were refused, and when the last of them; undefined if none was. */
export function refusedIn(refusals: Refusals | undefined): { count: number; last: string } | undefined {
  const all = refusals?.refusals ?? [];
  const [first] = all;
  if (!first) return undefined;
  const last = all.reduce((latest, refusal) => (refusal.last > latest ? refusal.last : latest), first.last);
  return { count: all.reduce((sum, refusal) => sum + refusal.count, 0), last };
}
