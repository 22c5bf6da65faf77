import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download, Pause, Play } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { credentialsQuery } from "../../api/credentials";
import { filterOf, statementsQuery, type StatementFilter } from "../../api/statements";
import { usageQuery } from "../../api/tenant";
import { useViewer } from "../../app/context";
import { useKeys } from "../../app/keys";
import type { StatementSearch } from "../../app/search";
import { useTitle } from "../../app/title";
import { saveFile } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { areFactsOff } from "../../api/facts";
import { Failure, LoadingRows, NotPermitted } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { count, zone } from "../../text/format";
import { tp } from "../../text/pages/text";
import { readingLanguages, t } from "../../text/text";
import { FactsOff } from "../overview/facts-state";
import { exportCsv, EXPORT_ROWS_MAX } from "./export";
import { FILTERS } from "./filter-names";
import { Filters } from "./filters";
import { exportFound, useFound } from "./found/found";
import { FoundBar } from "./found/found-bar";
import { NoMatch } from "./found/no-match";
import { isFound, requestOf } from "./found/request";
import { sourceOf, StatementList } from "./list";
import { LiveBar } from "./live-bar";
import { NothingYet } from "./nothing-yet";
import { StatementDrawer } from "./reading/drawer";
import { useTail } from "./tail";

/** What exactly happened: the statements of a tenant, as they arrive. */
export function StatementsPage() {
  const viewer = useViewer();
  useTitle(t("nav.statements"));
  if (!viewer.may("read-statements")) return <NotPermitted role={viewer.role} right="read-statements" />;
  return <Statements />;
}

function Statements() {
  const { tenant, may } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/statements" });
  const navigate = useNavigate({ from: "/t/$tenant/statements" });
  const { verb, activity, related, agent, registration, since, until } = search;
  const filter = useMemo(
    () => filterOf({ verb, activity, related, agent, registration, since, until }),
    [verb, activity, related, agent, registration, since, until],
  );
  // Where older statements are read from, once more came than is kept.
  const [older, setOlder] = useState<{ filter: StatementFilter; until: string }>();
  const olderUntil = older?.filter === filter ? older.until : undefined;
  // By conditions, statements are found; without, they are followed as they arrive.
  const isSearch = isFound(search);
  const found = useFound(search, isSearch);
  const live = useInfiniteQuery({ ...statementsQuery(tenant, olderUntil ? { ...filter, until: olderUntil } : filter), enabled: !isSearch });
  const query = isSearch ? found.query : live;
  const usage = useQuery(usageQuery(tenant));
  const credentials = useQuery(credentialsQuery(tenant, may("read-credentials")));
  const labels = useMemo(
    () => new Map(credentials.data?.map((credential) => [credential.key, credential.label])),
    [credentials.data],
  );
  const read = useMemo(() => live.data?.pages.flatMap((page) => page.entries) ?? [], [live.data]);
  const tail = useTail(tenant, filter, { isReady: !isSearch && (live.isSuccess || olderUntil !== undefined), newest: read[0] });
  const isApart = !isSearch && tail.cut !== undefined && tail.cut !== olderUntil;
  const entries = useMemo(() => {
    if (isSearch) return found.entries;
    if (isApart) return tail.fresh;
    const ids = new Set(tail.fresh.map((entry) => entry.id));
    return [...tail.fresh, ...read.filter((entry) => !ids.has(entry.id))];
  }, [isSearch, found.entries, tail.fresh, read, isApart]);

  const change = useCallback(
    (changed: Partial<StatementSearch>) =>
      void navigate({
        search: (known) => ({ ...known, ...changed }),
        replace: changed.s !== undefined && search.s !== undefined,
        resetScroll: false,
      }),
    [navigate, search.s],
  );
  const close = useCallback(() => {
    const opened = search.s;
    change({ s: undefined, view: undefined });
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-id="${opened ?? ""}"]`)?.focus());
  }, [change, search.s]);
  const walk = useCallback(
    (step: 1 | -1) => {
      const index = entries.findIndex((entry) => entry.id === search.s);
      const next = entries[index === -1 ? 0 : index + step];
      if (next) change({ s: next.id });
    },
    [entries, search.s, change],
  );
  const { pause, resume, pausedAt } = tail;
  useEffect(() => {
    if (search.s) pause();
  }, [search.s, pause]);
  useEffect(() => {
    const listen = () => {
      if (window.scrollY > 160) pause();
    };
    window.addEventListener("scroll", listen, { passive: true });
    return () => window.removeEventListener("scroll", listen);
  }, [pause]);
  const resumeAtTop = useCallback(() => {
    resume();
    window.scrollTo({ top: 0 });
  }, [resume]);
  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    enter: () => {
      if (!search.s) walk(1);
    },
    escape: () => {
      if (search.s) close();
    },
    " ": () => (isSearch ? undefined : pausedAt ? resumeAtTop() : pause()),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const { cut } = tail;
  const onEnd = useCallback(() => {
    if (isApart && cut !== undefined) setOlder({ filter, until: cut });
    else if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [isApart, cut, filter, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const opened = entries.find((entry) => entry.id === search.s);
  // Those voided here stay in the list until it is read again.
  const [voided, setVoided] = useState<ReadonlySet<string>>(() => new Set());
  const shown = useMemo(
    () => (voided.size === 0 ? entries : entries.map((entry) => (voided.has(entry.id) ? { ...entry, isVoided: true } : entry))),
    [entries, voided],
  );
  return (
    <>
      <div className="head">
        <h1>{t("nav.statements")}</h1>
        <span className="sub hide-s">{usage.data ? t("statements.onRecord", count(usage.data.statements)) : ""}</span>
        <div className="tools">
          {filter.until === undefined && !isSearch ? (
            <button className="btn" type="button" aria-pressed={pausedAt === undefined} onClick={pausedAt ? resumeAtTop : pause}>
              <Icon of={pausedAt ? Play : Pause} />
              {pausedAt ? t("live.paused") : t("live.on")}
            </button>
          ) : null}
          <ExportButton />
        </div>
      </div>
      <Filters search={search} entries={entries} onChange={change} />
      <div className={`split ${search.s ? "is-open" : ""}`}>
        <section className="sheet list" aria-label={t("statements.list")}>
          {isSearch ? <FoundBar search={search} found={found} onChange={change} /> : <LiveBar tail={tail} onResume={resumeAtTop} />}
          {query.isPending && entries.length === 0 ? <LoadingRows rows={14} /> : null}
          {query.isError ? (
            isSearch && areFactsOff(query.error) ? <FactsOff /> : <Failure error={query.error} onRetry={() => void query.refetch()} />
          ) : null}
          {query.isSuccess && entries.length === 0 ? (
            found.parts.length > 0 ? (
              <NoMatch parts={found.parts} onChange={change} />
            ) : (
              <NothingYet hint={t("statements.none.try")} />
            )
          ) : null}
          {entries.length > 0 ? (
            <StatementList entries={shown} labels={labels} selected={search.s} onOpen={(id) => change({ s: id })} onEnd={onEnd} />
          ) : null}
          {entries.length > 0 ? (
            <footer>
              {query.isFetching ? t("state.loading") : isApart || hasNextPage ? footOf(search) : t("statements.end", count(entries.length))}
              <span className="end">{t("statements.zone", zone())}</span>
            </footer>
          ) : null}
        </section>
        {search.s ? (
          <StatementDrawer
            id={search.s}
            known={isSearch ? undefined : opened}
            view={search.view}
            source={opened ? sourceOf(opened, labels) : undefined}
            onChange={(changed) => ("s" in changed && changed.s === undefined && Object.keys(changed).length <= 2 && !hasFilter(changed) ? close() : change(changed))}
            onWalk={walk}
            onVoided={(id) => setVoided((known) => new Set(known).add(id))}
          />
        ) : null}
      </div>
    </>
  );
}

function hasFilter(changed: Partial<StatementSearch>): boolean {
  return FILTERS.some((name) => changed[name] !== undefined);
}

function footOf({ order }: StatementSearch): string {
  return order === "oldest" ? tp("search.foot.oldest") : t("statements.foot");
}

function ExportButton() {
  const { tenant } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/statements" });
  const toast = useToast();
  const [rows, setRows] = useState<number>();
  const run = async () => {
    setRows(0);
    try {
      const run = isFound(search)
        ? exportFound(tenant, requestOf(search, readingLanguages(), zone()), setRows)
        : exportCsv(tenant, filterOf(search), setRows);
      const { text, isCut } = await run;
      saveFile("statements.csv", "text/csv;charset=utf-8", text);
      if (isCut) toast({ text: t("export.cut", count(EXPORT_ROWS_MAX)) });
    } catch {
      toast({ text: t("export.failed"), isBad: true });
    } finally {
      setRows(undefined);
    }
  };
  return (
    <button className="btn hide-s" type="button" disabled={rows !== undefined} onClick={() => void run()}>
      <Icon of={Download} />
      {rows === undefined ? t("export.csv") : t("export.running", count(rows))}
    </button>
  );
}
