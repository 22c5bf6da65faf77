import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ArrowDown, Download, Filter, Search, type LucideIcon } from "lucide-react";
import { useDeferredValue, useState, type ReactNode } from "react";
import { factsQuery, isWithheldAt, rowsOf, withheldOf, type Answer, type Question, type Row } from "../../api/facts";
import { useViewer } from "../../app/context";
import type { PeriodName, PeriodSearch } from "../../app/search";
import { saveFile } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { AllWithheld, FigureOf, Notes } from "../../parts/partial";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { csvOf } from "../../statement/visible";
import { count } from "../../text/format";
import { t } from "../../text/text";
import { WithFacts } from "../overview/facts-state";
import { rangeOf } from "../overview/overview";
import { periodOf, type Period } from "../overview/period";
import { PeriodChoice } from "../overview/period-choice";

/** Rows that are asked for at first, and with each press on the button for more. */
const ROWS = 100;

export interface RankColumn {
  /** The name of the measure; rows can be ordered by it. */
  readonly name: string;
  readonly title: string;
  readonly show: (value: number) => string;
  readonly isMinor?: boolean;
}

/** A list of things by measures of what was done: with a period, a search, an order, and CSV. */
export function Ranking({
  title,
  nameTitle,
  icon,
  search,
  tabs,
  first,
  columns,
  question,
  rowName,
  csvName,
  onChange,
}: {
  title: string;
  nameTitle: string;
  icon: LucideIcon;
  search: PeriodSearch;
  /** Other lists of the same things. */
  tabs?: ReactNode;
  /** The measure that rows are ordered by at first. */
  first: string;
  columns: readonly RankColumn[];
  question: (period: Period, text: string | undefined, sort: string, limit: number) => Question;
  rowName: (row: Row, answer: Answer) => ReactNode;
  csvName: (row: Row, answer: Answer) => (string | undefined)[];
  onChange: (change: Partial<PeriodSearch>) => void;
}) {
  const { tenant } = useViewer();
  const name: PeriodName = search.period ?? "30d";
  const period = periodOf(name);
  const sort = columns.some((column) => column.name === search.sort) ? (search.sort ?? first) : first;
  const [limit, setLimit] = useState(ROWS);
  const text = useDeferredValue(search.q?.trim() || undefined);
  const query = useQuery({ ...factsQuery(tenant, question(period, text, sort, limit)), placeholderData: keepPreviousData });
  const rows = query.data ? rowsOf(query.data) : [];
  const total = query.data?.group_count ?? 0;
  const isAllWithheld = rows.length === 0 && withheldOf(query.data) !== undefined;
  const save = () => {
    const { data } = query;
    if (!data) return;
    const head = [nameTitle, "id", ...columns.map((column) => column.title)];
    const lines = rows.map((row, at) => [
      ...csvName(row, data),
      ...columns.map((column) => (isWithheldAt(data, at, column.name) ? t("withheld.word") : row[column.name])),
    ]);
    saveFile(`${title.toLowerCase()}.csv`, "text/csv;charset=utf-8", csvOf([head, ...lines]));
  };
  return (
    <>
      <div className="head">
        <h1>{title}</h1>
        <span className="sub hide-s">{query.data ? count(total) : ""}</span>
        <div className="tools">
          <PeriodChoice period={name} onChoose={(chosen) => onChange({ period: chosen === "30d" ? undefined : chosen })} />
          <button className="btn hide-s" type="button" disabled={rows.length === 0} onClick={save}>
            <Icon of={Download} />
            {t("export.csv")}
          </button>
        </div>
      </div>
      <p className="under-head">{rangeOf(period)}</p>
      {tabs}
      <WithFacts>
        <div className="filters">
          <div className="find">
            <Icon of={Search} />
            <input
              className="input"
              type="search"
              aria-label={t("ranking.search", nameTitle)}
              placeholder={t("ranking.search", nameTitle)}
              value={search.q ?? ""}
              onChange={(event) => onChange({ q: event.target.value || undefined })}
            />
          </div>
        </div>
        <section className={`sheet ${query.isPlaceholderData ? "dimmed" : ""}`} aria-label={title}>
          {query.isPending ? <LoadingRows rows={12} /> : null}
          {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
          {query.data && isAllWithheld ? <AllWithheld answer={query.data} /> : null}
          {query.data && rows.length === 0 && !isAllWithheld ? (
            <Empty
              icon={text ? Filter : icon}
              title={text ? t("ranking.noMatch", text) : t("ranking.none")}
              actions={
                <>
                  {text ? (
                    <button className="btn" type="button" onClick={() => onChange({ q: undefined })}>
                      {t("ranking.clear")}
                    </button>
                  ) : null}
                  {name === "all" ? null : (
                    <button className="btn" type="button" onClick={() => onChange({ period: "all" })}>
                      {t("overview.showAll")}
                    </button>
                  )}
                </>
              }
            >
              {t("ranking.none.try")}
            </Empty>
          ) : null}
          {query.data && rows.length > 0 ? (
            <table className="tbl">
              <thead>
                <tr>
                  <th scope="col">{nameTitle}</th>
                  {columns.map((column) => (
                    <th
                      key={column.name}
                      scope="col"
                      className={`num ${column.isMinor ? "hide-s" : ""}`}
                      aria-sort={column.name === sort ? "descending" : undefined}
                    >
                      <button className="sort" type="button" onClick={() => onChange({ sort: column.name === first ? undefined : column.name })}>
                        {column.title}
                        {column.name === sort ? <Icon of={ArrowDown} /> : null}
                      </button>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row, index) => (
                  <tr key={index}>
                    <td className="name two">{rowName(row, query.data)}</td>
                    {columns.map((column) => (
                      <td key={column.name} className={`num ${column.isMinor ? "hide-s" : ""}`}>
                        <FigureOf answer={query.data} at={index} row={row} name={column.name} show={column.show} />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          ) : null}
          {rows.length > 0 ? (
            <footer>
              {t("ranking.shown", count(rows.length), count(total))}
              {rows.length < total ? (
                <button className="btn sm end" type="button" onClick={() => setLimit(limit + ROWS * 4)}>
                  {t("ranking.more")}
                </button>
              ) : null}
            </footer>
          ) : null}
          {isAllWithheld ? null : <Notes answer={query.data} />}
        </section>
      </WithFacts>
    </>
  );
}
