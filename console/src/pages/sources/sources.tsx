import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, CircleDashed, Clock, Plug, Plus } from "lucide-react";
import { useMemo } from "react";
import { sourcesQuery } from "../../api/analyses";
import type { Schemas } from "../../api/client";
import { allRefusalsQuery, credentialsQuery, type Credential } from "../../api/credentials";
import { factsQuery, numberIn, rowsOf, type Answer } from "../../api/facts";
import { useViewer } from "../../app/context";
import { useTitle } from "../../app/title";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows, NotPermitted } from "../../parts/states";
import { Strip } from "../../parts/strip";
import { ago, count, dayKey, zone } from "../../text/format";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { SourceDrawer } from "./drawer";
import { isSilent, refusedIn } from "./refused";

export type Silence = Schemas["SourceFigures"];

/** How many days the strip of a source shows. */
const STRIP_DAYS = 14;

/** Does everything still send? */
export function SourcesPage() {
  const viewer = useViewer();
  useTitle(t("nav.sources"));
  if (!viewer.may("read-credentials")) return <NotPermitted role={viewer.role} right="read-credentials" />;
  return <Sources />;
}

function Sources() {
  const { tenant, may } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/sources" });
  const navigate = useNavigate({ from: "/t/$tenant/sources" });
  const query = useQuery(credentialsQuery(tenant));
  const volume = useQuery({ ...factsQuery(tenant, volumeQuestion()), enabled: may("read-statements") });
  const counts = useMemo(() => countsOf(volume.data), [volume.data]);
  const analysis = useQuery({ ...sourcesQuery(tenant, undefined, zone(), "source"), enabled: may("ask-questions") });
  const silences = useMemo(() => new Map(analysis.data?.sources.map((figures) => [figures.source ?? "", figures])), [analysis.data]);
  const keys = useMemo(() => query.data?.map((credential) => credential.key) ?? [], [query.data]);
  const refusals = useQuery(allRefusalsQuery(tenant, keys));
  const opened = query.data?.find((credential) => credential.key === search.c);
  const open = (key: string | undefined) => void navigate({ search: { c: key }, resetScroll: false });
  const connect = may("write-credentials") ? (
    <Link className="btn primary" to="/t/$tenant/sources/connect" params={{ tenant: String(tenant) }}>
      <Icon of={Plus} />
      {t("sources.connect")}
    </Link>
  ) : null;
  return (
    <>
      <div className="head">
        <h1>{t("nav.sources")}</h1>
        <span className="sub">{query.data ? t("sources.count", query.data.length) : ""}</span>
        <div className="tools">{connect}</div>
      </div>
      <div className={`split ${opened ? "is-open" : ""}`}>
        <section className="sheet list" aria-label={t("sources.list")}>
          {query.isPending ? <LoadingRows /> : null}
          {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
          {query.data?.length === 0 ? (
            <Empty icon={Plug} title={t("sources.none")} actions={connect}>
              {t("sources.none.try")}
            </Empty>
          ) : null}
          {query.data && query.data.length > 0 ? (
            <table className="tbl rows">
              <thead>
                <tr>
                  <th scope="col">{t("source.name")}</th>
                  <th scope="col">{t("source.state")}</th>
                  <th scope="col" className="hide-s">
                    {t("source.lastUsed")}
                  </th>
                  {volume.data ? (
                    <>
                      <th scope="col" className="hide-m hide-open">
                        {t("source.days", STRIP_DAYS)}
                      </th>
                      <th scope="col" className="num">
                        {t("nav.statements")}
                      </th>
                    </>
                  ) : null}
                </tr>
              </thead>
              <tbody>
                {query.data.map((credential) => {
                  const days = counts.get(credential.key);
                  return (
                    <tr
                      key={credential.key}
                      aria-selected={credential.key === search.c ? true : undefined}
                      onClick={(event) => {
                        if (event.target instanceof HTMLElement && !event.target.closest("a")) open(credential.key);
                      }}
                    >
                      <td className="two">
                        <Link className="name" from="/t/$tenant/sources" to="/t/$tenant/sources" search={{ c: credential.key }} resetScroll={false}>
                          <bdi>{credential.label}</bdi>
                        </Link>
                        <small className="mono">{credential.key}</small>
                      </td>
                      <td>
                        <StateOf credential={credential} silence={silences.get(credential.key)} />
                        <Refused count={refusedIn(refusals.data?.get(credential.key))} />
                      </td>
                      <td className="hide-s dim">{credential.last_used ? ago(credential.last_used) : "–"}</td>
                      {volume.data ? (
                        <>
                          <td className="hide-m hide-open">
                            <Strip days={lastDays(STRIP_DAYS)} counts={days} />
                          </td>
                          <td className="num">{count([...(days?.values() ?? [])].reduce((sum, value) => sum + value, 0))}</td>
                        </>
                      ) : null}
                    </tr>
                  );
                })}
              </tbody>
            </table>
          ) : null}
        </section>
        {opened ? <SourceDrawer key={opened.key} credential={opened} silence={silences.get(opened.key)} onClose={() => open(undefined)} /> : null}
      </div>
    </>
  );
}

function Refused({ count: refused }: { count: { count: number; last: string } | undefined }) {
  return refused ? <small className="bad under">{tp("refusals.count", refused.count, ago(refused.last))}</small> : null;
}

/** Whether a credential works, and for how long. */
function StateOf({ credential, silence }: { credential: Credential; silence: Silence | undefined }) {
  const now = Date.now();
  const expires = credential.expires ? new Date(credential.expires).getTime() : Number.POSITIVE_INFINITY;
  if (expires <= now) return <Status kind="bad" icon={CircleAlert} text={t("source.expired")} />;
  if (expires - now < 14 * 86_400_000) {
    return <Status kind="warn" icon={Clock} text={t("source.expires.in", ago(credential.expires ?? ""))} />;
  }
  if (silence && isSilent(credential, silence)) return <Status kind="bad" icon={CircleAlert} text={tp("silence.days", silence.quiet_days)} />;
  if (!credential.last_used) return <Status kind="none" icon={CircleDashed} text={t("source.never")} />;
  const isRecent = now - new Date(credential.last_used).getTime() < 86_400_000;
  return isRecent ? (
    <Status kind="good" icon={CircleCheck} text={t("source.inUse")} />
  ) : (
    <Status kind="none" icon={Clock} text={t("source.quiet")} />
  );
}

function Status({ kind, icon, text }: { kind: string; icon: typeof Clock; text: string }) {
  return (
    <span className={`st ${kind}`}>
      <Icon of={icon} />
      {text}
    </span>
  );
}

/** The last days in the zone of the browser, oldest first. */
function lastDays(total: number): string[] {
  return Array.from({ length: total }, (_, index) => {
    const day = new Date();
    day.setDate(day.getDate() - (total - 1 - index));
    return dayKey(day);
  });
}

function volumeQuestion() {
  return {
    measures: [{ measure: "count", name: "count" }],
    dimensions: ["source", { field: "stored", by: "day", name: "day" }],
    where: { field: "stored", from: lastDays(STRIP_DAYS)[0] },
    zone: zone(),
    limit: 20_000,
  };
}

function countsOf(answer: Answer | undefined): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const row of answer ? rowsOf(answer) : []) {
    const source = String(row.source);
    const days = counts.get(source) ?? new Map<string, number>();
    days.set(String(row.day).slice(0, 10), numberIn(row, "count") ?? 0);
    counts.set(source, days);
  }
  return counts;
}
