import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { BookOpen, ChartNoAxesColumn, ChevronRight } from "lucide-react";
import { useMemo } from "react";
import { factsQuery, labelIn, numberIn, rowsOf, totalsOf, type Answer, type Row } from "../../api/facts";
import { useSummary, type Summary } from "../../api/summary";
import { usageQuery } from "../../api/tenant";
import { useViewer } from "../../app/context";
import type { PeriodName } from "../../app/search";
import { useTitle } from "../../app/title";
import { Bars, Spark, type Bar } from "../../parts/bars";
import { ChartSheet } from "../../parts/chart-sheet";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows, NotPermitted } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { lastPart } from "../../statement/sentence";
import { plainly } from "../../statement/visible";
import { count, day, dayKey, dayRange, hourMinute, percent, short, widthOf, zone } from "../../text/format";
import { locale, t } from "../../text/text";
import { NothingYet } from "../statements/nothing-yet";
import { Arriving } from "./arriving";
import { Attention } from "./attention";
import { WithFacts } from "./facts-state";
import { Hours } from "./hours";
import { periodOf, type Period } from "./period";
import { PeriodChoice } from "./period-choice";
import { coursesQuestion, figuresBeforeQuestion, figuresQuestion } from "./questions";
import { SourceStrips } from "./source-strips";

/** Is all well, and what needs me? */
export function OverviewPage() {
  const viewer = useViewer();
  useTitle(t("nav.overview"));
  if (!viewer.may("read-statements")) return <NotPermitted role={viewer.role} right="read-statements" />;
  return <Overview />;
}

function Overview() {
  const { tenant } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/overview" });
  const navigate = useNavigate({ from: "/t/$tenant/overview" });
  const usage = useQuery(usageQuery(tenant));
  const summary = useSummary(tenant);
  const total = summary?.statement_count ?? usage.data?.statements;
  const name: PeriodName = search.period ?? "30d";
  const period = useMemo(() => periodOf(name), [name]);
  const choose = (chosen: PeriodName) => void navigate({ search: { period: chosen === "30d" ? undefined : chosen } });
  return (
    <>
      <div className="head">
        <h1>{t("nav.overview")}</h1>
        <div className="tools">
          <PeriodChoice period={name} onChoose={choose} />
        </div>
      </div>
      <p className="under-head">{rangeOf(period)}</p>
      {total === 0 ? (
        <section className="sheet">
          <NothingYet hint={t("overview.none.try")} />
        </section>
      ) : (
        <WithFacts summary={summary}>
          <Figures period={period} summary={summary} onChoose={choose} />
        </WithFacts>
      )}
    </>
  );
}

/** The days of a period in words, and the zone that they are of. */
export function rangeOf(period: Period): string {
  if (!period.from) return t("period.range.all", zone());
  const last = new Date(`${period.to}T12:00`);
  last.setDate(last.getDate() - 1);
  const first = new Date(`${period.from}T12:00`);
  return t("period.range", dayRange(first, last), zone());
}

/** While statements arrive, figures are asked for again after so long. */
const EVERY_MS = 20_000;

function Figures({
  period,
  summary,
  onChoose,
}: {
  period: Period;
  summary: Summary | undefined;
  onChoose: (period: PeriodName) => void;
}) {
  const { tenant } = useViewer();
  const known = summary?.facts?.sequence ?? 0;
  const current = useQuery({
    ...factsQuery(tenant, figuresQuestion(period)),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (known > (query.state.data?.sequence ?? known) ? EVERY_MS : false),
  });
  const before = useQuery({ ...factsQuery(tenant, figuresBeforeQuestion(period)), enabled: period.from !== undefined });
  if (current.isError) {
    return (
      <section className="sheet">
        <Failure error={current.error} onRetry={() => void current.refetch()} />
      </section>
    );
  }
  if (current.data?.fact_count === 0 && !current.isPlaceholderData) {
    return (
      <section className="sheet">
        <Empty
          icon={ChartNoAxesColumn}
          title={t("overview.empty")}
          actions={
            <button className="btn" type="button" onClick={() => onChoose("all")}>
              {t("overview.showAll")}
            </button>
          }
        >
          {t("overview.empty.try")}
        </Empty>
      </section>
    );
  }
  return (
    <div className={current.isPlaceholderData ? "dimmed" : undefined}>
      <FigureStrip answer={current.data} before={period.from ? before.data : undefined} />
      <div className="grid two-one">
        <StatementChart period={period} answer={current.data} before={period.from ? before.data : undefined} />
        <Attention />
      </div>
      <div className="grid two-one">
        <Courses period={period} />
        <Arriving summary={summary} />
      </div>
      <div className="grid">
        <Hours period={period} />
      </div>
    </div>
  );
}

const FIGURES = ["statements", "learners", "finished", "score"] as const;

function FigureStrip({ answer, before }: { answer: Answer | undefined; before: Answer | undefined }) {
  const rows = answer ? rowsOf(answer) : [];
  const totals = answer ? totalsOf(answer) : undefined;
  const totalsBefore = before ? totalsOf(before) : undefined;
  return (
    <section className="sheet" aria-label={t("overview.figures")}>
      <div className="figures" style={{ "--n": 4 } as React.CSSProperties}>
        {FIGURES.map((name) => (
          <div key={name}>
            <span className="k">{t(`figure.${name}`)}</span>
            <span className="v">{show(name, numberIn(totals, name))}</span>
            <Spark values={rows.map((row) => numberIn(row, name))} />
            <span className="d">
              <Delta name={name} now={numberIn(totals, name)} before={numberIn(totalsBefore, name)} />
            </span>
          </div>
        ))}
      </div>
    </section>
  );
}

function show(name: (typeof FIGURES)[number], value: number | undefined): string {
  if (value === undefined) return "–";
  return name === "score" ? percent(value) : count(value);
}

/** How a figure compares with the period before. */
function Delta({ name, now, before }: { name: (typeof FIGURES)[number]; now: number | undefined; before: number | undefined }) {
  if (now === undefined || before === undefined) return <>&nbsp;</>;
  if (name === "score") {
    const points = Math.round((now - before) * 100);
    const text = new Intl.NumberFormat(locale(), { signDisplay: "exceptZero" }).format(points);
    return (
      <>
        <span className="delta">{t("figure.points", text)}</span> {t("figure.from", percent(before))}
      </>
    );
  }
  if (before === 0) return <>{t("figure.fromNone")}</>;
  const change = new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(now / before - 1);
  return (
    <>
      <span className="delta">{change}</span> {t("figure.from", count(before))}
    </>
  );
}

function stepLabel(period: Period, key: string): string {
  const time = new Date(`${key.slice(0, 10).padEnd(10, "-01")}T12:00`);
  if (Number.isNaN(time.getTime())) return key;
  return period.unit === "month" ? new Intl.DateTimeFormat(locale(), { month: "short", year: "2-digit" }).format(time) : day(time);
}

/** Bars of every step, also of those without statements. */
function barsOf(period: Period, answer: Answer | undefined, before: Answer | undefined): Bar[] {
  const rows = answer ? rowsOf(answer) : [];
  const byTime = new Map(rows.map((row) => [String(row.time).slice(0, 10), row]));
  const past = before ? rowsOf(before) : [];
  const keys = period.steps.length > 0 ? period.steps : rows.map((row) => String(row.time));
  const pastSteps = period.unit === "day" && before ? shifted(period, past) : undefined;
  return keys.map((key, index) => {
    const value = numberIn(byTime.get(key) ?? rows.find((row) => String(row.time) === key), "statements") ?? 0;
    const isRunning = index === keys.length - 1;
    const label = stepLabel(period, key);
    const then = pastSteps?.[index];
    const comparison = then === undefined ? "" : `, ${t("chart.before", count(then), period.shift)}`;
    return {
      label: isRunning && period.unit === "day" ? t("time.today") : label,
      value,
      before: isRunning ? undefined : then,
      isRunning,
      title: `${label}: ${count(value)}${isRunning ? ` (${t("chart.until", hourMinute(new Date()))})` : comparison}`,
    };
  });
}

/** The values of the period before at the place of each day. */
function shifted(period: Period, past: Row[]): number[] {
  const byDay = new Map(past.map((row) => [String(row.time).slice(0, 10), numberIn(row, "statements") ?? 0]));
  return period.steps.map((key) => {
    const then = new Date(`${key}T12:00`);
    then.setDate(then.getDate() - period.shift);
    return byDay.get(dayKey(then)) ?? 0;
  });
}

function StatementChart({ period, answer, before }: { period: Period; answer: Answer | undefined; before: Answer | undefined }) {
  const bars = barsOf(period, answer, before);
  const most = bars.reduce<Bar | undefined>((best, bar) => (best && best.value >= bar.value ? best : bar), undefined);
  const label = most ? t("chart.statements.label", bars.length, most.label, count(most.value)) : "";
  return (
    <ChartSheet
      title={t(`chart.statements.${period.unit}`)}
      sub={
        <ul className="key">
          {period.unit === "day" && before ? (
            <li>
              <span className="sw line ink" />
              {t("chart.key.before", period.shift)}
            </li>
          ) : null}
          <li>
            <span className="sw part one" />
            {t("chart.until", hourMinute(new Date()))}
          </li>
        </ul>
      }
      file="statements-over-time.csv"
      table={{
        columns: [t("chart.time"), t("nav.statements"), t("figure.learners")],
        rows: (answer ? rowsOf(answer) : []).map((row) => [String(row.time), numberIn(row, "statements") ?? 0, numberIn(row, "learners") ?? 0]),
        format: count,
      }}
    >
      <Bars bars={bars} label={label} format={short} />
      <SourceStrips />
    </ChartSheet>
  );
}

function Courses({ period }: { period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...factsQuery(tenant, coursesQuestion(period, 8)), placeholderData: keepPreviousData });
  const rows = query.data ? rowsOf(query.data) : [];
  return (
    <section className="sheet" aria-label={t("courses.title")}>
      <header>
        <h2>{t("courses.title")}</h2>
        <span className="sub">{t("courses.by")}</span>
        <div className="tools">
          <Link className="btn quiet sm" to="/t/$tenant/activities" params={{ tenant: String(tenant) }} search={{ period: period.name === "30d" ? undefined : period.name }}>
            {t("nav.activities")}
            <Icon of={ChevronRight} />
          </Link>
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={5} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && rows.length === 0 ? (
        <Empty icon={BookOpen} title={t("courses.none")}>
          {t("courses.none.try")}
        </Empty>
      ) : null}
      {rows.length > 0 ? (
        <table className="tbl">
          <thead>
            <tr>
              <th scope="col">{t("courses.course")}</th>
              <th scope="col" className="num">
                {t("nav.learners")}
              </th>
              <th scope="col">{t("courses.finished")}</th>
              <th scope="col" className="num hide-s">
                {t("figure.score")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <CourseRow key={String(row.course)} row={row} name={labelIn(query.data, "course", row.course ?? null)} />
            ))}
          </tbody>
        </table>
      ) : null}
    </section>
  );
}

function CourseRow({ row, name }: { row: Row; name: string | undefined }) {
  const { tenant } = useViewer();
  const course = String(row.course);
  const learners = numberIn(row, "learners") ?? 0;
  const share = learners > 0 ? (numberIn(row, "finished") ?? 0) / learners : 0;
  const score = numberIn(row, "score");
  return (
    <tr>
      <td className="name">
        <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: course }} title={plainly(course)}>
          <Untrusted said={name ?? lastPart(course)} max={80} />
        </Link>
      </td>
      <td className="num">{count(learners)}</td>
      <td>
        <span className="meter-row">
          <span className="meter" aria-hidden="true">
            <i style={{ inlineSize: widthOf(share) }} />
          </span>
          {percent(share)}
        </span>
      </td>
      <td className="num hide-s">{score === undefined ? "–" : percent(score)}</td>
    </tr>
  );
}
