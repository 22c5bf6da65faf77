import type { Schemas } from "../../../api/client";

/** How much was completed or passed for the first time in each year of the viewer: each thing once. */
export function finishedByYear(achievements: readonly Pick<Schemas["JourneyAchievement"], "id" | "time">[]): Map<string, number> {
  const first = new Map<string, string>();
  for (const { id, time } of achievements) {
    const known = first.get(id);
    if (known === undefined || time < known) first.set(id, time);
  }
  const years = new Map<string, number>();
  for (const time of first.values()) {
    const year = String(new Date(time).getFullYear());
    years.set(year, (years.get(year) ?? 0) + 1);
  }
  return years;
}
