import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ChartLine, ChartNoAxesColumn, Download, Filter, Table } from "lucide-react";
import { useRef } from "react";
import { factsQuery, rowsOf, withheldOf, type Answer } from "../../api/facts";
import { useViewer } from "../../app/context";
import type { ExploreSearch } from "../../app/search";
import { Bars, Lines } from "../../parts/bars";
import { csvRowsOf, TableTwin } from "../../parts/chart-sheet";
import { CopyButton, saveFile } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { AllWithheld, Notes } from "../../parts/partial";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { PictureButton } from "../../picture/picture-button";
import { questionCurl } from "../../statement/curl";
import { csvOf, plainly, shorten } from "../../statement/visible";
import { count, zone } from "../../text/format";
import { t } from "../../text/text";
import type { Period } from "../overview/period";
import { isTime, measureTitle } from "./fields";
import { questionOf, ROWS_MAX, type Built } from "./question";
import { axisOf, barsOf, formatOf, LINES_MAX, nameOf, partialRows, seriesOf, tableOf } from "./values";

/** The most bars in a chart; the table has all. */
const BARS_MAX = 60;

/** The answer to a question: as chart and as table. */
export function Result({
  built,
  period,
  chart,
  onChange,
}: {
  built: Built;
  period: Period;
  chart: ExploreSearch["chart"];
  onChange: (changed: Partial<ExploreSearch>) => void;
}) {
  const { tenant } = useViewer();
  const picture = useRef<HTMLDivElement>(null);
  const question = questionOf(built, period, zone());
  const query = useQuery({ ...factsQuery(tenant, question), placeholderData: keepPreviousData });
  const shown = chart ?? (isTime(built.by) ? "lines" : "bars");
  const answer = query.isPlaceholderData ? undefined : query.data;
  const table = answer ? tableOf(built, answer) : undefined;
  const isAllWithheld = answer?.rows.length === 0 && withheldOf(answer) !== undefined;
  const kinds = [
    ["bars", ChartNoAxesColumn],
    ["lines", ChartLine],
    ["table", Table],
  ] as const;
  return (
    <section className={`sheet ${query.isPlaceholderData ? "dimmed" : ""}`} aria-label={t("explore.answer")}>
      <header>
        <h2>{t("explore.answer")}</h2>
        <span className="sub">{query.data && !isAllWithheld ? t("explore.facts", count(query.data.fact_count)) : ""}</span>
        <div className="tools">
          <CopyButton quiet iconOnly label={t("explore.curl")} text={() => questionCurl(tenant, question, window.location.origin)} />
          <div className="join" role="group" aria-label={t("explore.chart")}>
            {kinds.map(([kind, icon]) => (
              <button key={kind} className="btn icon sm" type="button" aria-pressed={kind === shown} aria-label={t(`chart.kind.${kind}`)} onClick={() => onChange({ chart: kind })}>
                <Icon of={icon} />
              </button>
            ))}
          </div>
          <PictureButton title={t("explore.answer")} file="explore.png" of={picture} />
          <button
            className="btn quiet icon sm"
            type="button"
            aria-label={t("export.csv")}
            disabled={!table}
            onClick={() => answer && saveFile("explore.csv", "text/csv;charset=utf-8", csvOf(csvRowsOf(tableOf(built, answer, "file"))))}
          >
            <Icon of={Download} />
          </button>
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={8} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {answer && isAllWithheld ? <AllWithheld answer={answer} /> : null}
      {answer && answer.rows.length === 0 && !isAllWithheld ? (
        <Empty icon={Filter} title={t("explore.none")}>
          {t("explore.none.try")}
        </Empty>
      ) : null}
      {answer && table && answer.rows.length > 0 ? (
        <div ref={picture}>
          {shown === "table" ? (
            <TableTwin table={table} />
          ) : (
            <div className="pad-chart">
              <Chart built={built} answer={answer} kind={shown} />
            </div>
          )}
        </div>
      ) : null}
      {answer && answer.group_count > answer.rows.length ? <footer>{t("explore.cut", count(ROWS_MAX), count(answer.group_count))}</footer> : null}
      {answer && shown !== "table" && partialRows(built, answer).size > 0 ? (
        <footer>
          <span className="sw part one" />
          {t("explore.partial.how")}
        </footer>
      ) : null}
      {isAllWithheld ? null : <Notes answer={answer} />}
    </section>
  );
}

function Chart({ built, answer, kind }: { built: Built; answer: Answer; kind: "bars" | "lines" }) {
  const rows = rowsOf(answer);
  const measure = built.measures[0] ?? "count";
  const names = [...new Set(rows.map((row) => nameOf(answer, "by", built.by, row.by ?? null)))];
  const label = t("explore.label", measureTitle(measure), t(`field.${built.by}`), names.length);
  if (kind === "bars" && !built.split) {
    const bars = barsOf(built, answer, measure)
      .slice(0, BARS_MAX)
      .map((bar) => ({
        ...bar,
        label: plainly(shorten(bar.name, 14)),
        title: `${plainly(bar.name)}: ${bar.isWithheld ? t("withheld.word") : formatOf(measure)(bar.value)}${bar.isRunning ? ` (${t("explore.partial")})` : ""}`,
      }));
    return (
      <>
        <Key names={[measureTitle(measure)]} />
        <Bars bars={bars} label={label} format={axisOf(measure)} height={300} />
        {names.length > BARS_MAX ? <p className="faint t12">{t("explore.barsCut", BARS_MAX, names.length)}</p> : null}
      </>
    );
  }
  const series = seriesOf(built, answer, names);
  return (
    <>
      <Key names={series.map((one) => one.name)} />
      <Lines series={series} labels={names.map((name) => plainly(shorten(name, 12)))} label={label} format={axisOf(measure)} height={300} />
      {built.split && new Set(rows.map((row) => row.split)).size > LINES_MAX ? <p className="faint t12">{t("explore.linesCut", LINES_MAX)}</p> : null}
    </>
  );
}

function Key({ names }: { names: readonly string[] }) {
  return (
    <ul className="key">
      {names.map((name, index) => (
        <li key={name}>
          <span className={`sw s${index + 1}`} />
          <Untrusted said={name} max={40} />
        </li>
      ))}
    </ul>
  );
}
