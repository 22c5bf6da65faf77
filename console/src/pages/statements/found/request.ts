import type { Condition, Question } from "../../../api/facts";
import type { SearchRequest } from "../../../api/statements";
import type { StatementSearch } from "../../../app/search";
import { alternativesOf, readWhere, writeWhere, type Where } from "../../../statement/where";
import { conditionOf, FILTERS, type FilterName } from "../filter-names";

/** The names that a text is looked for in. */
const NAMES = ["person.name", "verb.name", "object.name", "course.name"];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/** Something that narrows a search, and can be taken away from it. */
export interface Part {
  readonly name: FilterName | "q" | "where";
  /** The conditions of the address, if it is of these. */
  readonly wheres: readonly Where[];
  /** Undefined for a filter that conditions cannot say. */
  readonly condition: Condition | undefined;
  readonly without: Partial<StatementSearch>;
}

/** Whether statements are found by conditions, and not followed as they arrive. */
export function isFound(search: StatementSearch): boolean {
  return (search.q !== undefined && search.q.trim() !== "") || wheresOf(search).length > 0 || search.order !== undefined || search.voided === true;
}

export function wheresOf(search: StatementSearch): Where[] {
  return (search.where ?? []).map(readWhere).filter((where) => where !== undefined);
}

/** A text within a name; an id is looked for as one, and so is the number of a statement. */
export function textCondition(text: string): Condition {
  if (UUID.test(text)) return { field: "id", is: text.toLowerCase() };
  const names = NAMES.map((field) => ({ field, contains: text }));
  const digits = text.replaceAll(/[\s.,'’]/gu, "");
  const number = /^\d{1,15}$/u.test(digits) ? Number(digits) : undefined;
  return { or: number === undefined ? names : [{ field: "sequence", from: number, to: number + 1 }, ...names] };
}

/** What a search is made of. */
export function partsOf(search: StatementSearch): Part[] {
  const text = search.q?.trim();
  const wheres = wheresOf(search);
  const filters = FILTERS.filter((name) => search[name] !== undefined).map((name): Part => ({
    name,
    wheres: [],
    condition: conditionOf(name, search),
    without: { [name]: undefined },
  }));
  const texts: Part[] = text ? [{ name: "q", wheres: [], condition: textCondition(text), without: { q: undefined } }] : [];
  return [...filters, ...texts, ...whereParts(wheres, search)];
}

function whereParts(wheres: readonly Where[], search: StatementSearch): Part[] {
  const groups = alternativesOf(wheres);
  if (search.any && groups.length > 1) {
    const condition = { or: groups.map((group) => group.condition) };
    return [{ name: "where", wheres, condition, without: { where: undefined, any: undefined } }];
  }
  return groups.map((group) => {
    const own = new Set(group.wheres.map(writeWhere));
    const others = wheres.map(writeWhere).filter((text) => !own.has(text));
    return { name: "where", wheres: group.wheres, condition: group.condition, without: { where: others.length > 0 ? others : undefined } };
  });
}

/** All conditions together; undefined without any. */
function allOf(conditions: readonly (Condition | undefined)[]): Condition | undefined {
  const known = conditions.filter((condition) => condition !== undefined);
  return known.length > 1 ? { and: known } : known[0];
}

/** What is asked of the server. */
export function requestOf(search: StatementSearch, languages: readonly string[], zone: string): SearchRequest {
  return {
    where: allOf(partsOf(search).map((part) => part.condition)),
    order: search.order ?? "newest",
    with_voided: search.voided === true,
    language: acceptOf(languages),
    zone,
  };
}

/** Languages, best first, as a browser asks for them. */
function acceptOf(languages: readonly string[]): string {
  const known = languages.slice(0, 9);
  return known.map((language, at) => (at === 0 ? language : `${language};q=${(1 - at / 10).toFixed(1)}`)).join(", ");
}

/** How many statements are found; undefined where facts do not tell: they count no voided ones, and know no ids. */
export function countQuestion(request: SearchRequest): Question | undefined {
  if (request.with_voided || hasId(request.where)) return undefined;
  return { measures: [{ measure: "count", name: "count" }], dimensions: [], where: request.where ?? undefined, zone: request.zone };
}

function hasId(condition: Condition | null | undefined): boolean {
  return condition?.field === "id" || condition?.and?.some((part) => part.field === "id") === true;
}

/** How many statements there are without each of the parts; undefined if that cannot be asked. */
export function costsQuestion(parts: readonly Part[], zone: string): Question | undefined {
  const isKnown = parts.every((part) => part.condition !== undefined && part.condition.field !== "id");
  if (parts.length === 0 || !isKnown) return undefined;
  return {
    measures: parts.map((_, at) => {
      const where = allOf(parts.filter((__, index) => index !== at).map((part) => part.condition));
      return { measure: "count", name: `without ${at}`, where };
    }),
    dimensions: [],
    zone,
  };
}
