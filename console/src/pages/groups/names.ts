import { labelIn, rowsOf, type Answer, type Question } from "../../api/facts";
import { identifierKey } from "../../api/persons";
import { agentName } from "../../statement/sentence";
import type { Json } from "../../statement/types";
import { plainly, shorten } from "../../statement/visible";
import type { Member } from "./changes";

/** Of how many members names are asked for. */
const ASKED_MAX = 500;

/** Asks for the names that statements have for members to whom none was given; undefined if all have one. */
export function namesQuestion(members: readonly Member[]): Question | undefined {
  const nameless = members.filter((member) => !member.name).slice(0, ASKED_MAX);
  if (nameless.length === 0) return undefined;
  return {
    measures: [{ measure: "count", name: "count" }],
    dimensions: ["person"],
    where: { field: "person", in: nameless.map((member) => member.person) },
    limit: ASKED_MAX,
  };
}

/** The names in an answer, by the identifiers that they belong to. */
export function namesIn(answer: Answer | undefined): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const row of answer ? rowsOf(answer) : []) {
    const name = labelIn(answer, "person", row.person ?? null);
    if (!name) continue;
    try {
      names.set(identifierKey(JSON.parse(String(row.person))), name);
    } catch {
      // Not an identifier: nobody has it.
    }
  }
  return names;
}

/** The name that was given to a member, or else the one that statements have, or else the first identifier. */
export function nameOf(member: Member, names: ReadonlyMap<string, string>): string {
  const found = member.identifiers.map((agent) => names.get(identifierKey(agent))).find((name) => name !== undefined);
  return plainly(shorten(member.name ?? found ?? agentName(member.identifiers[0] as Json | undefined), 200));
}
