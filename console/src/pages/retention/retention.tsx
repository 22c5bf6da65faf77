import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { activityQuery } from "../../api/analyses";
import { useViewer } from "../../app/context";
import type { PeriodName, RetentionSearch } from "../../app/search";
import { useTitle } from "../../app/title";
import { Lines } from "../../parts/bars";
import { ChartSheet } from "../../parts/chart-sheet";
import { FigureStrip, type Figure } from "../../parts/figures";
import { Failure, LoadingRows, NotPermitted } from "../../parts/states";
import { count, day, dayKey, percent, short, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { WithFacts } from "../overview/facts-state";
import { LearnerTabs } from "../lists/learner-tabs";
import { rangeOf } from "../overview/overview";
import { periodOf, within, type Period } from "../overview/period";
import { PeriodChoice } from "../overview/period-choice";
import { Cohorts } from "./cohorts";

/** Do learners come, and come again? */
export function RetentionPage() {
  const viewer = useViewer();
  useTitle(tf("retention.title"));
  if (!viewer.may("list-learners")) return <NotPermitted role={viewer.role} right="list-learners" />;
  return <Retention />;
}

function Retention() {
  const search = useSearch({ from: "/shell/t/$tenant/retention" });
  const navigate = useNavigate({ from: "/t/$tenant/retention" });
  const name: PeriodName = search.period ?? "365d";
  const period = useMemo(() => periodOf(name), [name]);
  const change = (changed: Partial<RetentionSearch>) => void navigate({ search: (known) => ({ ...known, ...changed }), replace: true, resetScroll: false });
  return (
    <>
      <div className="head">
        <h1>{tf("retention.title")}</h1>
        <div className="tools">
          <PeriodChoice period={name} onChoose={(chosen) => change({ period: chosen })} />
        </div>
      </div>
      <p className="under-head">{rangeOf(period)}</p>
      <LearnerTabs isReturning />
      <WithFacts>
        <Active period={period} />
        <div className="grid gap-before">
          <Cohorts by={search.by ?? "month"} where={within(period)} onChange={(by) => change({ by: by === "month" ? undefined : by })} />
        </div>
      </WithFacts>
    </>
  );
}

const LEVELS = ["daily", "weekly", "monthly"] as const;

/** How many are active on a day, within a week of it, and within a month. */
function Active({ period }: { period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...activityQuery(tenant, period.from, dayKey(new Date()), zone()), placeholderData: keepPreviousData });
  const days = query.data?.days ?? [];
  const last = days.at(-1);
  const stickiness = query.data?.mean_stickiness;
  const figures: Figure[] = [
    { name: t("figure.learners"), value: query.data ? count(query.data.learners) : undefined, text: tf("active.period") },
    { name: tf("active.monthly"), value: last ? count(last.monthly) : undefined, text: tf("active.monthly.how") },
    { name: tf("active.weekly"), value: last ? count(last.weekly) : undefined, text: tf("active.weekly.how") },
    { name: tf("active.stickiness"), value: typeof stickiness === "number" ? percent(stickiness / 100, 1) : undefined, text: tf("active.stickiness.how") },
  ];
  if (query.isError) {
    return (
      <section className="sheet" aria-label={tf("active.title")}>
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      </section>
    );
  }
  if (!query.data) {
    return (
      <section className="sheet" aria-label={tf("active.title")}>
        <LoadingRows rows={6} />
      </section>
    );
  }
  const label = last ? tf("active.label", days.length, count(last.daily), count(last.weekly), count(last.monthly)) : "";
  return (
    <div className={query.isPlaceholderData ? "dimmed" : undefined}>
      <FigureStrip label={t("overview.figures")} figures={figures} />
      <div className="grid gap-before">
        <ChartSheet
          title={tf("active.title")}
          sub={
            <ul className="key">
              {LEVELS.map((name, index) => (
                <li key={name}>
                  <span className={`sw s${index + 1}`} />
                  {tf(`active.${name}`)}
                </li>
              ))}
            </ul>
          }
          file="active-learners.csv"
          table={{
            columns: [t("chart.time"), ...LEVELS.map((name) => tf(`active.${name}`)), t("nav.statements")],
            rows: days.map((one) => [one.date, one.daily, one.weekly, one.monthly, one.statements]),
            format: count,
          }}
        >
          <Lines
            series={LEVELS.map((name) => ({ name: tf(`active.${name}`), values: days.map((one) => one[name]) }))}
            labels={days.map((one) => day(`${one.date}T12:00`))}
            label={label}
            format={short}
            height={240}
          />
        </ChartSheet>
      </div>
    </div>
  );
}
