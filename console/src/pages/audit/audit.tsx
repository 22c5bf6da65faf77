import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, FileText, ShieldCheck } from "lucide-react";
import { api, take, type Schemas } from "../../api/client";
import { credentialsQuery } from "../../api/credentials";
import { peopleQuery } from "../../api/people";
import { useViewer } from "../../app/context";
import { useTitle } from "../../app/title";
import { Icon } from "../../parts/icon";
import { Empty, explain, Failure, LoadingRows, NotPermitted, titleOf } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { clock, count, dayHead, dayKey, exact } from "../../text/format";
import { t } from "../../text/text";

type AuditEntry = Schemas["AuditEntry"];

/** Who did what in the tenant. */
export function AuditPage() {
  const viewer = useViewer();
  useTitle(t("nav.audit"));
  if (!viewer.may("read-audit")) return <NotPermitted role={viewer.role} right="read-audit" />;
  return <Audit />;
}

function Audit() {
  const { tenant } = useViewer();
  const query = useInfiniteQuery({
    queryKey: ["audit", tenant],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      take(api.GET("/tenants/{tenant}/audit", { params: { path: { tenant }, query: { limit: 100, cursor: pageParam } }, signal })),
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const verify = useMutation({
    mutationFn: () => take(api.GET("/tenants/{tenant}/audit/verify", { params: { path: { tenant } } })),
  });
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="head">
        <h1>{t("nav.audit")}</h1>
        <div className="tools">
          <button className="btn" type="button" disabled={verify.isPending} onClick={() => verify.mutate()}>
            <Icon of={ShieldCheck} />
            {t("audit.verify")}
          </button>
        </div>
      </div>
      <div role="status" className="behind">
        {verify.data ? <Verified check={verify.data} /> : null}
        {verify.isError ? (
          <p className="note bad">
            <Icon of={CircleAlert} />
            <span>
              <b>{titleOf(verify.error)}</b> {explain(verify.error)}
            </span>
          </p>
        ) : null}
      </div>
      <section className="sheet" aria-label={t("audit.list")}>
        {query.isPending ? <LoadingRows rows={12} /> : null}
        {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.data && entries.length === 0 ? <Empty icon={FileText} title={t("audit.none")} /> : null}
        {entries.length > 0 ? (
          <ol className="reg audit">
            {entries.map((entry, index) => (
              <Entry key={entry.id} entry={entry} isFirst={index === 0 || dayKey(new Date(entry.at)) !== dayKey(new Date(entries[index - 1]?.at ?? ""))} />
            ))}
          </ol>
        ) : null}
        {query.hasNextPage ? (
          <footer>
            <button className="btn sm" type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {t("audit.more")}
            </button>
          </footer>
        ) : null}
      </section>
    </>
  );
}

/** The names of people and credentials, by how the audit writes them. */
function useNames(): Map<string, string> {
  const { tenant, may } = useViewer();
  const people = useQuery({ ...peopleQuery(tenant), enabled: may("read-people") });
  const credentials = useQuery(credentialsQuery(tenant, may("read-credentials")));
  return new Map([
    ...(people.data ?? []).map((person): [string, string] => [`account:${person.account}`, person.display_name]),
    ...(credentials.data ?? []).map((credential): [string, string] => [`credential:${credential.key}`, credential.label]),
  ]);
}

/** What changed, without what is empty. */
function detailOf(detail: Record<string, unknown>): string {
  const isGiven = (value: unknown) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
  return Object.entries(detail)
    .filter(([, value]) => isGiven(value))
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}

function Verified({ check }: { check: Schemas["AuditCheck"] }) {
  const isWhole = check.broken_at === null;
  return (
    <p className={`note ${isWhole ? "good" : "bad"}`}>
      <Icon of={isWhole ? CircleCheck : CircleAlert} />
      <span>
        <b>{isWhole ? t("audit.whole", count(check.sequence)) : t("audit.broken", count(check.broken_at ?? 0))}</b> {t("audit.head")}{" "}
        <code className="mono">{check.hash}</code>
      </span>
    </p>
  );
}

function Entry({ entry, isFirst }: { entry: AuditEntry; isFirst: boolean }) {
  const isRefused = entry.outcome === "refused";
  const names = useNames();
  const detail = detailOf(entry.detail);
  return (
    <>
      {isFirst ? (
        <li className="day">
          <span className="t" />
          <div>
            <b>{dayHead(entry.at)}</b>
          </div>
        </li>
      ) : null}
      <li>
        <time dateTime={entry.at} title={exact(entry.at)}>
          {clock(entry.at)}
        </time>
        <div>
          <span className="mono act">{entry.act}</span>{" "}
          {isRefused ? (
            <span className="st bad">
              <Icon of={CircleAlert} />
              {t("audit.refused")}
            </span>
          ) : null}
          <small>
            {t("audit.by")} <Untrusted said={names.get(entry.who) ?? entry.who} max={80} />
            {entry.from ? (
              <>
                {" · "}
                {t("audit.from")} <Untrusted said={entry.from} max={60} />
              </>
            ) : null}
            {entry.target ? (
              <>
                {" · "}
                <Untrusted said={names.get(entry.target) ?? entry.target} max={120} />
              </>
            ) : null}
            {detail ? (
              <>
                {" · "}
                <Untrusted said={detail} max={600} />
              </>
            ) : null}
          </small>
        </div>
      </li>
    </>
  );
}
