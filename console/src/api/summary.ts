import { useEffect, useState } from "react";
import type { Schemas } from "./client";
import { openStream } from "./stream";

export type Summary = Schemas["StreamSummary"];

/** What a tenant has stored, and how far its facts are, as it changes; undefined until it is known, and if it is not followed. */
export function useSummary(tenant: number, isFollowed: boolean): Summary | undefined {
  const [summary, setSummary] = useState<Summary>();
  useEffect(() => {
    if (!isFollowed) return undefined;
    const stream = openStream(`/api/v1/tenants/${tenant}/stream/summary`, {
      onEvents: (events) => {
        const last = events.findLast((event) => event.name === "summary");
        if (last) setSummary(JSON.parse(last.data) as Summary);
      },
      onOpen: () => undefined,
      onLost: () => undefined,
    });
    return () => {
      stream.close();
      setSummary(undefined);
    };
  }, [tenant, isFollowed]);
  return summary;
}
