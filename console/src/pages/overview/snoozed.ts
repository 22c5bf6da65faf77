import { useCallback, useState } from "react";

/** For how long a notice is put off. */
const SNOOZED_MS = 7 * 86_400_000;

type Snoozed = Record<string, number>;

/** What was put off and is not due again, out of a text of the browser's store. */
export function readSnoozed(text: string | null, now: number): Snoozed {
  try {
    const known: unknown = JSON.parse(text ?? "{}");
    if (typeof known !== "object" || known === null) return {};
    return Object.fromEntries(Object.entries(known).filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] > now));
  } catch {
    return {};
  }
}

/** Notices that this browser has put off for a week, by their ids. */
export function useSnoozed(tenant: number) {
  const key = `acta.snoozed.${tenant}`;
  const [snoozed, setSnoozed] = useState(() => readSnoozed(localStorage.getItem(key), Date.now()));
  const keep = useCallback(
    (changed: Snoozed) => {
      localStorage.setItem(key, JSON.stringify(changed));
      setSnoozed(changed);
    },
    [key],
  );
  return {
    isSnoozed: (id: string) => id in snoozed,
    snooze: (id: string) => keep({ ...snoozed, [id]: Date.now() + SNOOZED_MS }),
    wake: (id: string) => keep(Object.fromEntries(Object.entries(snoozed).filter(([known]) => known !== id))),
    wakeAll: () => keep({}),
  };
}
