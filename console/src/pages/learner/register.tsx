import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, List, X } from "lucide-react";
import { useMemo, useState } from "react";
import { filterOf, readPage } from "../../api/statements";
import { useViewer } from "../../app/context";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { sentenceOf } from "../../statement/sentence";
import type { Entry } from "../../statement/types";
import { clock, count, dayKey, dayMark, hourMinute, length } from "../../text/format";
import { readingLanguages, t } from "../../text/text";
import { sourceOf } from "../statements/list";
import { MarkView } from "../statements/mark";
import { SentenceView } from "../statements/sentence-view";
import type { Known } from "./known-as";
import { happened, sessionsOf, type Session, type Told } from "./sessions";

/** Statements that are read at once, of each identifier. */
const ROWS = 200;

/** Sessions that are shown at first, and with each press on the button for more. */
const SESSIONS = 12;

/** The most identifiers whose statements are read. */
const IDENTIFIERS_MAX = 8;

/** The most statements of a session that are listed. */
const LISTED_MAX = 100;

interface Read {
  readonly entries: readonly Entry[];
  /** Until when older ones are read; none if these are all. */
  readonly until: string | undefined;
}

/** The newest statements of several identifiers that were stored until a time, without a gap. */
async function readAll(tenant: number, agents: readonly string[], until: string | undefined, signal: AbortSignal): Promise<Read> {
  const pages = await Promise.all(agents.map((agent) => readPage(tenant, { ...filterOf({ agent, until }), limit: ROWS }, signal)));
  // Below the oldest of a list that goes on, others would be missing.
  const ends = pages.flatMap((page) => (page.next === undefined ? [] : (page.entries.at(-1)?.stored ?? [])));
  const end = ends.toSorted().at(-1);
  const entries = pages.flatMap((page) => page.entries).filter((entry) => end === undefined || entry.stored >= end);
  return { entries, until: end };
}

/** What a learner did, session by session, the newest first. */
export function Register({ known, sources, name }: { known: readonly Known[]; sources: ReadonlyMap<string, string>; name: string }) {
  const { tenant } = useViewer();
  const agents = known.slice(0, IDENTIFIERS_MAX).map((identifier) => identifier.text);
  const query = useInfiniteQuery({
    queryKey: ["register", tenant, agents],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => readAll(tenant, agents, pageParam, signal),
    getNextPageParam: (page, _all, param) => (page.until === param ? undefined : page.until),
    staleTime: 60_000,
  });
  const sessions = useMemo(() => {
    const entries = new Map<string, Entry>();
    for (const page of query.data?.pages ?? []) for (const entry of page.entries) entries.set(entry.id, entry);
    return sessionsOf([...entries.values()], (entry) => sourceOf(entry, sources), readingLanguages());
  }, [query.data, sources]);
  const [shown, setShown] = useState(SESSIONS);
  const hasMore = shown < sessions.length;
  const more = () => {
    setShown(shown + SESSIONS * 2);
    if (!hasMore) void query.fetchNextPage();
  };
  const read = sessions.reduce((sum, session) => sum + session.entries.length, 0);
  const first = agents[0];
  return (
    <section className="sheet" aria-label={t("register.title")}>
      <header>
        <h2>{t("register.title")}</h2>
        <span className="sub">{query.data ? t("register.sub", count(sessions.length), count(read)) : ""}</span>
      </header>
      {query.isPending ? <LoadingRows rows={8} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && sessions.length === 0 ? <Empty icon={List} title={t("statements.none")} /> : null}
      <ol className="reg sessions">
        {sessions.slice(0, shown).map((session, index) => {
          const before = sessions[index - 1];
          const isNewDay = !before || dayKey(before.to) !== dayKey(session.to);
          return <SessionRow key={session.id} session={session} isNewDay={isNewDay} agent={first} />;
        })}
      </ol>
      <footer>
        {hasMore || query.hasNextPage ? (
          <button className="btn sm" type="button" disabled={query.isFetchingNextPage} onClick={more}>
            {query.isFetchingNextPage ? t("state.loading") : t("audit.more")}
          </button>
        ) : null}
        {first ? (
          <Link className="end" to="/t/$tenant/statements" params={{ tenant: String(tenant) }} search={{ agent: first }}>
            {t("register.all", name)}
          </Link>
        ) : null}
      </footer>
    </section>
  );
}

function SessionRow({ session, isNewDay, agent }: { session: Session; isNewDay: boolean; agent: string | undefined }) {
  const seconds = (session.to.getTime() - session.from.getTime()) / 1_000;
  const facts = [
    session.answers > 0 ? t("register.correct", count(session.correct), count(session.answers)) : undefined,
    seconds >= 60 ? length(seconds) : undefined,
  ].filter((text) => text !== undefined);
  return (
    <>
      {isNewDay ? (
        <li className="dayrow">
          <time>{dayMark(session.to)}</time>
          <div />
        </li>
      ) : null}
      <li>
        <time dateTime={session.from.toISOString()}>{hourMinute(session.from)}</time>
        <div>
          {session.told.map((told) => (
            <ToldLine key={told.id} told={told} agent={agent} />
          ))}
          <details className="more">
            <summary>
              <Untrusted said={session.source || "–"} max={40} />
              {facts.map((fact) => `, ${fact}`)}
              {", "}
              <span className="link">{t("register.statements", session.entries.length)}</span>
            </summary>
            <Statements session={session} agent={agent} />
          </details>
        </div>
      </li>
    </>
  );
}

function ToldLine({ told, agent }: { told: Told; agent: string | undefined }) {
  const { tenant } = useViewer();
  const isBad = told.mark?.kind === "failed" || (!told.isGood && told.mark?.kind === "share");
  return (
    <p className="jn">
      <span className={isBad ? "bad" : "good"}>{isBad ? <Icon of={X} /> : told.isGood ? <Icon of={Check} /> : null}</span>
      <span>
        <Link className="ent" to="/t/$tenant/statements" params={{ tenant: String(tenant) }} search={{ agent, s: told.id }} preload={false}>
          <Untrusted said={told.sentence.object} max={120} />
        </Link>{" "}
        <span className="verb">
          <Untrusted said={told.sentence.verb} max={60} />
        </span>{" "}
        {told.mark?.kind === "share" ? <MarkView mark={told.mark} /> : null}
        {told.sentence.within ? (
          <span className="faint">
            {" "}
            {t("sentence.in")} <Untrusted said={told.sentence.within} max={80} />
          </span>
        ) : null}
      </span>
    </p>
  );
}

function Statements({ session, agent }: { session: Session; agent: string | undefined }) {
  const { tenant } = useViewer();
  const languages = readingLanguages();
  const shown = session.entries.slice(0, LISTED_MAX);
  return (
    <ol className="reg inner">
      {shown.map((entry) => {
        const sentence = sentenceOf(entry.statement, languages);
        return (
          <li key={entry.id}>
            <time dateTime={happened(entry).toISOString()}>{clock(happened(entry))}</time>
            <div>
              <Link className="row-link" to="/t/$tenant/statements" params={{ tenant: String(tenant) }} search={{ agent, s: entry.id }} preload={false}>
                <SentenceView sentence={sentence} max={100} />
              </Link>{" "}
              <MarkView mark={sentence.mark} />
            </div>
          </li>
        );
      })}
      {session.entries.length > shown.length ? <li>{t("tree.more", session.entries.length - shown.length)}</li> : null}
    </ol>
  );
}
