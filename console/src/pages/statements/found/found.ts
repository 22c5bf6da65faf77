import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { factsQuery, numberIn, rowsOf } from "../../../api/facts";
import { searchPage, searchQuery, type SearchRequest } from "../../../api/statements";
import { useViewer } from "../../../app/context";
import type { StatementSearch } from "../../../app/search";
import type { Entry } from "../../../statement/types";
import { zone } from "../../../text/format";
import { readingLanguages } from "../../../text/text";
import { exportPages } from "../export";
import { entryOf } from "./entry";
import { countQuestion, costsQuestion, partsOf, requestOf, type Part } from "./request";

/** Statements of one page of a file. */
const EXPORT_ROWS = 200;

/** Statements that were found by conditions, as far as they are read. */
export interface Found {
  readonly query: ReturnType<typeof useFoundPages>;
  readonly entries: readonly Entry[];
  readonly request: SearchRequest;
  readonly parts: readonly Part[];
  /** How many there are, where the facts of the server tell. */
  readonly total: number | undefined;
}

function useFoundPages(request: SearchRequest, isOn: boolean) {
  const { tenant } = useViewer();
  return useInfiniteQuery({ ...searchQuery(tenant, request), enabled: isOn });
}

/** Finds the statements of a search, while that is one for statements that are found. */
export function useFound(search: StatementSearch, isOn: boolean): Found {
  const { tenant } = useViewer();
  const request = useMemo(() => requestOf(search, readingLanguages(), zone()), [search]);
  const parts = useMemo(() => partsOf(search), [search]);
  const query = useFoundPages(request, isOn);
  const question = countQuestion(request);
  const counted = useQuery({ ...factsQuery(tenant, question ?? { measures: [] }), enabled: isOn && question !== undefined });
  const entries = useMemo(() => query.data?.pages.flatMap((page) => page.items.map(entryOf)) ?? [], [query.data]);
  return { query, entries, request, parts, total: numberIn(counted.data ? rowsOf(counted.data)[0] : undefined, "count") };
}

/** How many statements come back without each part, where the facts of the server tell. */
export function useCosts(parts: readonly Part[]): readonly (number | undefined)[] {
  const { tenant } = useViewer();
  const question = costsQuestion(parts, zone());
  const query = useQuery({ ...factsQuery(tenant, question ?? { measures: [] }), enabled: question !== undefined });
  const row = query.data ? rowsOf(query.data)[0] : undefined;
  return parts.map((_, at) => numberIn(row, `without ${at}`));
}

/** All statements that are found, as CSV. */
export function exportFound(tenant: number, request: SearchRequest, onProgress: (rows: number) => void) {
  return exportPages(async (cursor) => {
    const page = await searchPage(tenant, request, { limit: EXPORT_ROWS, cursor });
    return { entries: page.items.map(entryOf), next: page.next ?? undefined };
  }, onProgress);
}
