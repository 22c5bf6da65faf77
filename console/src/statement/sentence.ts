import { say, type Said } from "./language";
import { isObject, listOf, member, numberOf, textOf, type Json, type JsonObject } from "./types";

/** How a result is told in a word. */
export type Mark =
  | { readonly kind: "correct" | "incorrect" | "passed" | "failed" | "completed" }
  | { readonly kind: "share"; readonly value: number };

/** A statement as a reader reads it. All texts are those of the sender. */
export interface Sentence {
  readonly actor: Said;
  readonly verb: Said;
  readonly object: Said;
  /** What kind of object it is, where that changes the words. */
  readonly kind: "thing" | "statement" | "plan";
  /** The course or the activity that it was part of. */
  readonly within?: Said;
  readonly mark?: Mark;
}

export const COURSE_TYPES = [
  "http://adlnet.gov/expapi/activities/course",
  "https://w3id.org/xapi/cmi5/activitytype/course",
];
/** Whether a type is that of a course. */
export function isCourseType(type: string | undefined): boolean {
  return COURSE_TYPES.includes(type ?? "");
}

const ANSWERED = "http://adlnet.gov/expapi/verbs/answered";

/** The last part of an IRI that says something. */
export function lastPart(iri: string): string {
  const path = iri.replace(/[?#].*$/u, "").replace(/\/+$/u, "");
  const fragment = /#([^#]+)$/u.exec(iri)?.[1];
  const last = fragment ?? path.slice(path.lastIndexOf("/") + 1);
  let text = last === "" ? iri : last;
  try {
    text = decodeURIComponent(text);
  } catch {
    // Not percent-encoded: as it is.
  }
  return text;
}

/** A person or a group by name, or else by what identifies them. */
export function agentName(agent: Json | undefined): string {
  const name = textOf(agent, "name");
  if (name) return name;
  const account = member(agent, "account");
  const accountName = textOf(account, "name");
  if (accountName) {
    const page = textOf(account, "homePage");
    return page ? `${accountName} (${hostOf(page)})` : accountName;
  }
  const mbox = textOf(agent, "mbox");
  if (mbox) return mbox.replace(/^mailto:/iu, "");
  const openid = textOf(agent, "openid");
  if (openid) return openid;
  const hash = textOf(agent, "mbox_sha1sum");
  if (hash) return `${hash.slice(0, 8)}…`;
  const members = listOf(agent, "member").map(agentName);
  if (members.length > 0) return members.slice(0, 3).join(", ") + (members.length > 3 ? "…" : "");
  return "?";
}

function hostOf(page: string): string {
  return URL.canParse(page) && new URL(page).host !== "" ? new URL(page).host : page;
}

export function verbName(verb: Json | undefined, languages: readonly string[]): Said {
  const id = textOf(verb, "id");
  return say(member(verb, "display"), languages) ?? { text: id ? lastPart(id) : "?" };
}

/** The name of an activity. */
export function activityName(activity: Json | undefined, languages: readonly string[]): Said {
  const id = textOf(activity, "id");
  const named = say(member(member(activity, "definition"), "name"), languages);
  return named ?? { text: id ? lastPart(id) : "?" };
}

/** The sentence of a statement, for a reader of these languages. */
export function sentenceOf(statement: JsonObject, languages: readonly string[]): Sentence {
  const object = member(statement, "object");
  const type = textOf(object, "objectType");
  const kind = type === "StatementRef" ? "statement" : type === "SubStatement" ? "plan" : "thing";
  return {
    actor: { text: agentName(member(statement, "actor")) },
    verb: verbName(member(statement, "verb"), languages),
    object: objectName(object, type, languages),
    kind,
    within: withinOf(statement, languages),
    mark: markOf(statement),
  };
}

function objectName(object: Json | undefined, type: string | undefined, languages: readonly string[]): Said {
  if (type === "StatementRef") return { text: textOf(object, "id") ?? "?" };
  if (type === "Agent" || type === "Group") return { text: agentName(object) };
  if (type === "SubStatement" && isObject(object)) {
    const inner = sentenceOf(object, languages);
    return { text: `${inner.actor.text} ${inner.verb.text} ${inner.object.text}` };
  }
  return activityName(object, languages);
}

function withinOf(statement: JsonObject, languages: readonly string[]): Said | undefined {
  const activities = member(member(statement, "context"), "contextActivities");
  const all = [...listOf(activities, "parent"), ...listOf(activities, "grouping")];
  const isCourse = (activity: Json) => isCourseType(textOf(member(activity, "definition"), "type"));
  const found = all.find(isCourse) ?? all[0];
  if (!found || textOf(found, "id") === textOf(member(statement, "object"), "id")) return undefined;
  return activityName(found, languages);
}

/** A result becomes a word only when it is sure. */
function markOf(statement: JsonObject): Mark | undefined {
  const result = member(statement, "result");
  const success = member(result, "success");
  const scaled = numberOf(member(result, "score"), "scaled");
  const answered = textOf(member(statement, "verb"), "id") === ANSWERED;
  if (answered && typeof success === "boolean") return { kind: success ? "correct" : "incorrect" };
  if (scaled !== undefined) return { kind: "share", value: scaled };
  if (typeof success === "boolean") return { kind: success ? "passed" : "failed" };
  return member(result, "completion") === true ? { kind: "completed" } : undefined;
}

/** The seconds of an ISO 8601 duration; undefined where it has months or years, or none at all. */
export function secondsOf(duration: string): number | undefined {
  const parts =
    /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/u.exec(
      duration,
    );
  if (!parts) return undefined;
  const lengths = [604_800, 86_400, 3_600, 60, 1];
  const given = parts.slice(1);
  if (given.every((part) => part === undefined)) return undefined;
  return given.reduce((sum, part, index) => sum + Number(part ?? 0) * (lengths[index] ?? 0), 0);
}
