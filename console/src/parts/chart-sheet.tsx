import { ChartNoAxesColumn, Table } from "lucide-react";
import { useState, type ReactNode } from "react";
import { plainly } from "../statement/visible";
import { t } from "../text/text";
import { CsvButton } from "./csv-button";
import { Icon } from "./icon";

/** The values of a chart as rows, for the table and for CSV. */
export interface ChartTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly format?: (value: number, column: number) => string;
}

/** A sheet with a chart, which can be shown as a table and saved as CSV. */
export function ChartSheet({
  title,
  sub,
  table,
  file,
  children,
  foot,
}: {
  title: string;
  sub?: ReactNode;
  table: ChartTable;
  file: string;
  children: ReactNode;
  foot?: ReactNode;
}) {
  const [isTable, setIsTable] = useState(false);
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
          <CsvButton title={title} file={file} rows={() => [table.columns, ...table.rows]} />
        </div>
      </header>
      {isTable ? <TableTwin table={table} /> : <div className="pad">{children}</div>}
      {foot ? <footer>{foot}</footer> : null}
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
                <td key={index} className={typeof value === "number" ? "num" : ""}>
                  {typeof value === "number" ? (table.format?.(value, index) ?? value) : <bdi>{plainly(value ?? "–")}</bdi>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
