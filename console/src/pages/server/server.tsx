import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, Clock, EyeOff, Pause } from "lucide-react";
import { api, take } from "../../api/client";
import { serverQuery, sessionQuery, tenantsQuery } from "../../api/session";
import { useTitle } from "../../app/title";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { count, date } from "../../text/format";
import { t } from "../../text/text";

/** From how many unread statements on a follower counts as behind. */
const LAG_SHOWN = 1_000;

/** Does the server hold? Its release, its followers, its tenants. */
export function ServerPage() {
  useTitle(t("nav.server"));
  const { data: session } = useSuspenseQuery(sessionQuery);
  if (!session.account?.is_operator) {
    return (
      <section className="sheet page-failure">
        <Empty icon={EyeOff} title={t("server.denied")}>
          {t("server.denied.who")}
        </Empty>
      </section>
    );
  }
  return (
    <>
      <div className="head">
        <h1>{t("nav.server")}</h1>
      </div>
      <div className="grid two-even">
        <About />
        <Followers />
      </div>
      <div className="grid">
        <Tenants />
      </div>
    </>
  );
}

function About() {
  const query = useQuery({ ...serverQuery, refetchInterval: 10_000 });
  return (
    <section className="sheet" aria-label={t("server.about")}>
      <header>
        <h2>{t("server.about")}</h2>
      </header>
      {query.isPending ? <LoadingRows rows={4} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data ? (
        <dl className="meta wide">
          <div>
            <dt>{t("server.release")}</dt>
            <dd>
              {query.data.name} {query.data.version}
            </dd>
          </div>
          <div>
            <dt>{t("server.engine")}</dt>
            <dd>{query.data.engine === "postgres" ? t("server.engine.postgres") : t("server.engine.embedded")}</dd>
          </div>
          <div>
            <dt>{t("server.clock")}</dt>
            <dd>
              {query.data.clock_jump_seconds === 0 && query.data.stored_ahead_seconds === 0 ? (
                <span className="st good">
                  <Icon of={CircleCheck} />
                  {t("server.clock.good")}
                </span>
              ) : (
                <span className="st warn">
                  <Icon of={Clock} />
                  {t("server.clock.jump", count(query.data.clock_jump_seconds), count(query.data.stored_ahead_seconds))}
                </span>
              )}
            </dd>
          </div>
          <div>
            <dt>{t("server.client")}</dt>
            <dd className="mono">{query.data.client_address}</dd>
          </div>
        </dl>
      ) : null}
    </section>
  );
}

function Followers() {
  const query = useQuery({
    queryKey: ["followers"],
    refetchInterval: 5_000,
    queryFn: ({ signal }) => take(api.GET("/followers", { params: { query: { limit: 100 } }, signal })),
  });
  return (
    <section className="sheet" aria-label={t("server.followers")}>
      <header>
        <h2>{t("server.followers")}</h2>
        <span className="sub">{t("server.followers.sub")}</span>
      </header>
      {query.isPending ? <LoadingRows rows={4} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data ? (
        <table className="tbl">
          <thead>
            <tr>
              <th scope="col">{t("source.name")}</th>
              <th scope="col">{t("source.state")}</th>
              <th scope="col" className="num">
                {t("server.lag")}
              </th>
            </tr>
          </thead>
          <tbody>
            {query.data.items.map((follower) => (
              <tr key={follower.name}>
                <td className="name">{follower.name}</td>
                <td>
                  {follower.is_paused ? (
                    <span className="st warn">
                      <Icon of={Pause} />
                      {t("live.paused")}
                    </span>
                  ) : follower.error ? (
                    <span className="st bad" title={follower.error}>
                      <Icon of={CircleAlert} />
                      {t("server.failing")}
                    </span>
                  ) : (follower.lag ?? 0) >= LAG_SHOWN ? (
                    <span className="st warn">
                      <Icon of={Clock} />
                      {t("server.behind")}
                    </span>
                  ) : (
                    <span className="st good">
                      <Icon of={CircleCheck} />
                      {t("server.current")}
                    </span>
                  )}
                </td>
                <td className="num">{follower.lag == null ? "–" : count(follower.lag)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </section>
  );
}

function Tenants() {
  const { data: tenants } = useSuspenseQuery(tenantsQuery);
  const { data: session } = useSuspenseQuery(sessionQuery);
  const limit = (value: number | null) => (value === null ? t("settings.noLimit") : count(value));
  return (
    <section className="sheet" aria-label={t("server.tenants")}>
      <header>
        <h2>{t("server.tenants")}</h2>
        <span className="sub">{count(tenants.length)}</span>
      </header>
      <table className="tbl">
        <thead>
          <tr>
            <th scope="col">{t("settings.name")}</th>
            <th scope="col">{t("source.state")}</th>
            <th scope="col" className="num hide-s">
              {t("settings.statementsDay")}
            </th>
            <th scope="col" className="num hide-s">
              {t("settings.weight")}
            </th>
            <th scope="col" className="hide-s">
              {t("source.created")}
            </th>
          </tr>
        </thead>
        <tbody>
          {tenants.map((tenant) => {
            const isOwn = session.account?.roles.some((role) => role.tenant === tenant.id);
            return (
              <tr key={tenant.id}>
                <td className="name">
                  {isOwn ? (
                    <Link className="ent" to="/t/$tenant" params={{ tenant: String(tenant.id) }}>
                      <bdi>{tenant.name}</bdi>
                    </Link>
                  ) : (
                    <bdi>{tenant.name}</bdi>
                  )}
                </td>
                <td>{tenant.state}</td>
                <td className="num hide-s">{limit(tenant.limits.statements_per_day)}</td>
                <td className="num hide-s">{count(tenant.limits.weight)}</td>
                <td className="hide-s dim">{date(tenant.created)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <footer>{t("server.tenants.foot")}</footer>
    </section>
  );
}
