import type { PersonGroup } from "../../api/people";

/** The most levels of groups. */
const LEVELS_MAX = 16;

/** A group by the names from the top down to it. */
export interface GroupPath {
  readonly id: string;
  readonly path: string;
}

/** The paths of groups, each after the group that it is below. */
export function pathsOf(groups: readonly PersonGroup[]): GroupPath[] {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const namesOf = (group: PersonGroup): string[] => {
    const names: string[] = [];
    let current: PersonGroup | undefined = group;
    while (current && names.length < LEVELS_MAX) {
      names.unshift(current.name);
      current = current.parent ? byId.get(current.parent) : undefined;
    }
    return names;
  };
  return groups
    .map((group) => ({ id: group.id, names: namesOf(group) }))
    .toSorted((one, other) => compare(one.names, other.names))
    .map(({ id, names }) => ({ id, path: names.join(" / ") }));
}

/** The order of two lists of names: name by name, and the shorter one first. */
function compare(one: readonly string[], other: readonly string[]): number {
  for (const [index, name] of one.entries()) {
    const theirs = other[index];
    if (theirs === undefined) return 1;
    const order = name.localeCompare(theirs, undefined, { numeric: true });
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

/** The chosen groups that there still are, in the order in which they were chosen. */
export function stillThere(chosen: ReadonlySet<string>, groups: readonly PersonGroup[]): string[] {
  const known = new Set(groups.map((group) => group.id));
  return [...chosen].filter((id) => known.has(id));
}
