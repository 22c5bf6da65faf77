import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChartNoAxesColumn } from "lucide-react";
import { useMemo } from "react";
import { areFactsOff, factsQuery, isTotalWithheld, isWithheldAt, numberIn, rowsOf, totalsOf, withheldOf, type Answer, type Row } from "../../api/facts";
import { useSummary, type Summary } from "../../api/summary";
import { useViewer } from "../../app/context";
import type { PeriodName } from "../../app/search";
import { useTitle } from "../../app/title";
import { Bars, Spark, type Bar } from "../../parts/bars";
import { ChartSheet } from "../../parts/chart-sheet";
import { Later } from "../../parts/later";
import { AllWithheld, Withheld } from "../../parts/partial";
import { Empty, Failure, NotPermitted } from "../../parts/states";
import { count, day, dayKey, dayRange, hourMinute, percent, short, zone } from "../../text/format";
import { locale, t } from "../../text/text";
import { NothingYet } from "../statements/nothing-yet";
import { Arriving } from "./arriving";
import { Attention } from "./attention";
import { Courses } from "./courses";
import { FactsOff, WithFacts } from "./facts-state";
import { Hours } from "./hours";
import { isRunning, periodOf, type Period } from "./period";
import { PeriodChoice } from "./period-choice";
import { beforeName, figuresQuestion } from "./questions";
import { SourceStrips } from "./source-strips";
import { QualitySheet } from "../quality/quality-sheet";

/** Is all well, and what needs me? */
export function OverviewPage() {
  const viewer = useViewer();
  useTitle(t("nav.overview"));
  if (!viewer.may("ask-questions")) return <NotPermitted role={viewer.role} right="ask-questions" />;
  return <Overview />;
}

function Overview() {
  const { tenant, may } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/overview" });
  const navigate = useNavigate({ from: "/t/$tenant/overview" });
  // Streams are for those who read statements.
  const isFollowed = may("read-statements");
  const summary = useSummary(tenant, isFollowed);
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
      {summary?.statement_count === 0 ? (
        <section className="sheet">
          <NothingYet hint={t("overview.none.try")} />
        </section>
      ) : (
        <WithFacts summary={summary} isFollowed={isFollowed}>
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
  const { tenant, may } = useViewer();
  const known = summary?.facts?.sequence ?? 0;
  const current = useQuery({
    ...factsQuery(tenant, figuresQuestion(period)),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (known > (query.state.data?.sequence ?? known) ? EVERY_MS : false),
  });
  if (current.isError) {
    return (
      <section className="sheet">
        {areFactsOff(current.error) ? <FactsOff /> : <Failure error={current.error} onRetry={() => void current.refetch()} />}
      </section>
    );
  }
  if (current.data && withheldOf(current.data)?.isAll) {
    return (
      <section className="sheet">
        <AllWithheld answer={current.data} />
      </section>
    );
  }
  const isEmpty = current.data !== undefined && !current.data.withheld && numberIn(totalsOf(current.data), "statements") === 0;
  if (isEmpty && !current.isPlaceholderData) {
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
      <FigureStrip answer={current.data} isCompared={period.before !== undefined} />
      <div className="grid two-one">
        <StatementChart period={period} answer={current.data} />
        <Attention lag={summary?.facts?.lag ?? 0} isReady={current.isSuccess} />
      </div>
      <div className={may("read-statements") ? "grid two-one" : "grid halves"}>
        <Later height={300}>
          <Courses period={period} />
        </Later>
        {may("read-statements") ? (
          <Later height={300}>
            <Arriving summary={summary} />
          </Later>
        ) : null}
      </div>
      <div className="grid two-even halves">
        <Later height={260} isReady={current.isSuccess}>
          <Hours period={period} />
        </Later>
        <Later height={260} isReady={current.isSuccess}>
          <QualitySheet period={period} />
        </Later>
      </div>
    </div>
  );
}

const FIGURES = ["statements", "learners", "finished", "score"] as const;

function FigureStrip({ answer, isCompared }: { answer: Answer | undefined; isCompared: boolean }) {
  const rows = answer ? rowsOf(answer).filter((row) => isCompared === false || (numberIn(row, "statements") ?? 0) > 0) : [];
  const totals = answer ? totalsOf(answer) : undefined;
  return (
    <section className="sheet" aria-label={t("overview.figures")}>
      <div className="figures" style={{ "--n": 4 } as React.CSSProperties}>
        {FIGURES.map((name) => (
          <div key={name}>
            <span className="k">{t(`figure.${name}`)}</span>
            <span className="v">{isTotalWithheld(answer, name) ? <Withheld /> : show(name, numberIn(totals, name))}</span>
            <Spark values={rows.map((row) => numberIn(row, name))} />
            <span className="d">
              <Delta name={name} now={numberIn(totals, name)} before={isCompared ? numberIn(totals, beforeName(name)) : undefined} />
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
function barsOf(period: Period, answer: Answer | undefined): Bar[] {
  const rows = answer ? rowsOf(answer) : [];
  const byTime = new Map(rows.map((row) => [String(row.time).slice(0, 10), row]));
  const withheld = new Set(rows.filter((_, at) => isWithheldAt(answer, at, "statements")).map((row) => String(row.time).slice(0, 10)));
  const keys = period.steps.length > 0 ? period.steps : rows.map((row) => String(row.time));
  const pastSteps = period.unit === "day" && period.before && answer ? shifted(period, rows) : undefined;
  return keys.map((key, index) => {
    const value = numberIn(byTime.get(key) ?? rows.find((row) => String(row.time) === key), "statements") ?? 0;
    const isLast = isRunning(period) && index === keys.length - 1;
    const label = stepLabel(period, key);
    const then = pastSteps?.[index];
    const comparison = then === undefined ? "" : `, ${t("chart.before", count(then), period.shift)}`;
    return {
      label: isLast && period.unit === "day" ? t("time.today") : label,
      value,
      before: isLast ? undefined : then,
      isRunning: isLast,
      isWithheld: withheld.has(key.slice(0, 10)),
      title: `${label}: ${withheld.has(key.slice(0, 10)) ? t("withheld.word") : count(value)}${isLast ? ` (${t("chart.until", hourMinute(new Date()))})` : comparison}`,
    };
  });
}

/** The values of the period before at the place of each day. */
function shifted(period: Period, past: Row[]): number[] {
  const byDay = new Map(past.map((row) => [String(row.time).slice(0, 10), numberIn(row, beforeName("statements")) ?? 0]));
  return period.steps.map((key) => {
    const then = new Date(`${key}T12:00`);
    then.setDate(then.getDate() - period.shift);
    return byDay.get(dayKey(then)) ?? 0;
  });
}

function StatementChart({ period, answer }: { period: Period; answer: Answer | undefined }) {
  const { may } = useViewer();
  const bars = barsOf(period, answer);
  const columns = ["statements", "learners"];
  // Rows of the period before have no bar of their own.
  const shown = (answer ? rowsOf(answer) : [])
    .map((row, at) => ({ row, at }))
    .filter(({ row }) => period.steps.length === 0 || period.steps.includes(String(row.time).slice(0, 10)));
  const most = bars.reduce<Bar | undefined>((best, bar) => (best && best.value >= bar.value ? best : bar), undefined);
  const label = most ? t("chart.statements.label", bars.length, most.label, count(most.value)) : "";
  return (
    <ChartSheet
      title={t(`chart.statements.${period.unit}`)}
      sub={
        <ul className="key">
          {period.unit === "day" && period.before && answer ? (
            <li>
              <span className="sw line ink" />
              {t("chart.key.before", period.shift)}
            </li>
          ) : null}
          {isRunning(period) ? (
            <li>
              <span className="sw part one" />
              {t("chart.until", hourMinute(new Date()))}
            </li>
          ) : null}
        </ul>
      }
      file="statements-over-time.csv"
      answer={answer}
      table={{
        columns: [t("chart.time"), t("nav.statements"), t("figure.learners")],
        rows: shown.map(({ row, at }) => [
          String(row.time),
          ...columns.map((name) => (isWithheldAt(answer, at, name) ? null : (numberIn(row, name) ?? 0))),
        ]),
        format: count,
        isWithheld: (row, column) => isWithheldAt(answer, shown[row]?.at ?? -1, columns[column - 1] ?? ""),
      }}
    >
      <Bars bars={bars} label={label} format={short} />
      {may("read-statements") ? <SourceStrips /> : null}
    </ChartSheet>
  );
}
