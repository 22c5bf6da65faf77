import { agentName } from "./sentence";
import { textOf, member, type JsonObject } from "./types";

/** The verb that voids a statement. */
export const VOIDED = "http://adlnet.gov/expapi/verbs/voided";

/** Whether a statement voids another one; it cannot be voided then. */
export function isVoiding(statement: JsonObject): boolean {
  return textOf(member(statement, "verb"), "id") === VOIDED && textOf(member(statement, "object"), "objectType") === "StatementRef";
}

/** Who voided a statement, when, and why if that is said. */
export interface Voided {
  readonly who: string;
  readonly when: string | undefined;
  readonly why: string | undefined;
}

/** What a voiding statement says. */
export function voidedBy(voiding: JsonObject): Voided {
  return {
    who: agentName(member(voiding, "actor")),
    when: textOf(voiding, "stored"),
    why: textOf(member(voiding, "result"), "response"),
  };
}
