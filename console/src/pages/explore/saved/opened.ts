import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useViewer } from "../../../app/context";
import { daysOf, type ExploreSearch } from "../../../app/search";
import { zone } from "../../../text/format";
import { searchOf } from "./form";
import { questionQuery, type Saved } from "./questions";

/** The saved question of an address, and whether the page shows it. */
export interface Opened {
  readonly read: UseQueryResult<Saved>;
  /** The question, if it is one that the page can show. */
  readonly saved: Saved | undefined;
  /** Whether the address names a question, and nothing of what it asks. */
  readonly isUnfilled: boolean;
}

/** Reads the saved question of an address, and fills the address with what it asks. */
export function useOpened(search: ExploreSearch, onFill: (filled: ExploreSearch) => void): Opened {
  const { tenant } = useViewer();
  const read = useQuery({ ...questionQuery(tenant, search.saved ?? "", "page"), enabled: search.saved !== undefined });
  const asked = useMemo(() => {
    const query = read.data?.question.query;
    return query ? searchOf(query, zone()) : undefined;
  }, [read.data]);
  const isUnfilled = search.saved !== undefined && search.m === undefined && search.by === undefined;
  useEffect(() => {
    if (!isUnfilled || !asked) return;
    const kept = search.period && !daysOf(search.period) ? search.period : undefined;
    onFill({ ...asked, period: asked.period ?? kept, saved: search.saved });
  });
  return { read, saved: asked && !read.isError ? read.data : undefined, isUnfilled };
}
