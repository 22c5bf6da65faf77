import type { PersonGroup } from "../../api/people";

/** A row of the tree of groups. */
export interface GroupRow {
  readonly group: PersonGroup;
  /** How many groups it is below. */
  readonly level: number;
  /** How many groups are just below it. */
  readonly children: number;
  readonly isOpen: boolean;
}

/** The most levels of groups. */
const LEVELS_MAX = 16;

/** Groups by the one that they are below, in the order of their names; those whose parent is not there are at the top. */
function childrenOf(groups: readonly PersonGroup[]): Map<string | null, PersonGroup[]> {
  const ids = new Set(groups.map((group) => group.id));
  const byParent = new Map<string | null, PersonGroup[]>();
  for (const group of groups.toSorted((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }))) {
    const parent = group.parent !== null && ids.has(group.parent) ? group.parent : null;
    byParent.set(parent, [...(byParent.get(parent) ?? []), group]);
  }
  return byParent;
}

/** The rows of the tree of which groups are open. */
export function rowsOf(groups: readonly PersonGroup[], isOpen: (id: string) => boolean): GroupRow[] {
  const byParent = childrenOf(groups);
  const rows: GroupRow[] = [];
  const add = (parent: string | null, level: number) => {
    for (const group of byParent.get(parent) ?? []) {
      const children = byParent.get(group.id)?.length ?? 0;
      const isShown = children > 0 && isOpen(group.id);
      rows.push({ group, level, children, isOpen: isShown });
      if (isShown && level < LEVELS_MAX) add(group.id, level + 1);
    }
  };
  add(null, 0);
  return rows;
}

/** The ids of a group and of all below it. */
export function withBelow(groups: readonly PersonGroup[], id: string): Set<string> {
  const byParent = childrenOf(groups);
  const found = new Set<string>();
  const add = (group: string) => {
    if (found.has(group)) return;
    found.add(group);
    for (const child of byParent.get(group) ?? []) add(child.id);
  };
  add(id);
  return found;
}

/** The ids of the groups that a group is below. */
export function above(groups: readonly PersonGroup[], id: string): string[] {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const found: string[] = [];
  let parent = byId.get(id)?.parent;
  while (parent && found.length < LEVELS_MAX && byId.has(parent)) {
    found.push(parent);
    parent = byId.get(parent)?.parent;
  }
  return found;
}
