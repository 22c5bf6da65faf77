import { labelIn, numberIn, rowsOf, type Answer, type Cell } from "../../api/facts";
import { lastPart } from "../../statement/sentence";

/** An activity in another one. */
export interface Part {
  readonly id: string;
  /** Its name, if one is known. */
  readonly name: string;
  readonly type: string | undefined;
  readonly isQuestion: boolean;
  readonly learners: number;
  readonly finished: number;
  readonly statements: number;
  readonly success: number | undefined;
  readonly score: number | undefined;
  /** The activity that it is in, as statements say. */
  readonly parent: string | undefined;
}

/** A part at its place, with those in it. */
export interface Branch {
  readonly part: Part;
  readonly depth: number;
}

/** Questions that belong together. */
export interface Quiz {
  readonly id: string;
  readonly name: string;
  readonly answers: number;
}

const MODULE_TYPE = /\/(?:module|lesson|block|unit|chapter|assessment)$/u;

function text(value: Cell | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What a thing without a name is called: the end of its id, with what a mere number is the number of. */
function called(id: string): string {
  const last = lastPart(id);
  return /^\d+$/u.test(last) ? `${lastPart(id.replace(/\/[^/]*\/?$/u, ""))} ${last}` : last;
}

/** How names and ids with numbers in them are sorted. */
const natural = new Intl.Collator("en", { numeric: true });

/** The parts of an activity, each once. */
export function partsOf(answer: Answer): Part[] {
  const parts = new Map<string, Part>();
  for (const row of rowsOf(answer)) {
    const id = text(row.object);
    if (id === undefined) continue;
    const parent = text(row.parent);
    const known = parts.get(id);
    // A part that statements name with several parents has a row for each.
    if (known && known.learners >= (numberIn(row, "learners") ?? 0)) {
      if (known.parent === undefined) parts.set(id, { ...known, parent });
      continue;
    }
    parts.set(id, {
      id,
      name: labelIn(answer, "object", id) ?? called(id),
      type: text(row["object.type"]),
      isQuestion: text(row["object.interaction"]) !== undefined,
      learners: numberIn(row, "learners") ?? 0,
      finished: numberIn(row, "finished") ?? 0,
      statements: numberIn(row, "statements") ?? 0,
      success: numberIn(row, "success"),
      score: numberIn(row, "score"),
      parent: parent ?? known?.parent,
    });
  }
  return [...parts.values()];
}

/** The part whose id is the beginning of another id: what a thing is in, where nothing says so. */
function holderOf(id: string, parts: readonly Part[]): Part | undefined {
  let best: Part | undefined;
  for (const part of parts) {
    if (part.id !== id && id.startsWith(`${part.id}/`) && part.id.length > (best?.id.length ?? 0)) best = part;
  }
  return best;
}

/** The quizzes of an activity: what its questions are in, the one with the most answers first. */
export function quizzesOf(answer: Answer, parts: readonly Part[]): Quiz[] {
  const answers = new Map<string, number>();
  for (const part of parts) {
    if (part.isQuestion && part.parent !== undefined) {
      answers.set(part.parent, (answers.get(part.parent) ?? 0) + part.statements);
    }
  }
  return [...answers]
    .map(([id, total]) => ({ id, name: nameOf(id, answer, parts), answers: total }))
    .toSorted((one, other) => natural.compare(one.name, other.name) || natural.compare(one.id, other.id));
}

/** The name of a part, or of something in a part that nothing names. */
export function nameOf(id: string, answer: Answer, parts: readonly Part[]): string {
  const known = labelIn(answer, "parent", id) ?? labelIn(answer, "object", id);
  if (known !== undefined) return known;
  const holder = holderOf(id, parts);
  return holder ? `${holder.name} › ${called(id)}` : called(id);
}

/** The most steps of a funnel between its beginning and its end. */
const STEPS_MAX = 12;

/**
 * The parts that learners finish one after another: modules, or else whatever is finished. Those
 * that more have finished come first, since who has come far has been through what is before.
 */
export function stepsOf(root: string, parts: readonly Part[]): Part[] {
  const finished = parts.filter((part) => part.id !== root && !part.isQuestion && part.finished > 0);
  const modules = finished.filter((part) => MODULE_TYPE.test(part.type ?? ""));
  return (modules.length > 1 ? modules : finished)
    .toSorted((one, other) => other.finished - one.finished || natural.compare(one.id, other.id))
    .slice(0, STEPS_MAX);
}

/** The parts as a tree, in the order in which they are read. */
export function treeOf(root: string, parts: readonly Part[]): Branch[] {
  const ids = new Set(parts.map((part) => part.id));
  const children = new Map<string, Part[]>();
  for (const part of parts) {
    if (part.id === root) continue;
    const named = part.parent !== undefined && part.parent !== part.id ? part.parent : undefined;
    const isThere = named !== undefined && (ids.has(named) || named === root);
    const place = isThere ? named : (holderOf(named ?? part.id, parts)?.id ?? root);
    const at = place === part.id ? root : place;
    children.set(at, [...(children.get(at) ?? []), part]);
  }
  const branches: Branch[] = [];
  const seen = new Set<string>();
  const add = (id: string, depth: number) => {
    const own = (children.get(id) ?? []).toSorted((one, other) => natural.compare(one.id, other.id));
    for (const part of own) {
      if (seen.has(part.id)) continue;
      seen.add(part.id);
      branches.push({ part, depth });
      add(part.id, depth + 1);
    }
  };
  add(root, 0);
  // Parts in a circle of parents.
  for (const part of parts) if (part.id !== root && !seen.has(part.id)) branches.push({ part, depth: 0 });
  return branches;
}
