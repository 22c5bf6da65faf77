import { ChartNoAxesColumn, Table } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import type { Answer } from "../api/facts";
import { PictureButton } from "../picture/picture-button";
import { plainly } from "../statement/visible";
import { t } from "../text/text";
import { CsvButton } from "./csv-button";
import { Icon } from "./icon";
import { Notes, Withheld } from "./partial";

/** The values of a chart as rows, for the table and for CSV. */
export interface ChartTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly format?: (value: number, column: number) => string;
  /** Whether a value that is not there was withheld. */
  readonly isWithheld?: (row: number, column: number) => boolean;
}

/** The rows for CSV, where what is withheld says so. */
export function csvRowsOf(table: ChartTable): readonly (readonly unknown[])[] {
  const rows = table.rows.map((row, at) => row.map((value, index) => (value === null && table.isWithheld?.(at, index) ? t("withheld.word") : value)));
  return [table.columns, ...rows];
}

/** A sheet with a chart, which can be shown as a table and saved as CSV. */
export function ChartSheet({
  title,
  sub,
  table,
  file,
  children,
  foot,
  answer,
}: {
  title: string;
  sub?: ReactNode;
  table: ChartTable;
  file: string;
  children: ReactNode;
  foot?: ReactNode;
  /** What the chart is of, so that its foot says what of it is withheld. */
  answer?: Answer;
}) {
  const [isTable, setIsTable] = useState(false);
  const shown = useRef<HTMLDivElement>(null);
  return (
    <section className="sheet" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {sub}
        <div className="tools">
          <button
            className="btn quiet icon sm"
            type="button"
            aria-label={isTable ? t("chart.asChart") : t("chart.asTable")}
            title={isTable ? t("chart.asChart") : t("chart.asTable")}
            onClick={() => setIsTable(!isTable)}
          >
            <Icon of={isTable ? ChartNoAxesColumn : Table} />
          </button>
          <PictureButton title={title} file={file.replace(/csv$/u, "png")} of={shown} />
          <CsvButton title={title} file={file} rows={() => csvRowsOf(table)} />
        </div>
      </header>
      {isTable ? (
        <div ref={shown}>
          <TableTwin table={table} />
        </div>
      ) : (
        <div ref={shown} className="pad">
          {children}
        </div>
      )}
      {foot ? <footer>{foot}</footer> : null}
      <Notes answer={answer} />
    </section>
  );
}

/** The values of a chart as a table. */
export function TableTwin({ table }: { table: ChartTable }) {
  return (
    <div className="twin" tabIndex={0} role="region" aria-label={t("chart.asTable")}>
      <table className="tbl">
        <thead>
          <tr>
            {table.columns.map((column, index) => (
              <th key={column} scope="col" className={index === 0 ? "" : "num"}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            <tr key={at}>
              {row.map((value, index) => (
                <td key={index} className={typeof value === "number" || value === null ? "num" : ""}>
                  <TableCell value={value} format={(number) => table.format?.(number, index) ?? String(number)} isWithheld={value === null && table.isWithheld?.(at, index) === true} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TableCell({ value, format, isWithheld }: { value: string | number | null; format: (value: number) => string; isWithheld: boolean }) {
  if (typeof value === "number") return <>{format(value)}</>;
  return isWithheld ? <Withheld /> : <bdi>{plainly(value ?? "–")}</bdi>;
}
