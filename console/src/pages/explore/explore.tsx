import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChartLine, ChartNoAxesColumn, Download, Filter, Plus, Table, X } from "lucide-react";
import { useState } from "react";
import { factsQuery, labelIn, numberIn, rowsOf, type Answer, type Cell } from "../../api/facts";
import { useViewer } from "../../app/context";
import type { ExploreSearch, PeriodName } from "../../app/search";
import { useTitle } from "../../app/title";
import { Bars, Lines } from "../../parts/bars";
import { TableTwin, type ChartTable } from "../../parts/chart-sheet";
import { CopyButton, saveFile } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { SelectField, TextField } from "../../parts/field";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows, NotPermitted } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { agentName, lastPart } from "../../statement/sentence";
import type { Json } from "../../statement/types";
import { csvOf, plainly, shorten } from "../../statement/visible";
import { count, length, percent, short, zone } from "../../text/format";
import { locale, t } from "../../text/text";
import { WithFacts } from "../overview/facts-state";
import { rangeOf } from "../overview/overview";
import { periodOf } from "../overview/period";
import { PeriodChoice } from "../overview/period-choice";
import { CONDITION_FIELDS, GROUP_FIELDS, isTime, MEASURES, measureTitle, OPERATORS, type GroupField, type MeasureName, type Operator } from "./fields";
import { questionOf, readBuilt, ROWS_MAX, writeWhere, type Built, type Where } from "./question";

/** The most bars, lines and points of lines in a chart; the table has all. */
const BARS_MAX = 60;
const LINES_MAX = 6;

/** My own question: measures, what the rows are, conditions; as chart and as table. */
export function ExplorePage() {
  const viewer = useViewer();
  useTitle(t("nav.explore"));
  if (!viewer.may("read-statements")) return <NotPermitted role={viewer.role} right="read-statements" />;
  return <Explore />;
}

function Explore() {
  const search = useSearch({ from: "/shell/t/$tenant/explore" });
  const navigate = useNavigate({ from: "/t/$tenant/explore" });
  const built = readBuilt(search);
  const name: PeriodName = search.period ?? "90d";
  const period = periodOf(name);
  const change = (changed: Partial<ExploreSearch>) => void navigate({ search: (known) => ({ ...known, ...changed }) });
  return (
    <>
      <div className="head">
        <h1>{t("nav.explore")}</h1>
        <div className="tools">
          <PeriodChoice period={name} onChoose={(chosen) => change({ period: chosen })} />
          <CopyButton label={t("explore.copyLink")} text={() => window.location.href} />
        </div>
      </div>
      <p className="under-head">{rangeOf(period)}</p>
      <WithFacts>
        <div className="grid builder">
          <Builder built={built} search={search} onChange={change} />
          <Result built={built} period={period} chart={search.chart} onChange={change} />
        </div>
      </WithFacts>
    </>
  );
}

function Builder({ built, search, onChange }: { built: Built; search: ExploreSearch; onChange: (changed: Partial<ExploreSearch>) => void }) {
  const [isOpen, setIsOpen] = useState(false);
  const setMeasures = (measures: readonly MeasureName[]) => onChange({ m: measures.join(",") });
  return (
    <section className="sheet" aria-label={t("explore.question")}>
      <header>
        <h2>{t("explore.question")}</h2>
      </header>
      <div className="pad form">
        <fieldset className="plain">
          <legend>{t("explore.measures")}</legend>
          {built.measures.map((measure, index) => (
            <div key={`${measure} ${index}`} className="with-button">
              <select
                className="input"
                aria-label={t("explore.measure", index + 1)}
                value={measure}
                onChange={(event) => setMeasures(built.measures.map((known, at) => (at === index ? (event.target.value as MeasureName) : known)))}
              >
                {MEASURES.map((known) => (
                  <option key={known} value={known}>
                    {measureTitle(known)}
                  </option>
                ))}
              </select>
              {built.measures.length > 1 ? (
                <button
                  className="btn quiet icon sm"
                  type="button"
                  aria-label={t("explore.removeMeasure", measureTitle(measure))}
                  onClick={() => setMeasures(built.measures.filter((_, at) => at !== index))}
                >
                  <Icon of={X} />
                </button>
              ) : null}
            </div>
          ))}
          {built.measures.length < 4 ? (
            <button
              className="btn quiet sm"
              type="button"
              onClick={() => setMeasures([...built.measures, MEASURES.find((known) => !built.measures.includes(known)) ?? "count"])}
            >
              <Icon of={Plus} />
              {t("explore.addMeasure")}
            </button>
          ) : null}
        </fieldset>
        <SelectField label={t("explore.by")} value={built.by} onChange={(event) => onChange({ by: event.target.value, split: built.split === event.target.value ? undefined : built.split })}>
          <FieldOptions />
        </SelectField>
        <SelectField label={t("explore.split")} value={built.split ?? ""} onChange={(event) => onChange({ split: event.target.value || undefined })}>
          <option value="">{t("explore.noSplit")}</option>
          <FieldOptions except={built.by} />
        </SelectField>
        <div className="filters plain">
          {built.where.map((where) => {
            const text = writeWhere(where);
            return (
              <span key={text} className="chip">
                <span>{where.field}</span>
                <span>{t(`operator.${where.operator}`)}</span>
                <b className="clip">
                  <Untrusted said={where.value} max={60} />
                </b>
                <button type="button" aria-label={t("filter.remove", where.field)} onClick={() => onChange({ where: search.where?.filter((known) => known !== text) })}>
                  <Icon of={X} />
                </button>
              </span>
            );
          })}
          <button className="btn quiet sm" type="button" onClick={() => setIsOpen(true)}>
            <Icon of={Plus} />
            {t("explore.addCondition")}
          </button>
        </div>
      </div>
      {isOpen ? (
        <ConditionDialog
          onClose={() => setIsOpen(false)}
          onAdd={(where) => {
            onChange({ where: [...new Set([...(search.where ?? []), writeWhere(where)])] });
            setIsOpen(false);
          }}
        />
      ) : null}
    </section>
  );
}

function FieldOptions({ except }: { except?: GroupField }) {
  return GROUP_FIELDS.filter((field) => field !== except).map((field) => (
    <option key={field} value={field}>
      {t(`field.${field}`)}
    </option>
  ));
}

function ConditionDialog({ onClose, onAdd }: { onClose: () => void; onAdd: (where: Where) => void }) {
  const [field, setField] = useState<string>("verb");
  const [operator, setOperator] = useState<Operator>("=");
  const [value, setValue] = useState("");
  const isTruth = field === "success" || field === "completion";
  return (
    <Dialog title={t("explore.addCondition")} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          const given = isTruth ? value || "true" : value.trim();
          if (given) onAdd({ field, operator, value: given });
        }}
      >
        <SelectField label={t("filter.field")} value={field} onChange={(event) => setField(event.target.value)}>
          {CONDITION_FIELDS.map((known) => (
            <option key={known}>{known}</option>
          ))}
        </SelectField>
        <SelectField label={t("explore.operator")} value={operator} onChange={(event) => setOperator(event.target.value as Operator)}>
          {OPERATORS.filter((known) => !isTruth || known !== "~").map((known) => (
            <option key={known} value={known}>
              {t(`operator.${known}`)}
            </option>
          ))}
        </SelectField>
        {isTruth ? (
          <SelectField label={t("explore.value")} value={value || "true"} onChange={(event) => setValue(event.target.value)}>
            <option>true</option>
            <option>false</option>
          </SelectField>
        ) : (
          <TextField label={t("explore.value")} required value={value} onChange={(event) => setValue(event.target.value)} />
        )}
        <div className="row end">
          <button className="btn primary" type="submit">
            {t("filter.apply")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A value of a dimension in words. */
function nameOf(answer: Answer, column: string, field: GroupField, value: Cell): string {
  if (value === null) return t("explore.without");
  const label = labelIn(answer, column, value);
  if (label) return label;
  const text = String(value);
  if (field === "timestamp:weekday") return new Intl.DateTimeFormat(locale(), { weekday: "long" }).format(new Date(2026, 0, 4 + Number(value), 12));
  if (field === "timestamp:hour_of_day") return `${text}:00`;
  if (field === "person") return personName(text);
  return ["verb", "object", "object.type", "course"].includes(field) ? lastPart(text) : text;
}

function personName(text: string): string {
  try {
    return agentName(JSON.parse(text) as Json);
  } catch {
    return text;
  }
}

function formatOf(measure: MeasureName | undefined): (value: number) => string {
  if (measure?.startsWith("rate:") || measure?.includes("score") || measure?.includes("credit")) return (value) => percent(value, 1);
  if (measure?.endsWith(":duration")) return length;
  return count;
}

function axisOf(measure: MeasureName): (value: number) => string {
  return measure === "count" || measure.startsWith("distinct") ? short : formatOf(measure);
}

function tableOf(built: Built, answer: Answer): ChartTable {
  const rows = rowsOf(answer);
  const names = [t(`field.${built.by}`), ...(built.split ? [t(`field.${built.split}`)] : [])];
  const first = names.length;
  return {
    columns: [...names, ...built.measures.map(measureTitle)],
    rows: rows.map((row) => [
      nameOf(answer, "by", built.by, row.by ?? null),
      ...(built.split ? [nameOf(answer, "split", built.split, row.split ?? null)] : []),
      ...built.measures.map((measure) => numberIn(row, measure) ?? null),
    ]),
    format: (value, column) => formatOf(built.measures[column - first])(value),
  };
}

function Result({
  built,
  period,
  chart,
  onChange,
}: {
  built: Built;
  period: ReturnType<typeof periodOf>;
  chart: ExploreSearch["chart"];
  onChange: (changed: Partial<ExploreSearch>) => void;
}) {
  const { tenant } = useViewer();
  const query = useQuery({ ...factsQuery(tenant, questionOf(built, period, zone())), placeholderData: keepPreviousData });
  const shown = chart ?? (isTime(built.by) ? "lines" : "bars");
  const table = query.data && !query.isPlaceholderData ? tableOf(built, query.data) : undefined;
  const kinds = [
    ["bars", ChartNoAxesColumn],
    ["lines", ChartLine],
    ["table", Table],
  ] as const;
  return (
    <section className={`sheet ${query.isPlaceholderData ? "dimmed" : ""}`} aria-label={t("explore.answer")}>
      <header>
        <h2>{t("explore.answer")}</h2>
        <span className="sub">{query.data ? t("explore.facts", count(query.data.fact_count)) : ""}</span>
        <div className="tools">
          <div className="join" role="group" aria-label={t("explore.chart")}>
            {kinds.map(([kind, icon]) => (
              <button key={kind} className="btn icon sm" type="button" aria-pressed={kind === shown} aria-label={t(`chart.kind.${kind}`)} onClick={() => onChange({ chart: kind })}>
                <Icon of={icon} />
              </button>
            ))}
          </div>
          <button
            className="btn quiet icon sm"
            type="button"
            aria-label={t("export.csv")}
            disabled={!table}
            onClick={() => table && saveFile("explore.csv", "text/csv;charset=utf-8", csvOf([table.columns, ...table.rows]))}
          >
            <Icon of={Download} />
          </button>
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={8} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && query.data.rows.length === 0 ? (
        <Empty icon={Filter} title={t("explore.none")}>
          {t("explore.none.try")}
        </Empty>
      ) : null}
      {query.data && table && query.data.rows.length > 0 ? (
        shown === "table" ? (
          <TableTwin table={table} />
        ) : (
          <div className="pad">
            <Chart built={built} answer={query.data} kind={shown} />
          </div>
        )
      ) : null}
      {query.data && query.data.group_count > query.data.rows.length ? (
        <footer>{t("explore.cut", count(ROWS_MAX), count(query.data.group_count))}</footer>
      ) : null}
    </section>
  );
}

function Chart({ built, answer, kind }: { built: Built; answer: Answer; kind: "bars" | "lines" }) {
  const rows = rowsOf(answer);
  const measure = built.measures[0] ?? "count";
  const names = [...new Set(rows.map((row) => nameOf(answer, "by", built.by, row.by ?? null)))];
  const label = t("explore.label", measureTitle(measure), t(`field.${built.by}`), names.length);
  if (kind === "bars") {
    const sums = new Map<string, number>();
    for (const row of rows) {
      const name = nameOf(answer, "by", built.by, row.by ?? null);
      sums.set(name, (sums.get(name) ?? 0) + (numberIn(row, measure) ?? 0));
    }
    if (!built.split) {
      const bars = [...sums].slice(0, BARS_MAX).map(([name, value]) => ({
        label: plainly(shorten(name, 14)),
        value,
        title: `${plainly(name)}: ${formatOf(measure)(value)}`,
      }));
      return (
        <>
          <Key names={[measureTitle(measure)]} />
          <Bars bars={bars} label={label} format={axisOf(measure)} height={300} />
          {names.length > BARS_MAX ? <p className="faint t12">{t("explore.barsCut", BARS_MAX, names.length)}</p> : null}
        </>
      );
    }
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

/** A line for each of the largest parts, or for each measure. */
function seriesOf(built: Built, answer: Answer, names: readonly string[]) {
  const rows = rowsOf(answer);
  const place = (row: (typeof rows)[number]) => names.indexOf(nameOf(answer, "by", built.by, row.by ?? null));
  const split = built.split;
  if (!split) {
    return built.measures.slice(0, LINES_MAX).map((measure) => {
      const values: (number | undefined)[] = names.map(() => undefined);
      for (const row of rows) values[place(row)] = numberIn(row, measure);
      return { name: measureTitle(measure), values };
    });
  }
  const measure = built.measures[0] ?? "count";
  const parts = new Map<string, { total: number; values: (number | undefined)[] }>();
  for (const row of rows) {
    const name = nameOf(answer, "split", split, row.split ?? null);
    const part = parts.get(name) ?? { total: 0, values: names.map(() => undefined) };
    const value = numberIn(row, measure);
    part.values[place(row)] = value;
    part.total += value ?? 0;
    parts.set(name, part);
  }
  return [...parts]
    .toSorted(([, one], [, other]) => other.total - one.total)
    .slice(0, LINES_MAX)
    .map(([name, part]) => ({ name, values: part.values }));
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

