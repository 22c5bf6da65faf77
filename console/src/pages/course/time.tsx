import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { timeQuery } from "../../api/analyses";
import { useViewer } from "../../app/context";
import { Untrusted } from "../../parts/untrusted";
import { ListSheet } from "../../sheets/list-sheet";
import { lastPart } from "../../statement/sentence";
import { count, length, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { scopeOf } from "../activity/questions";
import type { Part } from "../activity/structure";
import { all, within, type Period } from "../overview/period";
import { HoursChart } from "../overview/hours";

/** The most rows that are shown; the file has all. */
const ROWS_MAX = 40;

/** How long learners work, at what, and when. */
export function Time({ id, period, parts }: { id: string; period: Period; parts: readonly Part[] }) {
  const { tenant } = useViewer();
  const where = all(scopeOf(id), within(period));
  const query = useQuery({ ...timeQuery(tenant, "object", where, zone()), placeholderData: keepPreviousData });
  const rows = query.data?.rows ?? [];
  const names = new Map(parts.map((part) => [part.id, part.name]));
  const most = rows[0]?.seconds ?? 0;
  const notes = [
    query.data ? tf("time.how", query.data.gap_minutes) : undefined,
    rows.length > ROWS_MAX ? t("ranking.shown", count(ROWS_MAX), count(rows.length)) : undefined,
    query.data?.withheld ? t("withheld.some") : undefined,
    query.data?.is_rebuilding ? t("partial.rebuilding") : undefined,
  ];
  return (
    <>
      <ListSheet
        title={tf("time.title")}
        sub={tf("time.sub")}
        query={query}
        empty={query.data?.withheld ? t("withheld.some") : undefined}
        foot={notes.filter(Boolean).join(" ")}
        csv={() => [
          [t("activities.activity"), "id", tf("time.all"), t("nav.learners"), tf("time.sessions"), tf("time.perLearner"), tf("time.perSession")],
          ...rows.map((row) => [names.get(row.value ?? ""), row.value, row.seconds, row.learners, row.sessions, row.seconds_per_learner?.median, row.seconds_per_session?.median]),
        ]}
        head={
          <tr>
            <th scope="col">{t("activities.activity")}</th>
            <th scope="col" className="num">
              {tf("time.all")}
            </th>
            <th scope="col" className="num hide-s">
              {t("nav.learners")}
            </th>
            <th scope="col" className="num hide-s">
              {tf("time.sessions")}
            </th>
            <th scope="col" className="num">
              {tf("time.perLearner")}
            </th>
            <th scope="col" className="num hide-s">
              {tf("time.perSession")}
            </th>
          </tr>
        }
      >
        {rows.slice(0, ROWS_MAX).map((row) => (
          <tr key={row.value ?? ""}>
            <td className="name">
              {row.value ? (
                <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: row.value }}>
                  <Untrusted said={names.get(row.value) ?? lastPart(row.value)} max={90} />
                </Link>
              ) : (
                "–"
              )}
            </td>
            <td className="num">
              <span className="with-meter">
                {length(row.seconds)}
                <span className="meter" aria-hidden="true">
                  <i style={{ inlineSize: `${most > 0 ? ((row.seconds / most) * 100).toFixed(1) : 0}%` }} />
                </span>
              </span>
            </td>
            <td className="num hide-s">{count(row.learners)}</td>
            <td className="num hide-s">{count(row.sessions)}</td>
            <td className="num">{row.seconds_per_learner ? length(row.seconds_per_learner.median) : "–"}</td>
            <td className="num hide-s">{row.seconds_per_session ? length(row.seconds_per_session.median) : "–"}</td>
          </tr>
        ))}
      </ListSheet>
      <div className="grid gap-before">
        <HoursChart where={where} />
      </div>
    </>
  );
}
