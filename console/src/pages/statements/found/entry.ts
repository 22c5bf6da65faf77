import type { FoundStatement } from "../../../api/statements";
import type { Entry, Json, JsonObject } from "../../../statement/types";

/** An object of what is known; what is null is left out. */
function known(members: Record<string, Json | undefined>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== null && entry[1] !== undefined));
}

/** A name in a language that is not said. */
function named(name: string | null): JsonObject | undefined {
  return name === null ? undefined : { und: name };
}

/** The members of an agent that a text names. */
function agentOf(id: string | null): JsonObject {
  try {
    const agent: unknown = JSON.parse(id ?? "{}");
    return typeof agent === "object" && agent !== null && !Array.isArray(agent) ? (agent as JsonObject) : {};
  } catch {
    return {};
  }
}

function objectOf({ object }: FoundStatement): JsonObject {
  const { kind, id, name, type } = object;
  switch (kind) {
    case "Agent":
    case "Group":
      return known({ objectType: kind, name, ...agentOf(id) });
    case "StatementRef":
      return known({ objectType: kind, id });
    default:
      // The name of a substatement is its sentence.
      return known({ id, definition: known({ name: named(name), type }) });
  }
}

/**
 * A row of the list for a statement that was found. It has the parts that a sentence needs, in the
 * form of a statement, and is not the statement that was sent.
 */
export function entryOf(found: FoundStatement): Entry {
  const { id, stored, timestamp, person, verb, course, result, source, is_voided } = found;
  const { score, success, completion, response } = result;
  const statement = known({
    id,
    stored,
    timestamp,
    actor: known({ name: person.name, ...agentOf(person.id) }),
    verb: known({ id: verb.id, display: named(verb.name) }),
    object: objectOf(found),
    result: known({ success, completion, response, score: known({ scaled: score.scaled, raw: score.raw, min: score.min, max: score.max }) }),
    context: known({
      platform: found.platform,
      registration: found.registration,
      contextActivities: course ? { grouping: [known({ id: course.id, definition: known({ name: named(course.name) }) })] } : undefined,
    }),
    authority: source === null ? undefined : { account: { name: source } },
  });
  return { id, stored, statement, isVoided: is_voided };
}
