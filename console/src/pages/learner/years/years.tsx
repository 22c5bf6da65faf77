import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { journeyQuery } from "../../../api/analyses";
import type { Schemas } from "../../../api/client";
import { useViewer } from "../../../app/context";
import { Icon } from "../../../parts/icon";
import { Untrusted } from "../../../parts/untrusted";
import { ListSheet } from "../../../sheets/list-sheet";
import { lastPart } from "../../../statement/sentence";
import { count, date, length, percent, zone } from "../../../text/format";
import { tf } from "../../../text/figures/text";
import { t } from "../../../text/text";
import { within, type Period } from "../../overview/period";
import { finishedByYear } from "./finished-by-year";

/** The most achievements that are shown; the file has all. */
const SHOWN = 12;

/** What a learner did year by year, and what they have achieved. */
export function Years({ agent, period }: { agent: Schemas["Agent"]; period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery(journeyQuery(tenant, agent, within(period), zone()));
  const years = query.data?.years ?? [];
  const achievements = query.data?.achievements ?? [];
  const passed = finishedByYear(achievements);
  return (
    <div className="grid two-even halves">
      <ListSheet
        title={tf("years.title")}
        sub={query.data ? tf("years.days", query.data.active_days) : ""}
        query={query}
        csv={() => [
          [tf("years.year"), t("nav.statements"), tf("time.sessions"), "seconds", tf("years.attempts"), tf("years.score"), tf("years.courses")],
          ...years.map((year) => [year.year, year.statements, year.sessions, year.seconds, year.attempts, year.mean_score, year.courses_completed]),
        ]}
        head={
          <tr>
            <th scope="col">{tf("years.year")}</th>
            <th scope="col" className="num">
              {t("nav.statements")}
            </th>
            <th scope="col" className="num hide-s">
              {tf("time.sessions")}
            </th>
            <th scope="col" className="num">
              {tf("years.time")}
            </th>
            <th scope="col" className="num hide-s">
              {tf("years.score")}
            </th>
            <th scope="col" className="num">
              {tf("years.achieved")}
            </th>
          </tr>
        }
      >
        {years.map((year) => (
          <tr key={year.year}>
            <td className="name">{year.year}</td>
            <td className="num">{count(year.statements)}</td>
            <td className="num hide-s">{count(year.sessions)}</td>
            <td className="num">{length(year.seconds)}</td>
            <td className="num hide-s">{typeof year.mean_score === "number" ? percent(year.mean_score / 100) : "–"}</td>
            <td className="num">{count(passed.get(year.year) ?? 0)}</td>
          </tr>
        ))}
      </ListSheet>
      <ListSheet
        title={tf("achieved.title")}
        sub={tf("achieved.sub")}
        query={query}
        empty={tf("achieved.none")}
        foot={achievements.length > SHOWN ? t("ranking.shown", count(SHOWN), count(achievements.length)) : undefined}
        csv={() => [
          [t("chart.time"), t("activities.activity"), "id", t("meta.result")],
          ...achievements.map((one) => [one.time, one.name, one.id, one.kind]),
        ]}
        head={
          <tr>
            <th scope="col">{t("activities.activity")}</th>
            <th scope="col">{t("meta.result")}</th>
            <th scope="col" className="num">
              {t("chart.time")}
            </th>
          </tr>
        }
      >
        {achievements.slice(0, SHOWN).map((one) => (
          <tr key={`${one.kind} ${one.id}`}>
            <td className="name">
              <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: one.id }}>
                <Untrusted said={one.name ?? lastPart(one.id)} max={80} />
              </Link>
            </td>
            <td>
              <span className="st good">
                <Icon of={CircleCheck} />
                {t(one.kind === "passed" ? "mark.passed" : "mark.completed")}
              </span>
            </td>
            <td className="num">{date(one.time)}</td>
          </tr>
        ))}
      </ListSheet>
    </div>
  );
}
